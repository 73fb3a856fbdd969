# SPDX-License-Identifier: MIT
"""espota-c info: what a file is and what is wrong with it, for people and as JSON."""

import gzip
import hashlib
import json

import espota_test
from espota_test import run
from signing import Case, images, key, tearDownModule  # noqa: F401

GOOD = {
    "esp8266.bin": {"kind": "esp8266", "chip": "ESP8266", "checksum": "good", "crc": "good",
                    "flash_mode": "DIO", "flash_kib": 4096, "flash_mhz": 40},
    "esp8266-1m.bin": {"kind": "esp8266", "flash_mode": "DOUT", "flash_kib": 1024},
    "esp8266-old.bin": {"kind": "esp8266", "checksum": "good"},
    "user1.bin": {"kind": "esp8266-user", "user": 1, "crc": "good", "checksum": "good"},
    "user2.bin": {"kind": "esp8266-user", "user": 2, "crc": "good", "checksum": "good"},
    "rboot.bin": {"kind": "esp8266-user", "checksum": "good"},
    "rtos.bin": {"kind": "esp8266-rtos", "hash": "good", "project": "door"},
    "esp32.bin": {"kind": "esp32", "chip": "ESP32", "hash": "good", "checksum": "good",
                  "project": "door", "version": "2.1.0", "sdk": "v5.5.1",
                  "built": "Nov 21 2026 12:34:56", "min_revision": "0.3"},
    "esp32-c3.bin": {"kind": "esp32", "chip": "ESP32-C3"},
    "esp32-s3.bin": {"kind": "esp32", "chip": "ESP32-S3"},
    "esp32-other.bin": {"kind": "esp32", "chip": "ESP32 family", "hash": "good"},
    "esp32-secure-v1.bin": {"kind": "esp32", "signature": {"kind": "secure-boot-v1"}},
    "esp32-secure-rsa.bin": {"kind": "esp32", "signature": {"kind": "secure-boot"}},
    "esp32-secure-ecdsa.bin": {"kind": "esp32", "signature": {"kind": "secure-boot-ecdsa"}},
    "pico.bin": {"kind": "pico", "chip": "RP2040", "project": "blink",
                 "fs_start": "0x10100000", "fs_end": "0x10180000"},
    "rp2350.bin": {"kind": "pico", "chip": "RP2350"},
    "pico-no-fs.bin": {"kind": "pico", "chip": "RP2040", "fs_end": None},
    "libretiny.uf2": {"kind": "uf2", "chip": "LibreTiny", "uf2_blocks": 4,
                      "uf2_family": "0x675a40b0"},
    "littlefs.bin": {"kind": "littlefs", "block_size": 8192, "block_count": 4},
    "spiffs.bin": {"kind": "spiffs", "block_size": 8192, "block_count": 4},
    "spiffs-esp8266.bin": {"kind": "spiffs", "block_size": 8192, "block_count": 4},
    "fat.bin": {"kind": "fat", "block_size": 512, "block_count": 128},
    "esp8266-noise-signed.bin": {"kind": "esp8266", "crc": "good",
                                 "signature": {"kind": "esp8266", "length": 256}},
    "esp8266-noise-signed.bin.gz": {"kind": "gzip",
                                    "signature": {"kind": "esp8266", "length": 256}},
    "esp32-noise-rsa.bin": {"kind": "esp32", "signature": {"kind": "esp32-rsa", "length": 256}},
    "esp32-noise-ecdsa.bin": {"kind": "esp32",
                              "signature": {"kind": "esp32-ecdsa", "length": 71}},
}

BAD = {
    "bad-cut.bin": ("esp8266", "cut short"),
    "bad-checksum.bin": ("esp8266", "checksum is wrong"),
    "bad-crc.bin": ("esp8266", "CRC is wrong"),
    "bad-esp32-cut.bin": ("esp32", "cut short"),
    "bad-esp32-checksum.bin": ("esp32", "checksum is wrong"),
    "bad-esp32-hash.bin": ("esp32", "SHA-256 is not"),
    "bad-merged.bin": ("esp32-merged", "merged factory image"),
    "bad-loader.bin": ("esp32-bootloader", "boot loader"),
    "bad-partitions.bin": ("esp32-partitions", "partition table"),
    "bad-part.bin": ("esp8266-part", "single ESP8266 image"),
    "bad-pico.uf2": ("uf2", "drag-and-drop"),
    "bad-pico-no-ota.bin": ("pico", "No program stands at 0x3000"),
    "bad-rp2350.uf2": ("uf2", "drag-and-drop"),
    "bad-loader-table.bin": ("esp32-bootloader", "and no application"),
    "bad-pico-cut.bin": ("pico", "cut short"),
    "bad-empty.bin": ("unknown", "empty"),
    "bad-text.bin": ("unknown", "no format"),
    "bad-crc.bin.gz": ("gzip", "Inside gzip: The CRC is wrong"),
    "bad-cut.bin.gz": ("gzip", "damaged or cut short"),
    "bad-length.bin.gz": ("gzip", "last four bytes"),
    "bad-tail.bin.gz": ("gzip", "bytes follow"),
    "bad-twice.bin.gz": ("gzip", "compressed twice"),
    "bad-esp32.bin.gz": ("gzip", "cannot unpack"),
}


