# SPDX-License-Identifier: MIT
"""What signing leaves behind when it fails: the old file, no temporary, one clear line."""

import os
import resource
import signal
import subprocess
import time

import espota_test
from espota_test import called, espota_c, run
from signing import Case, esp8266_signed, images, key, tearDownModule  # noqa: F401

NOBODY = 65534


class Failures(Case):
    def setUp(self):
        super().setUp()
        self.private = key("rsa-2048")[0]
        self.data = (images() / "esp8266.bin").read_bytes()
        self.source = self.file("in", self.data)
        self.folder = self.dir / "folder"
        self.folder.mkdir()
        self.out = self.folder / "out"
        self.out.write_bytes(b"old")

    def argv(self, *options):
        return ("sign", "--privatekey", self.private, "--bin", self.source, "--out", self.out,
                *options)

    def assert_untouched(self):
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out"])
        self.assertEqual(self.out.read_bytes(), b"old")

    def test_no_room(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(self.data), len(self.data)))
        for options in ((), ("--legacy", self.folder / "legacy")):
            done = run(*self.argv(*options), preexec_fn=limit)
            self.assert_one_line(done, 8, "cannot write")
            self.assert_untouched()

    def test_full_disk(self):
        """A file system of 64 KiB, in a mount namespace of its own."""
        script = ('mount -t tmpfs -o size=64k tmpfs "$1" && printf old >"$1/out" && shift && '
                  '"$@"; code=$?; ls -A "$0"; cat "$0/out"; exit $code')
        big = self.file("big", bytes(100000))
        done = subprocess.run(
            ["unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh",
             "-c", script, self.folder, self.folder, *called(espota_c(), "sign", "--privatekey",
                                                             self.private, "--bin", big, "--out", self.out)],
            capture_output=True, text=True, check=False, env=espota_test.environment())
        if "unshare" in done.stderr or "mount:" in done.stderr:
            self.skipTest("no mount namespace: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stdout), (8, "out\nold"), done.stderr)
        self.assertIn("No space left on device", done.stderr)

    def test_full_standard_output(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "wb") as full:
            done = subprocess.run(called(espota_c(), "sign", "--privatekey", self.private, "--bin",
                                         self.source, "--out", "-"), stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn(b"No space left", done.stderr)
        done = run("sign", "--privatekey", self.private, "--bin", self.source, "--out",
                   "/dev/full")
        self.assert_one_line(done, 8, "No space left")

    def test_a_pipe_that_nobody_reads(self):
        """What could not be written whole replaces nothing, whichever output is the pipe."""
        other = {"--out": "--legacy", "--legacy": "--out"}
        for piped in other:
            with self.subTest(piped=piped):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run(
                    called(espota_c(), "sign", "--privatekey", self.private, "--bin",
                           self.source, piped, "-", other[piped], self.out), stdout=writer,
                    stderr=subprocess.PIPE, check=False)
                os.close(writer)
                self.assertEqual(done.returncode, 8, done.stderr)
                self.assert_untouched()

    def test_unwritable(self):
        """As somebody who may read everything here and write nothing."""
        self.dir.chmod(0o755)
        self.folder.chmod(0o555)
        self.source.chmod(0o644)
        self.out.chmod(0o444)
        mine = self.file("key", self.private.read_bytes(), mode=0o644)
        extra = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            for out, code in ((self.out, 8), (self.folder / "new", 8)):
                done = run("sign", "-q", "--privatekey", mine, "--bin", self.source, "--out", out,
                           **extra)
                self.assert_exit(done, code)
                self.assertIn("Permission denied", done.stderr)
        finally:
            self.folder.chmod(0o755)
        self.assert_untouched()

    def interrupted(self, number):
        """Half an image has come; the signal comes before the rest."""
        sign = espota_test.start([espota_c(), "sign", "--privatekey", self.private,
                                  "--bin", "-", "--out", self.out, "--legacy",
                                  self.folder / "legacy"], stdin=subprocess.PIPE)
        for _ in range(20):  # more than a pipe holds: it was read, and is being signed
            sign.stdin.write(bytes(65536))
        sign.stdin.flush()
        sign.send_signal(number)
        code = sign.wait(espota_test.TIMEOUT)
        text = sign.stderr.read().decode()
        for stream in (sign.stdin, sign.stdout, sign.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        end = time.monotonic() + (espota_test.TIMEOUT if espota_test.ON_WINDOWS else 0)
        while len(list(self.folder.iterdir())) > 1 and time.monotonic() < end:
            time.sleep(0.01)  # Wine's server sees the end of a process a moment later
        self.assert_untouched()
        return code, text

    def test_interrupted(self):
        for number, code in espota_test.STOPS:
            got, text = self.interrupted(number)
            self.assertEqual(got, code, text)
            self.assertEqual(len(text.splitlines()), 1, text)
            self.assertIn("stopped", text)

    def test_killed(self):
        code, _ = self.interrupted(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)

    def test_through_a_link(self):
        link = self.dir / "link"
        link.symlink_to(self.out)
        self.assert_exit(run("sign", "--privatekey", self.private, "--bin", self.source, "--out",
                             link), 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.out.read_bytes(), esp8266_signed(self.data, self.private))

    def test_into_a_pipe(self):
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
        self.addCleanup(reader.kill)  # it would wait for ever where nobody writes
        self.assert_exit(run("sign", "--privatekey", self.private, "--bin", self.source, "--out",
                             fifo), 0)
        self.assertEqual(reader.communicate(timeout=espota_test.TIMEOUT)[0],
                         esp8266_signed(self.data, self.private))

    def test_the_same_file_twice(self):
        (self.dir / "other").symlink_to(self.folder)
        (self.dir / "hard").hardlink_to(self.out)
        for legacy in (self.out, self.dir / "other/out", self.dir / "hard"):
            self.assert_exit(run(*self.argv("--legacy", legacy)), 2)
            self.assert_untouched()
        self.out.unlink()
        self.assert_exit(run(*self.argv("--legacy", self.dir / "other/out")), 2)
        self.assertEqual(list(self.folder.iterdir()), [])


class OntoTheKey(Case):
    """The signed image would take the place of the private key, and it would be gone."""

    def setUp(self):
        super().setUp()
        self.bytes = key("rsa-2048")[0].read_bytes()
        self.private = self.file("key", self.bytes)
        self.source = self.file("in", (images() / "esp8266.bin").read_bytes())
        (self.dir / "soft").symlink_to(self.private)
        (self.dir / "hard").hardlink_to(self.private)
        (self.dir / "around").mkdir()
        self.ways = (self.private, self.dir / "soft", self.dir / "hard", self.dir / "around/../key")

    def assert_refused(self, done, code, name):
        self.assert_one_line(done, code, name, "is the private key")
        self.assertEqual(self.private.read_bytes(), self.bytes)

    def test_sign(self):
        sign = ("sign", "--privatekey", self.private, "--bin", self.source)
        for way in self.ways:
            with self.subTest(way=way.name):
                self.assert_refused(run(*sign, "--out", way), 2, way)
                self.assert_refused(run(*sign, "--out", self.dir / "out", "--legacy", way), 2, way)
        self.assertFalse((self.dir / "out").exists())

    def test_sign_beside(self):
        (self.dir / "in.signed").symlink_to(self.private)
        self.assert_refused(run("sign", "--privatekey", self.private, self.source), 2, "in.signed")

    def test_signing_py(self):
        for way in self.ways:
            done = run("--mode", "sign", "--privatekey", self.private, "--bin", self.source,
                       "--out", way)
            self.assert_refused(done, 1, way)

    def test_header(self):
        public = self.file("public", key("rsa-2048")[1].read_bytes())
        (self.dir / "header.h").symlink_to(public)
        for out in (public, self.dir / "header.h"):
            self.assert_one_line(run("header", "--publickey", public, "--out", out), 2, out,
                                 "is the public key")
        self.assertEqual(public.read_bytes(), key("rsa-2048")[1].read_bytes())

    def test_a_device_may_be_all_of_them(self):
        """Nothing is replaced there."""
        self.assert_exit(run("sign", "--privatekey", self.private, "--bin", self.source, "--out",
                             "/dev/null", "--legacy", "/dev/../dev/null"), 0)


class PlantedLinks(Case):
    """In a folder for all, as /tmp is, others may lay a link for who writes there."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can make what another user made")
        self.shared = self.dir / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)
        self.theirs = self.file("theirs", b"theirs")

    def sign(self, out):
        return run("sign", "-q", "--privatekey", key("rsa-2048")[0], "--bin",
                   images() / "esp8266.bin", "--out", out)

    def test_somebody_elses(self):
        link, pipe, lost = self.shared / "link", self.shared / "pipe", self.shared / "lost"
        link.symlink_to(self.theirs)
        lost.symlink_to(self.dir / "nothing")
        os.mkfifo(pipe)
        for path in (link, pipe, lost):
            os.lchown(path, NOBODY, NOBODY)
            self.assert_one_line(self.sign(path), 8, path, "of another user")
        self.assertEqual(self.theirs.read_bytes(), b"theirs")
        self.assertFalse((self.dir / "nothing").exists())

    def test_ones_own_and_the_folders_owners(self):
        link = self.shared / "link"
        link.symlink_to(self.theirs)
        self.assert_exit(self.sign(link), 0)
        self.assertTrue(link.is_symlink())
        os.chown(self.shared, NOBODY, NOBODY)
        os.lchown(link, NOBODY, NOBODY)
        self.assert_exit(self.sign(link), 0)
        self.shared.chmod(0o755)
        self.assert_exit(self.sign(link), 0)
        self.assertNotEqual(self.theirs.read_bytes(), b"theirs")


if __name__ == "__main__":
    espota_test.main()
