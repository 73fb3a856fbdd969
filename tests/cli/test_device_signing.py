# SPDX-License-Identifier: MIT
"""Signatures and gzip on a device: what espota-stub takes, unpacks, and what destroys it."""

import gzip
import json
import random
import zlib

import espota_test
from espota_host import Host, md5
from espota_test import Stub, espota_stub, events, run, run_program
from images import boot_record, esp8266_image
from signing import (Case, esp8266_signed, images, key, legacy_signed,
                     tearDownModule)  # noqa: F401


class DeviceCase(Case):
    def setUp(self):
        super().setUp()
        self.private, self.public = key("rsa-2048")
        self.plain = esp8266_image(0x8000)
        self.flash = self.dir / "flash.bin"

    def stub(self, *argv):
        stub = Stub("--fast", "--flash", self.flash, *argv)
        self.addCleanup(stub.close)
        return stub

    def upload(self, stub, path, *options, code=0):
        done = run("upload", "--host", stub.target, *options, path)
        self.assert_exit(done, code)
        return done

    def first(self, stub):
        """A program for the device to run and to keep: its first upload."""
        image = esp8266_image(0x4000, seed=7)
        self.upload(stub, self.file("first.bin", image), "--force")
        stub.wait_event("boot", copied=True)
        return image

    def boot(self, *argv):
        done = run_program(espota_stub(), "--boot", "--flash", self.flash, "--json", *argv)
        return events(done.stdout)[0], done.returncode


class Verifies(DeviceCase):
    def device(self, kind="rsa-2048"):
        return self.stub("--publickey", key(kind)[1])

    def refused(self, stub, data):
        """ERROR[12] from the device; whatever the uploader would say was switched off."""
        done = self.upload(stub, self.file("bad.bin", data), "--force", "--retries", "0", code=5)
        self.assertIn("Signature verification failed", done.stderr)
        event = stub.wait_event("error", error=12)
        self.assertEqual(event["error"], 12)

    def test_every_key_size(self):
        for kind in ("rsa-1024", "rsa-1536", "rsa-2048", "rsa-3072", "rsa-4096"):
            with self.subTest(key=kind), Stub("--fast", "--publickey", key(kind)[1]) as stub:
                path = self.dir / "signed"
                self.assert_exit(run("sign", "--privatekey", key(kind)[0], "--bin",
                                     self.file("in", self.plain), "--out", path), 0)
                self.upload(stub, path, "--publickey", key(kind)[1])
                boot = stub.wait_event("boot", copied=True)
                self.assertEqual((boot["ok"], boot["md5"], boot["size"]),
                                 (True, md5(self.plain), len(self.plain)))

    def test_the_record_gets_the_size_without_the_trailer(self):
        stub = self.device()
        self.upload(stub, self.file("s", esp8266_signed(self.plain, self.private)))
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(boot["size"], len(self.plain))
        self.assertEqual(self.flash.read_bytes()[:len(self.plain)], self.plain)

    def test_refusals(self):
        stub = self.device()
        signed = esp8266_signed(self.plain, self.private)
        self.refused(stub, self.plain)
        self.refused(stub, esp8266_signed(self.plain, key("rsa-3072")[0]))
        self.refused(stub, legacy_signed(self.plain, self.private))
        self.refused(stub, signed[:-1])
        self.refused(stub, signed[:-260])
        self.refused(stub, signed[:1000])
        self.refused(stub, self.plain + signed[-260:-4] + (257).to_bytes(4, "little"))
        broken = bytearray(signed)
        broken[0x2000] ^= 1
        self.refused(stub, bytes(broken))
        self.upload(stub, self.file("good", signed))

    def test_random_trailers(self):
        stub = self.device()
        rng = random.Random(12)
        signed = esp8266_signed(self.plain, self.private)
        for _ in range(12):
            broken = bytearray(signed)
            broken[len(self.plain) + rng.randrange(260)] ^= 1 << rng.randrange(8)
            self.refused(stub, bytes(broken))

    def test_the_md5_is_not_looked_at(self):
        stub = self.device()
        with Host(stub.host, stub.port) as host:
            said = host.upload(esp8266_signed(self.plain, self.private), digest="0" * 32)
        self.assertTrue(said.endswith(b"OK"), said)

    def test_another_flash_mode_breaks_the_signature_unless_it_is_compressed(self):
        stub = self.device()
        first = esp8266_signed(esp8266_image(0x4000, mode=2), self.private)
        self.upload(stub, self.file("dio", first))
        stub.wait_event("boot", copied=True)
        other = esp8266_image(0x4000, seed=3, mode=3)
        self.refused(stub, esp8266_signed(other, self.private))
        packed = gzip.compress(other, mtime=0)
        self.upload(stub, self.file("gz", esp8266_signed(packed, self.private)), "--publickey",
                    self.public)
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual((boot["ok"], boot["md5"]), (True, md5(other)))
        self.assertEqual(self.flash.read_bytes()[2], 3)

    def test_a_file_system_must_be_signed_too(self):
        stub = self.device()
        image = (images() / "littlefs.bin").read_bytes()
        done = self.upload(stub, self.file("fs", image), "--fs", "--retries", "0", code=5)
        self.assertIn("Signature verification failed", done.stderr)
        signed = esp8266_signed(image, self.private)
        self.upload(stub, self.file("fs", signed), "--fs", "--publickey", self.public)

    def test_a_key_that_no_device_can_use(self):
        for kind in ("p256", "p384"):
            done = run_program(espota_stub(), "--port", "0", "--publickey", key(kind)[1])
            self.assert_exit(done, 8)
            self.assertIn("RSA only", done.stderr)


