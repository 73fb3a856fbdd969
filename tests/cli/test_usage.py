# SPDX-License-Identifier: MIT
"""What stands around the commands: help, version, mistyped words, a standard output that fails."""

import os
import re
import shutil
import socket
import subprocess

import espota_test
from espota_test import Case, Terminal, called, espota_c, image, run


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

    def test_arduino_tells_the_options_of_what_it_can_do(self):
        done = run("arduino", "--help")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, run("arduino", "discovery", "--help").stdout + "\n" +
                         run("arduino", "install", "--help").stdout)
        self.assertEqual(done.stdout, run("help", "arduino").stdout)

    def test_version(self):
        done = run("--version")
        self.assert_exit(done, 0)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^espota-c \d+\.\d+\.\d+ \(\w+ \S+, (\w+, )?(dynamic|static), .+\)$")
        said = dict(line.split(": ", 1) for line in lines[1:])
        self.assertIn("OpenSSL 3", said.pop("Libraries"))
        if "Loaded when needed" in said:
            self.assertIn("libcurl", said.pop("Loaded when needed"))
        features = [name for names in said.values() for name in names.split(", ")]
        self.assertEqual(sorted(features), ["avahi", "dns_sd", "query", "serve", "tokens"])
        self.assertLessEqual(set(said), {"Features", "Left out"})

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
            done = subprocess.run(called(espota_c(), "--version"), stdout=full, stderr=subprocess.PIPE,
                                  timeout=espota_test.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output: No space left", done.stderr)

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(called(espota_c(), "--help"), stdout=writer, stderr=subprocess.PIPE,
                              timeout=espota_test.TIMEOUT, check=False)
        os.close(writer)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output: Broken pipe", done.stderr)

    def test_closed_descriptor(self):
        done = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&-', "sh", *called(espota_c(), "--version")],
                              stderr=subprocess.PIPE, timeout=espota_test.TIMEOUT, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"cannot write to standard output", done.stderr)


