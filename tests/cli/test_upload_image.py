# SPDX-License-Identifier: MIT
"""espota-c upload: images for another board, encrypted images, and refusals that are the image's
fault."""

import hashlib

import espota_test as t
from espota_test import Case, image, run
from fake_device import FakeDevice
from signing import images


class WrongBoard(Case):
    """A port that belongs to one family, and an image of another (a Pico takes anything)."""

    def dry_run(self, name, *argv):
        return run("upload", "--dry-run", *argv, images() / name)

    def test_ports(self):
        for name, own in (("esp8266.bin", 8266), ("esp8266.bin.gz", 8266), ("esp32-c3.bin", 3232),
                          ("pico.bin", 2040), ("rp2350.bin", 2040)):
            for port in (8266, 3232, 2040, 4000):
                with self.subTest(image=name, port=port):
                    right = port in (own, 4000)
                    for argv in (("--host", "127.0.0.1", "--port", port),
                                 ("--host", f"127.0.0.1:{port}")):
                        done = self.dry_run(name, *argv)
                        self.assert_exit(done, 0 if right else 7)
                        if not right:
                            self.assertIn(f"port {port} is that of", done.stderr)
                            self.assertIn("--force", done.stderr)

    def test_force_and_file_systems(self):
        self.assert_exit(self.dry_run("esp32.bin", "--host", "127.0.0.1:2040", "--force"), 0)
        self.assert_exit(self.dry_run("littlefs.bin", "--host", "127.0.0.1:2040", "--fs"), 0)

    def test_a_line_of_a_targets_file(self):
        lines = self.file("targets", "127.0.0.1 port=2040\n")
        self.assert_exit(self.dry_run("esp32.bin", "--targets", lines), 7)

    def test_espota_py(self):
        done = run("-i", "127.0.0.1", "-p", "2040", "-f", images() / "esp32.bin")
        self.assert_exit(done, 1)
        self.assertIn("ESPOTA_FORCE=1", done.stderr)


class Encrypted(Case):
    """For ESP32 devices with setupCrypt(): the bytes are one file's, the MD5 another's."""

    def setUp(self):
        super().setUp()
        self.plain = (images() / "esp32.bin").read_bytes()
        self.coded = self.file("coded.bin", bytes(byte ^ 0x5A for byte in self.plain))

    def test_a_device_gets_the_bytes_and_the_plain_md5(self):
        def play(device):
            invitation = device.invited()
            self.assertEqual(invitation.md5, hashlib.md5(self.plain).hexdigest())
            device.say(b"OK")
            stream = device.connect()
            data = device.read(stream, invitation.size)
            self.assertEqual(bytes(byte ^ 0x5A for byte in data), self.plain)
            stream.sendall(b"OK")

        with FakeDevice(play) as device:
            self.assert_exit(run("upload", "--host", device.target, "--md5-of",
                                 images() / "esp32.bin", self.coded), 0)

    def test_what_is_refused(self):
        def dry_run(*argv):
            return run("upload", "--host", "127.0.0.1", "--dry-run", *argv, self.coded)

        self.assert_exit(dry_run(), 7)
        self.assertIn("--md5-of", dry_run().stderr)
        done = dry_run("--md5-of", images() / "esp8266.bin")
        self.assert_exit(done, 7)
        self.assertIn("is not", done.stderr)
        self.assert_exit(dry_run("--md5-of", self.dir / "none"), 8)
        self.assert_exit(dry_run("--md5-of", images() / "esp32.bin", "--gzip"), 2)
        broken = bytearray(self.plain)
        broken[2000] ^= 1
        done = dry_run("--md5-of", self.file("broken", bytes(broken)))
        self.assert_exit(done, 7)
        self.assertIn("checksum is wrong", done.stderr)
        self.assert_exit(dry_run("--md5-of", images() / "esp32.bin"), 0)
        lines = self.file("targets", f"127.0.0.1 file={self.coded}\n")
        self.assert_exit(run("upload", "--dry-run", "--targets", lines, "--md5-of",
                             images() / "esp32.bin"), 2)


class Verdicts(Case):
    """What a refusal means is not always what its words say."""

    def refused(self, words, path, *argv):
        def play(device):
            invitation = device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read(stream, invitation.size)
            stream.sendall(words)

        with FakeDevice(play) as device:
            done = run("upload", "--host", device.target, *argv, path)
        self.assert_exit(done, 5)
        return done.stderr

    def test_a_flash_mode_that_no_device_restores(self):
        md5 = b"ERROR[7]: MD5 verification failed: expected: 0, calculated: 1\n"
        odd = self.file("odd.bin", t.image(30000)[:2] + b"\x07" + t.image(30000)[3:])
        said = self.refused(md5, odd, "--force")
        self.assertIn("flash mode", said)
        self.assertNotIn("on the way", said)
        self.assertIn("on the way", self.refused(md5, self.file("fine.bin", image(30000))))

    def test_decryption_error(self):
        said = self.refused(b"ERROR[13]: Decryption error\n", images() / "esp32.bin")
        self.assertIn("not a program for this chip", said)

    def test_a_file_system_that_is_too_large(self):
        def play(device):
            device.invited()
            device.say(b"ERR: ERROR[4]: Not Enough Space\n")

        with FakeDevice(play) as device:
            done = run("upload", "--host", device.target, "--fs", images() / "littlefs.bin")
        self.assert_exit(done, 5)
        self.assertIn("larger than the device's file system", done.stderr)
        self.assertNotIn("compress", done.stderr)


if __name__ == "__main__":
    t.main()