class Unpacks(DeviceCase):
    def test_gzip_on_the_way(self):
        stub = self.stub()
        path = self.file("door.bin", self.plain)
        done = run("upload", "--host", stub.target, "--gzip", "--json", path)
        self.assert_exit(done, 0)
        result = next(event for event in events(done.stdout) if event["event"] == "result")
        self.assertLess(result["bytes"], len(self.plain))
        self.assertEqual(result["bytes"] % 4, 0)
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual((boot["ok"], boot["problems"], boot["md5"], boot["bytes"], boot["size"]),
                         (True, [], md5(self.plain), len(self.plain), result["bytes"]))
        self.assertEqual(self.flash.read_bytes()[:len(self.plain)], self.plain)

    def test_every_way_to_write_a_gzip_header(self):
        stub = self.stub()
        body = gzip.compress(self.plain, mtime=0)[10:]
        for flags, extra in ((0, b""), (8, b"door.bin\0"), (4, b"\3\0abc"), (16, b"a comment\0"),
                             (2, b"\0\0"), (30, b"\1\0xname\0comment\0\0\0")):
            if flags & 2:  # zlib checks this sum, and the loader does not
                head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff" + extra[:-2]
                extra = extra[:-2] + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
            data = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff" + extra + body
            self.upload(stub, self.file("x.gz", data))
            boot = stub.wait_event("boot", copied=True)
            self.assertEqual((boot["ok"], boot["md5"]), (True, md5(self.plain)), flags)

    def test_signed_gzip_on_a_device_that_verifies(self):
        stub = self.stub("--publickey", self.public)
        path = self.dir / "x.gz"
        self.assert_exit(run("sign", "--gzip", "--privatekey", self.private, "--bin",
                             self.file("in", self.plain), "--out", path), 0)
        self.upload(stub, path, "--publickey", self.public)
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual((boot["ok"], boot["md5"]), (True, md5(self.plain)))
        self.assertEqual(boot["size"], path.stat().st_size - 260)

    def test_a_loader_that_looks_keeps_the_old_program(self):
        stub = self.stub()
        first = self.first(stub)
        good = gzip.compress(self.plain, mtime=0)
        for data in (esp8266_signed(good, self.private), good + bytes(8), good + good,
                     good[:-4] + bytes(4), good[:-8] + bytes(4) + good[-4:]):
            self.upload(stub, self.file("x.gz", data), "--force")
            boot = stub.wait_event("boot", copied=True)
            self.assertEqual((boot["ok"], boot["result"], boot["md5"]), (True, 5, md5(first)))
            self.assertIn("not unpacked", boot["problems"][0])
            self.assertEqual(self.flash.read_bytes()[:len(first)], first)