class UploadUsage(Case):
    """Bad input gets one clear line and its exit code."""

    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image())

    def test_help(self):
        done = run("upload", "--help")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, run("help", "upload").stdout)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for option in ("--host", "--targets", "--port", "--host-ip", "--host-port", "--peer",
                       "--fs", "--password-file", "--password-stdin", "--auth", "--auth-method",
                       "--force", "--jobs", "--canary", "--max-failures", "--state", "--timeout",
                       "--retries", "--wait-online", "--limit-rate", "--dry-run", "--progress",
                       "--quiet", "--verbose", "--json"):
            self.assertRegex(done.stdout, rf"(?m)^  (-\w, |    ){option}( |$)")
        for event in ("start", "invited", "auth", "connected", "progress", "retry", "result",
                      "summary"):
            self.assertRegex(done.stdout, rf"(?m)^  {event} ")

    def test_usage_errors(self):
        for argv, words in (
                ([], "a device is missing"),
                (["--host", "a"], "IMAGE is missing"),
                ([self.image], "a device is missing"),
                (["--host", "a", "--hsot", "b", self.image], "did you mean --host?"),
                (["--host", "a", "--password", "b", self.image], "--password"),
                (["--host"], "--host needs a value: HOST[:PORT]"),
                (["--host", "a", "--file", "b", "c"], "the image was given twice"),
                (["--host", "a", "b", "c"], "unexpected argument 'c'"),
                (["--host", "a", "--timeout", "soon", "b"], "'soon' is not a number of seconds"),
                (["--host", "a", "--jobs", "0", "b"], "'0' is not a number from 1 to"),
                (["--host", "a", "--auth-method", "sha", "b"], "none of auto|md5|sha256"),
                (["--host", "a", "--fs=yes", "b"], "--fs takes no value"),
                (["--host", "", self.image], "--host: is empty"),
                (["--targets", "-", "--password-stdin", self.image], "only once"),
                (["--host", "a", "--auth", "geheim", "--password-stdin", "b"],
                 "exclude each other"),
                (["--host", "a", "--password-file", "x", "--password-stdin", "b"],
                 "exclude each other")):
            with self.subTest(argv=argv):
                done = run("upload", *argv)
                self.assert_exit(done, 2)
                self.assertEqual(done.stdout, "")
                first, hint = done.stderr.splitlines()
                self.assertTrue(first.startswith("espota-c: error: "), first)
                self.assertIn(words, first)
                self.assertEqual(hint, "Try 'espota-c upload --help'.")
                self.assertNotIn("geheim", done.stderr)

    def upload(self, path, *argv, **options):
        return run("upload", "--host", "127.0.0.1:9", "--dry-run", *argv, path, **options)

    def test_images_that_cannot_be_read(self):
        self.assert_one_line(self.upload(self.dir / "none.bin"), 8, "none.bin",
                             "No such file or directory")
        self.assert_one_line(self.upload(self.dir), 8, self.dir, "is a directory")
        self.assert_one_line(self.upload(self.file("empty.bin")), 7, "empty.bin", "empty")

    def test_unreadable_image(self):
        """Even for root, who reads everything: as somebody else then."""
        secret = self.file("secret.bin", image(), mode=0)
        options = {}
        program = espota_c()
        if os.geteuid() == 0:
            self.dir.chmod(0o755)
            program = shutil.copy(espota_c(), self.dir)
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        done = espota_test.run_program(program, "upload", "--host", "127.0.0.1:9", "--dry-run",
                                       secret, **options)
        self.assert_one_line(done, 8, "secret.bin", "Permission denied")

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = run("upload", "--host", "127.0.0.1:9", "--host-port", port, self.image)
        self.assert_one_line(done, 8, port, "in use")

    def test_name_that_does_not_resolve(self):
        done = run("upload", "--host", "no-such-host.invalid", self.image)
        self.assert_one_line(done, 3, "no-such-host.invalid")

    def test_hosts_that_are_none(self):
        for host in "a:b", "[::1", "127.0.0.1:0", "127.0.0.1:65536", "x y":
            with self.subTest(host=host):
                self.assert_one_line(run("upload", "--host", host, self.image), 2, host)

    def test_password_files(self):
        self.assert_one_line(self.upload(self.image, "--password-file", self.dir / "none"), 8,
                             "none", "No such file or directory")
        self.assert_one_line(self.upload(self.image, "--password-file", self.file("e")), 8,
                             "password file", "is empty")
        self.assert_one_line(self.upload(self.image, "--password-stdin", stdin=""), 8,
                             "standard input is empty")
        for mode in 0o600, *espota_test.READERS:
            path = self.file(f"password-{mode:o}", "geheim\n", mode=mode)
            done = self.upload(self.image, "--password-file", path)
            self.assert_exit(done, 0)
            self.assertEqual("espota-c: warning: others can read" in done.stderr, mode != 0o600)
            self.assertNotIn("geheim", done.stderr)

    def test_malformed_lines_of_a_targets_file(self):
        for text, number, words in (("127.0.0.1\n\n# fine\n127.0.0.1:x\n", 4, "'x'"),
                                    ("127.0.0.1 prt=1\n", 1, "prt"),
                                    ("127.0.0.1 port=70000\n", 1, "70000"),
                                    ("127.0.0.1 file='x\n", 1, "")):
            with self.subTest(text=text):
                path = self.file("targets", text)
                done = run("upload", "--targets", path, "--dry-run", self.image)
                self.assert_one_line(done, 2, f"{path}, line {number}:", words)
        done = run("upload", "--targets", self.dir / "none", self.image)
        self.assert_one_line(done, 8, "none", "No such file")

    def test_no_target_in_the_file(self):
        done = run("upload", "--targets", "-", self.image, stdin="# nobody\n")
        self.assert_exit(done, 2)
        self.assertIn("no target", done.stderr)


class Colour(Case):
    """NO_COLOR, then CLICOLOR_FORCE, then CLICOLOR, then the terminal."""

    COLOUR = re.compile(rb"\x1b\[[\d;]*3\dm")  # a console of Wine's writes sequences of its own

    def coloured(self, terminal, **env):
        if not terminal:
            return bool(self.COLOUR.search(run("nonsense", env=env).stderr.encode()))
        screen = Terminal(espota_c(), "nonsense", env=env)
        self.assertEqual(screen.run(), 2)
        return bool(self.COLOUR.search(screen.screen))

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
