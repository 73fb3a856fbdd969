# SPDX-License-Identifier: MIT
"""espota-c.exe under Wine: names as Windows has them, files that others have open, private files,
the console. What Wine does not have is not tried here: links of Windows, ACLs that no mode made."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

import espota_test
import wine
from espota_test import Case, LineReader, Process, Stub, Terminal, image

COMPILER = "x86_64-w64-mingw32-gcc"
SUPPORT = pathlib.Path(__file__).parents[1] / "support"
HELPERS = tempfile.TemporaryDirectory(prefix="espota-helpers-")
WINDOWS = None


def setUpModule():
    global WINDOWS
    WINDOWS = wine.Windows()


def tearDownModule():
    if WINDOWS is not None:
        WINDOWS.close()


def helper(name):
    """A program for Windows that these tests have beside ours."""
    if shutil.which(COMPILER) is None:
        raise unittest.SkipTest(f"{COMPILER} is not installed")
    path = pathlib.Path(HELPERS.name) / f"{name}.exe"
    subprocess.run([COMPILER, "-o", path, SUPPORT / f"{name}.c"], check=True)
    return path


class WindowsCase(Case):
    def run_there(self, *argv, **options):
        return WINDOWS.run(*argv, cwd=self.dir, **options)

    def left(self, folder="."):
        """What lies in the folder and nobody asked for: names of files that are not whole."""
        return [name for name in os.listdir(self.dir / folder) if name.startswith(".")]


class Names(WindowsCase):
    def check(self, folder, *words):
        """A key, a signature, its check and a header; all names are in `folder`, given to Windows as
        the words say."""
        (self.dir / folder).mkdir(parents=True)
        shutil.copy(self.file("plain.bin", image()), self.dir / folder / "日本.bin")
        private, public, whole, signed, header = (f"{word}{name}" for word, name in zip(words * 5, (
            "geheim.key", "öffentlich.pub", "日本.bin", "signiert ß.bin", "Schlüssel.h")))
        for argv in (("keygen", "--out", private, "--pub", public),
                     ("sign", "--format", "esp8266", "--privatekey", private, "--bin", whole,
                      "--out", signed),
                     ("verify", "--publickey", public, "--bin", signed),
                     ("header", "--publickey", public, "--out", header),
                     ("info", "--json", whole)):
            done = self.run_there(*argv)
            self.assert_exit(done, 0)
            self.assertNotIn("warning", done.stderr)
        self.assertEqual(json.loads(done.stdout)["file"], whole)
        self.assertEqual(len(os.listdir(self.dir / folder)), 5)

    def test_not_ascii_and_both_separators(self):
        self.check("Übung ß/tief", "Übung ß/tief\\", "Übung ß\\tief/")

    def test_a_drive_and_more_than_260_characters(self):
        folder = "/".join(["Ordner " + 50 * "x"] * 6)
        self.check(folder, wine.Windows.path(self.dir / folder) + "\\", folder + "/")

    def test_one_file_by_two_names(self):
        """The way back is not lost by writing over what is read."""
        self.file("a.bin", image())
        self.file("k.key")
        done = self.run_there("keygen", "--out", "both.key", "--pub", ".\\BOTH.key")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.dir / "both.key").exists())

    def test_what_is_not_there(self):
        self.assert_one_line(self.run_there("info", "no\\such.bin"), 8, "no\\such.bin",
                             "No such file or directory")
        self.assert_one_line(self.run_there("info", "what?.bin"), 8, "No such file or directory")
        self.assert_one_line(self.run_there("info", "NUL"), 8, "is a device")
        self.assert_one_line(self.run_there("info", "."), 8, "is a directory")


class OpenElsewhere(WindowsCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = helper("hold_file")

    def hold(self, name):
        process = subprocess.Popen([wine.WINE, str(self.holder), name], cwd=self.dir, env=WINDOWS.env,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.assertEqual(LineReader(process.stdout).next().strip(), "held")
        return process

    def test_for_good(self):
        """It is told, the old file stays as it was, and nothing lies beside it."""
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub"), 0)
        self.file("k.h", "old")
        self.hold("k.h")
        self.assert_one_line(self.run_there("header", "--publickey", "k.pub", "--out", "k.h"), 8, "k.h",
                             "Another program has it open")
        self.assertEqual((self.dir / "k.h").read_text(), "old")
        self.assertEqual(self.left(), [])

    def replace_held(self):
        """A writer that waits for a file that somebody has."""
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub"), 0)
        self.file("k.h", "old")
        held = self.hold("k.h")
        writer = subprocess.Popen([wine.WINE, WINDOWS.exe, "header", "--publickey", "k.pub", "--out", "k.h"],
                                  cwd=self.dir, env=WINDOWS.env, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
        self.addCleanup(writer.stderr.close)
        while writer.poll() is None and not self.left():
            pass
        return held, writer

    def test_for_a_moment(self):
        """As whoever looks for viruses does."""
        held, writer = self.replace_held()
        held.stdin.close()
        self.assertEqual(writer.wait(espota_test.TIMEOUT), 0, writer.stderr.read())
        self.assertIn("signing_pubkey", (self.dir / "k.h").read_text())
        self.assertEqual(self.left(), [])

    def test_stopped_meanwhile(self):
        """One that is killed while it writes is in sign_files; here the moment could be between two
        calls, of which one tells Windows to keep the file, and the next gives it its name."""
        _, writer = self.replace_held()
        writer.send_signal(signal.SIGINT)
        self.assertEqual(writer.wait(espota_test.TIMEOUT), 130)
        self.assertEqual(self.left(), [])
        self.assertEqual((self.dir / "k.h").read_text(), "old")


class Private(WindowsCase):
    def test_others_may_read(self):
        """With the command of Windows that ends it."""
        self.file("a.bin", image())
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub"), 0)
        self.assertEqual((self.dir / "k.key").stat().st_mode & 0o007, 0)
        for mode, told in ((0o600, False), (0o604, True)):
            (self.dir / "k.key").chmod(mode)
            done = self.run_there("sign", "--privatekey", "k.key", "--bin", "a.bin", "--out", "b.bin")
            self.assert_exit(done, 0)
            self.assertEqual("others can read the private key k.key; take that away with: icacls \"k.key\" "
                             "/inheritance:r /grant:r " in done.stderr, told, done.stderr)


class Stopped(WindowsCase):
    def test_upload(self):
        """Ctrl-C, once: what the device was left with is told, and the lock is gone."""
        with Stub() as device, Process(
                wine.WINE, WINDOWS.exe, "upload", "--json", "--host", device.target, "--limit-rate", "8k",
                "--state", wine.Windows.path(self.dir / "state.json"),
                wine.Windows.path(self.file("door.bin", image(200000))), env=WINDOWS.env) as upload:
            upload.wait_event("connected")
            device.wait_event("progress")
            other = self.run_there("upload", "--host", device.target, "--state", "state.json", "door.bin")
            self.assert_one_line(other, 8, "state.json is in use by another run")
            upload.signal(signal.SIGINT)
            self.assertEqual(upload.wait(), 130)
            self.assertEqual(upload.events()[-2]["reason"], "interrupted")
            self.assertIn("the device keeps the program that it had", "\n".join(upload.err.lines))
        self.assertEqual([name for name in os.listdir(self.dir) if "lock" in name], [])
        self.assertEqual(self.left(), [])


    def test_while_it_reads_from_a_pipe(self):
        """Of Windows's own kind: Wine reads one of this system's by a call that nothing ends."""
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub"), 0)
        self.file("out.bin", "old")
        done = subprocess.Popen([wine.WINE, str(helper("feed_half")), WINDOWS.exe, "sign", "--privatekey",
                                 "k.key", "--bin", "-", "--out", "out.bin"], cwd=self.dir,
                                env=WINDOWS.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)
        out, err = LineReader(done.stdout), LineReader(done.stderr)
        try:
            self.assertEqual(out.next().strip(), "fed")
            os.killpg(done.pid, signal.SIGINT)
            self.assertEqual(done.wait(espota_test.TIMEOUT), 130)
        finally:
            if done.poll() is None:
                os.killpg(done.pid, signal.SIGKILL)
                done.wait()
        err.join()
        self.assertEqual(err.lines, ["espota-c: error: stopped while reading standard input"])
        self.assertEqual((self.dir / "out.bin").read_text(), "old")
        self.assertEqual(self.left(), [])


class Bar(WindowsCase):
    def test_it_is_drawn(self):
        """Anew and anew in one line, and no more of it is left than the result."""
        with Stub() as device:
            terminal = Terminal(wine.WINE, WINDOWS.exe, "upload", "--host", device.target, "--limit-rate",
                                "100k", wine.Windows.path(self.file("door.bin", image(200000))),
                                env=WINDOWS.env)
            self.assertEqual(terminal.run(), 0, terminal.screen)
        # Wine's console knows no sequences: it counts their characters, and wraps the line at one
        drawn = terminal.screen.replace(b"\x1b\r\r\n[K", b"\x1b[K").decode().split("\r")
        bars = [line for line in drawn if "%" in line]
        percents = [int(re.search(r"(\d+)%", line)[1]) for line in bars]
        self.assertEqual(percents, sorted(percents))
        self.assertGreater(len(set(percents)), 3)
        self.assertLess(percents[-1], 100)
        self.assertIn("[==", bars[-1])
        self.assertIn("waiting for the verdict", bars[-1])
        self.assertTrue(any("KiB/s" in line and " left" in line for line in bars), bars)
        self.assertIn("\x1b[K\x1b[1;32mok\x1b[0m", drawn[drawn.index(bars[-1]) + 1])
        self.assertEqual("".join(drawn).count("\n"), 1)


class Asked(Terminal):
    """Wine takes the terminal over from the system when its program first reads from it: what is
    typed before is shown, and its ends of lines are others."""

    def run(self, answer, timeout=espota_test.TIMEOUT):
        self.start()
        end = time.monotonic() + timeout
        while b"Passphrase" not in self.screen and self._read(self._master):
            pass
        while termios.tcgetattr(self._master)[3] & termios.ECHO and time.monotonic() < end:
            pass
        os.write(self._master, answer.encode())
        return self.finish(timeout)


class Questions(WindowsCase):
    def ask(self, answer):
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub",
                                        env={"ESPOTA_PASSPHRASE": "ein Geheimnis"}), 0)
        self.file("a.bin", image())
        terminal = Asked(wine.WINE, WINDOWS.exe, "sign", "--privatekey",
                            wine.Windows.path(self.dir / "k.key"), "--bin",
                            wine.Windows.path(self.dir / "a.bin"), "--out",
                            wine.Windows.path(self.dir / "b.bin"), env=WINDOWS.env)
        code = terminal.run(answer)
        self.assertNotIn(b"ein Geheimnis", terminal.screen)
        return code

    def test_the_answer_is_hidden(self):
        self.assertEqual(self.ask("ein Geheimnis\r"), 0)
        self.assertTrue((self.dir / "b.bin").exists())

    def test_ctrl_c(self):
        self.assertEqual(self.ask("ein Gehei\x03"), 130)
        self.assertFalse((self.dir / "b.bin").exists())

    def test_without_a_terminal(self):
        """It is told, and not read from what standard input happens to be."""
        self.assert_exit(self.run_there("keygen", "--out", "k.key", "--pub", "k.pub",
                                        env={"ESPOTA_PASSPHRASE": "ein Geheimnis"}), 0)
        self.file("a.bin", image())
        done = self.run_there("sign", "--privatekey", "k.key", "--bin", "a.bin", "--out", "b.bin",
                              stdin="ein Geheimnis\n".encode())
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("passphrase", done.stderr)

    def test_line_ends_of_windows(self):
        """A password file that an editor there wrote."""
        self.file("pass.txt", b"ein Geheimnis\r\n")
        self.file("a.bin", image())
        for argv in (("keygen", "--out", "k.key", "--pub", "k.pub", "--passphrase-file", "pass.txt"),
                     ("sign", "--privatekey", "k.key", "--bin", "a.bin", "--out", "b.bin")):
            self.assert_exit(self.run_there(*argv, env={"ESPOTA_PASSPHRASE": "ein Geheimnis"}
                                            if argv[0] == "sign" else None), 0)


if __name__ == "__main__":
    espota_test.main()