class Damage(DeviceCase):
    """What the original does with a signed gzip where nobody verifies (PROTOCOL 5.4)."""

    def test_a_signed_gzip_destroys_the_boot_loader(self):
        stub = self.stub("--quirks")
        first = self.first(stub)
        signed = esp8266_signed(gzip.compress(self.plain, mtime=0), self.private)
        done = self.upload(stub, self.file("x.gz", signed), "--force")
        self.assertNotIn("error", done.stderr)  # the device said OK
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual((boot["ok"], boot["result"]), (False, 0))
        self.assertIn("boot loader in the first sector is destroyed", boot["problems"][0])
        sector = self.flash.read_bytes()[:4096]
        self.assertEqual(sector, self.plain[:256] + b"\xff" * 3840)
        self.assertEqual(self.flash.read_bytes()[4096:len(first)], first[4096:])
        stub.close()
        boot, code = self.boot("--quirks")
        self.assertEqual(code, 7)
        self.assertEqual((boot["ok"], boot["copied"]), (False, False))
        self.assertIn("destroyed", boot["problems"][0])

    def test_shown_by_boot_alone(self):
        """The flash and the command as an update left them; --boot with and without --quirks."""
        signed = esp8266_signed(gzip.compress(self.plain, mtime=0), self.private)
        first = esp8266_image(0x4000, seed=7)
        staging = 0x200000 - -(-len(signed) // 4096) * 4096
        flash = bytearray(b"\xff" * (4 << 20))
        flash[:len(first)] = first
        flash[staging:staging + len(signed)] = signed
        record = boot_record(staging, 0, len(signed))
        for argv, code, good in (((), 0, True), (("--quirks",), 7, False)):
            self.flash.write_bytes(bytes(flash))
            rtc = self.flash.with_name(self.flash.name + ".rtc")
            rtc.write_bytes(record)
            boot, got = self.boot(*argv)
            self.assertEqual((got, boot["ok"]), (code, good), json.dumps(boot))
            done = run_program(espota_stub(), "--boot", "--flash", self.flash, *argv)
            self.assert_exit(done, code)
            if not good:
                self.assertIn("destroyed", done.stderr)

    def test_without_the_trailer_the_same_gzip_is_harmless(self):
        stub = self.stub("--quirks")
        self.first(stub)
        self.upload(stub, self.file("x.gz", gzip.compress(self.plain, mtime=0)))
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual((boot["ok"], boot["md5"]), (True, md5(self.plain)))


class Refuses(DeviceCase):
    """The uploader's part: nothing of this reaches a device."""

    def must_refuse(self, path, *options, code=7, words=""):
        stub = self.stub()
        done = run("upload", "--host", stub.target, *options, path)
        self.assert_exit(done, code)
        self.assertIn(words, done.stderr)
        stub.close()
        self.assertEqual([event["event"] for event in stub.events()], ["boot", "ready"])
        self.flash.unlink()

    def test_signed_gzip_without_a_word_that_the_device_verifies(self):
        path = self.file("x.gz", esp8266_signed(gzip.compress(self.plain, mtime=0), self.private))
        self.must_refuse(path, words="destroys its boot loader")

    def test_publickey(self):
        signed = self.file("signed", esp8266_signed(self.plain, self.private))
        self.must_refuse(signed, "--publickey", key("rsa-3072")[1], words="signature is not good")
        self.must_refuse(signed, "--publickey", key("rsa-3072")[1], "--force",
                         words="signature is not good")
        self.must_refuse(self.file("plain", self.plain), "--publickey", self.public,
                         words="does not end in a signature")
        self.must_refuse(self.file("legacy", legacy_signed(self.plain, self.private)),
                         "--publickey", self.public, words="legacy ESP8266 format")
        self.must_refuse(signed, "--publickey", self.private, code=8, words="private key")
        self.must_refuse(signed, "--publickey", key("p256")[1], code=8, words="RSA only")

    def test_gzip_option(self):
        image = self.file("image", self.plain)
        packed = self.file("x.gz", gzip.compress(self.plain, mtime=0))
        signed = self.file("signed", esp8266_signed(self.plain, self.private))
        esp32 = images() / "esp32.bin"
        self.must_refuse(packed, "--gzip", words="compressed already")
        self.must_refuse(signed, "--gzip", words="is signed")
        self.must_refuse(esp32, "--gzip", words="ESP32")
        self.must_refuse(image, "--gzip", "--fs", code=2, words="file system cannot be compressed")
        self.must_refuse(packed, "--fs", words="compressed")
        self.must_refuse(packed.rename(self.dir / "fs.gz"), "--fs", words="file system")

    def test_images_that_would_not_run(self):
        for name in sorted(path.name for path in images().iterdir()):
            if name.startswith("bad-") or name in ("user1.bin", "user2.bin", "rtos.bin",
                                                   "littlefs.bin", "libretiny.uf2"):
                with self.subTest(image=name):
                    self.must_refuse(images() / name, words=name)


if __name__ == "__main__":
    espota_test.main()
