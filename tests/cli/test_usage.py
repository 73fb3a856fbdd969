# SPDX-License-Identifier: MIT
"""What stands around the commands: help, version, mistyped words, a standard output that fails."""

import os
import subprocess
import unittest

import espota_test
from espota_test import Case, Terminal, espota_c, run


class Help(Case):
    def test_help_lists_the_commands(self):
        for argv in (["--help"], ["help"], ["help", "--help"], ["help", "help"]):
            with self.subTest(argv=argv):
                done = run(*argv)
                self.assert_exit(done, 0)
                self.assertIn("Usage: espota-c COMMAND", done.stdout)
                self.assertIn("\n  help ", done.stdout)
                self.assertEqual(done.stderr, "")

    def test_help_fits_80_columns(self):
        for line in run("--help").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_version(self):
        done = run("--version")
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, r"^espota-c \d+\.\d+\.\d+ \(OpenSSL 3[^\n]*\)\n$")

    def test_version_initialises_nothing(self):
        """OpenSSL would read its configuration first of all, and wait for ever for this one."""
        fifo = self.dir / "openssl.cnf"
        os.mkfifo(fifo)
        self.assert_exit(run("--version", env={"OPENSSL_CONF": str(fifo)}, timeout=10), 0)


class Mistyped(Case):
    def test_no_command(self):
        done = run()
        self.assert_exit(done, 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("a command is missing", done.stderr)
        self.assertIn("Try 'espota-c --help'.", done.stderr)

    def test_did_you_mean(self):
        done = run("hlep")
        self.assert_exit(done, 2)
        self.assertIn("error: there is no command 'hlep'; did you mean help?", done.stderr)

    def test_unknown_command(self):
        for argv in (["frobnicate"], ["help", "frobnicate"]):
            with self.subTest(argv=argv):
                done = run(*argv)
                self.assert_exit(done, 2)
                self.assertIn("there is no command 'frobnicate'\n", done.stderr)

    def test_control_characters_do_not_reach_the_terminal(self):
        done = run("fro\x1b[31mb")
        self.assertNotIn("\x1b", done.stderr)


class StandardOutput(Case):
    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([espota_c(), "--version"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=espota_test.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output: No space left", done.stderr)

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([espota_c(), "--help"], stdout=writer, stderr=subprocess.PIPE,
                              timeout=espota_test.TIMEOUT, check=False)
        os.close(writer)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output: Broken pipe", done.stderr)

    def test_closed_descriptor(self):
        done = subprocess.run(["/bin/sh", "-c", 'exec "$0" --version >&-', espota_c()],
                              stderr=subprocess.PIPE, timeout=espota_test.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output", done.stderr)


class Colour(Case):
    """NO_COLOR, then CLICOLOR_FORCE, then CLICOLOR, then the terminal."""

    def coloured(self, terminal, **env):
        if not terminal:
            return "\x1b[" in run("nonsense", env=env).stderr
        screen = Terminal(espota_c(), "nonsense", env=env)
        self.assertEqual(screen.run(), 2)
        return b"\x1b[" in screen.screen

    def test_order(self):
        for terminal, env, wanted in (
                (True, {}, True),
                (False, {}, False),
                (True, {"TERM": "dumb"}, False),
                (True, {"NO_COLOR": ""}, True),
                (True, {"NO_COLOR": "1"}, False),
                (True, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
                (False, {"CLICOLOR_FORCE": "1"}, True),
                (False, {"CLICOLOR_FORCE": "0"}, False),
                (False, {"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, True),
                (True, {"CLICOLOR": "0"}, False),
                (False, {"CLICOLOR": "1"}, False)):
            with self.subTest(terminal=terminal, env=env):
                self.assertEqual(self.coloured(terminal, **env), wanted)


if __name__ == "__main__":
    espota_test.main()