class Info(Case):
    def info(self, path, code=0, **keywords):
        done = run("info", "--json", path, **keywords)
        self.assert_exit(done, code)
        self.assertEqual(done.stderr, "")
        answers = espota_test.events(done.stdout)
        self.assertEqual(len(answers), 1)
        return answers[0]

    def test_good_images(self):
        for name, fields in GOOD.items():
            with self.subTest(image=name):
                path = images() / name
                answer = self.info(path)
                self.assertEqual({field: answer.get(field) for field in fields}, fields)
                self.assertEqual((answer["file"], answer["ok"], answer["problems"]),
                                 (str(path), True, []))
                data = path.read_bytes()
                self.assertEqual(answer["md5"], hashlib.md5(data).hexdigest())
                self.assertEqual(answer["sha256"], hashlib.sha256(data).hexdigest())
                self.assertEqual(answer["bytes"], len(data))

    def test_bad_images(self):
        for name, (kind, words) in BAD.items():
            with self.subTest(image=name):
                answer = self.info(images() / name, 7)
                self.assertEqual((answer["kind"], answer["ok"]), (kind, False))
                self.assertTrue(any(words in problem for problem in answer["problems"]), answer)
                done = run("info", images() / name)
                self.assert_exit(done, 7)
                self.assertIn(words, done.stdout)

    def test_every_test_image_is_expected(self):
        names = {path.name for path in images().iterdir()}
        self.assertEqual(names, set(GOOD) | set(BAD) | {"esp8266.bin.gz", "pico.bin.gz"})

    def test_inside_gzip(self):
        for name in ("esp8266.bin", "pico.bin"):
            answer = self.info(images() / (name + ".gz"))
            plain = self.info(images() / name)
            self.assertEqual(answer["kind"], "gzip")
            self.assertEqual({k: v for k, v in answer["inside"].items()},
                             {k: v for k, v in plain.items()
                              if k not in ("file", "ok", "problems", "md5", "sha256")})

    def test_for_people(self):
        done = run("info", images() / "esp32.bin")
        self.assert_exit(done, 0)
        for words in ("an ESP32 family application", "v0.3 to v1.99", "door", "2.1.0",
                      "0x400d0020, 16384 bytes", "Appended SHA-256  good", "Problems          none"):
            self.assertIn(words, done.stdout)
        done = run("info", images() / "esp8266-noise-signed.bin.gz")
        self.assertIn("destroys its boot loader", done.stdout)

    def test_quiet(self):
        said = run("info", "-q", images() / "esp8266.bin")
        self.assert_exit(said, 0)
        self.assertEqual((said.stdout, said.stderr), ("", ""))
        bad = self.file("bad.bin", (images() / "esp8266.bin").read_bytes()[:-20])
        said = run("info", "-q", bad)
        self.assert_exit(said, 7)
        self.assertEqual(said.stdout, "")
        self.assertIn(f"error: {bad}: ", said.stderr)
        self.assertEqual(json.loads(run("info", "-q", "--json", bad).stdout)["ok"], False)

    def test_notes(self):
        for name, words in (("pico-no-fs.bin", "without a file system"),
                            ("esp32-other.bin", "number 14 of the ESP32 family")):
            notes = self.info(images() / name)["notes"]
            self.assertEqual(len(notes), 1)
            self.assertIn(words, notes[0])
            self.assertIn(words, run("info", images() / name).stdout)

    def test_standard_input(self):
        data = (images() / "esp8266.bin").read_bytes()
        answer = self.info("-", stdin=data)
        self.assertEqual((answer["kind"], answer["crc"]), ("esp8266", "good"))
        self.assertEqual(self.info("-", stdin=gzip.compress(data))["inside"]["kind"], "esp8266")

    def test_what_sign_writes(self):
        for name, kind, length in (("esp8266.bin", "esp8266", 256), ("esp32.bin", "esp32-rsa", 256),
                                   ("pico.bin", "esp8266", 256)):
            out = self.dir / "out"
            self.assert_exit(run("sign", "--privatekey", key("rsa-2048")[0], "--bin",
                                 images() / name, "--out", out), 0)
            answer = self.info(out)
            self.assertEqual(answer["signature"], {"kind": kind, "length": length})
            self.assertEqual(answer["payload"], (images() / name).stat().st_size)

    def test_hostile_names_do_not_drive_the_terminal(self):
        data = bytearray((images() / "esp32.bin").read_bytes())
        data[0x20 + 48:0x20 + 56] = b"\x1b[2J\x9b\xff\n\r"
        path = self.file("hostile", bytes(data))
        done = run("info", path)
        self.assertIn("\\x1b[2J", done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\x1b", run("info", "--json", path).stdout)

    def test_a_gzip_bomb(self):
        path = self.file("bomb.gz", gzip.compress(bytes(40 * 1024 * 1024)))
        self.assertIn("gzip", self.info(path, 7)["kind"])

    def test_bad_usage_and_files(self):
        self.assert_exit(run("info"), 2)
        self.assert_one_line(run("info", self.dir / "none"), 8, "No such file")
        self.assert_one_line(run("info", self.dir), 8, "is a directory")
        huge = self.dir / "huge"
        with open(huge, "wb") as file:
            file.truncate(5 * 2**30)
        self.assert_one_line(run("info", huge), 7, "larger than any device's flash")


if __name__ == "__main__":
    espota_test.main()
