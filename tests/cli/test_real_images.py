# SPDX-License-Identifier: MIT
"""Images that other projects shipped: what info, upload, sign, verify and serve make of each.

They are other people's and lie beside the repository, in ../shared/images, or where
ESPOTA_REAL_IMAGES says. Without them this test is left out. What is expected of each stands here;
by now every builder of this field has had its say: ours alone once made every image in the tests,
and was wrong with it.
"""

import os
import pathlib
import unittest

import espota_test as t
from espota_serve import Server, esp32, esp8266, get, pico, put
from espota_test import run
from signing import Case, key, tearDownModule  # noqa: F401

FOLDER = pathlib.Path(os.environ.get("ESPOTA_REAL_IMAGES")
                      or pathlib.Path(__file__).resolve().parents[3] / "shared" / "images")

ESP8266 = {"kind": "esp8266", "chip": "ESP8266", "checksum": "good"}
CORE3 = {**ESP8266, "crc": "good"}
ESP32 = {"kind": "esp32", "checksum": "good", "hash": "good"}
SPIFFS = {"kind": "spiffs", "block_count": 125}

# sent as they are: what `info --json` says of them
PROGRAMS = {
    "afe-1.4.0-t0.bin": {**ESP8266, "flash_mode": "DOUT", "flash_kib": 1024},
    "afe-1.4.0-t0.bin.signed": {**ESP8266, "payload": 362656,
                                "signature": {"kind": "esp8266", "length": 256}},
    "esp8266_deepsleep.bin": {**ESP8266, "flash_mode": "DIO", "flash_kib": 4096},
    "gyver-06bd08ab.bin": {**CORE3, "flash_mode": "DIO", "flash_kib": 4096},
    "tc-espurna.bin": {**ESP8266, "flash_mode": "DOUT", "flash_kib": 1024},
    "wled-0.16-esp8266.bin": {**CORE3, "flash_mode": "DOUT", "flash_kib": 4096},
    "esf-ESP32_C2-hello.bin": {**ESP32, "chip": "ESP32-C2"},
    "esf-ESP32_C3-hello.bin": {**ESP32, "chip": "ESP32-C3", "flash_mhz": 80},
    "esf-ESP32_C5-hello.bin": {**ESP32, "chip": "ESP32-C5"},
    "esf-ESP32_H2-hello.bin": {**ESP32, "chip": "ESP32-H2"},
    "esf-ESP32_H4-hello.bin": {**ESP32, "chip": "ESP32 family"},
    "esf-ESP32_S3-hello.bin": {**ESP32, "chip": "ESP32-S3", "flash_mhz": 80},
    "idf-hello-esp32.bin": {**ESP32, "chip": "ESP32", "flash_mhz": 40},
    "pypi-esp32-wpt.bin": {**ESP32, "chip": "ESP32", "flash_mhz": 40},
    "sec-hello-world-signed.bin": {**ESP32, "chip": "ESP32",
                                   "signature": {"kind": "secure-boot-v1"}},
    "pico_w-arduino.bin": {"kind": "pico", "chip": "RP2040", "fs_start": None},
}

# sent with a warning, which info gives too
NOTES = {
    "esf-ESP32_H4-hello.bin": "number 14 of the ESP32 family",
    "pico_w-arduino.bin": "built without a file system",
}

FILESYSTEMS = {
    "bb-littlefs.bin": {"kind": "littlefs", "block_count": 125, "block_size": 8192},
    "bb-spiffs-1024000.bin": {**SPIFFS, "block_size": 8192},
    "cm-jayd-spiffs.bin": {**SPIFFS, "block_size": 4096},
}

# whole, for an updater of their own, and nothing that an Arduino device could start
OWN = {
    "esf-ESP8266-rtos-hello.bin": {"kind": "esp8266-rtos", "hash": "good", "flash_kib": 256},
    "esp8266_sdk-4096_user1.bin": {"kind": "esp8266-user", "crc": "good", "flash_kib": 4096,
                                   "flash_mhz": 40, "user": None, "irom": 220752},
    "nonos-user1.1024.new.2.bin": {"kind": "esp8266-user", "crc": "good", "flash_kib": 1024,
                                   "flash_mhz": 40, "user": 1, "irom": 353760},
    "espopenrtos-blink-v2.bin": {"kind": "esp8266-user", "checksum": "good", "crc": None,
                                 "flash_kib": 512, "user": None, "irom": 198704},
}

# refused, and what for
REFUSED = {
    "heltec-StartCounter.bin": ("esp32", "checksum is wrong"),  # bytes in the middle are lost
    "boot_app0.bin": ("unknown", "no format"),
    "cloud-blink.ota": ("unknown", "no format"),
    "esp-encrypted-img.bin": ("unknown", "no format"),
    "kickstart-bk7231t.ug.bin": ("unknown", "no format"),
    "sec-hello-world-signed-encrypted.bin": ("unknown", "no format"),
    "esf-C5-ramapp.bin": ("esp32-bootloader", "a program for RAM"),
    "ramhello-esp32.bin": ("esp32-bootloader", "a program for RAM"),
    "sec-bootloader_signed_v2_ecdsa256.bin": ("esp32-bootloader", "is a boot loader"),
    "wled-boot-s3.bin": ("esp32-bootloader", "is a boot loader"),
    "wled-c3-boot-part-merged.bin": ("esp32-bootloader", "and no application"),
    "wled-esp32-boot-v4.bin": ("esp32-bootloader", "and no application"),
    "sense360-airiq-s3-merged.bin": ("esp32-merged", "merged factory image"),
    "partitions_singleapp.bin": ("esp32-partitions", "partition table"),
    "esf-ESP8266-boot.bin": ("esp8266-part", "single ESP8266 image"),
    "mpy-esp8266-1.9.4.bin": ("esp8266-part", "single ESP8266 image"),
    "nodemcu-0.9.5-integer.bin": ("esp8266-part", "single ESP8266 image"),
    "nonos-boot_v1.7.bin": ("esp8266-part", "single ESP8266 image"),
    "pico2-arduino.bin": ("pico", "o program stands at 0x3000"),
    "picoprobe.bin": ("pico", "o program stands at 0x3000"),
    "pico2-arduino.uf2": ("uf2", "drag-and-drop"),
    "pico_multi-rp2350.uf2": ("uf2", "drag-and-drop"),
}

FIELDS = {
    "sec-bootloader_signed_v2_ecdsa256.bin": {"signature": {"kind": "secure-boot-ecdsa"}},
    "pico2-arduino.bin": {"chip": "RP2350", "fs_start": None},
    "picoprobe.bin": {"chip": "RP2040", "fs_start": None, "fs_end": None},
    "pico_multi-rp2350.uf2": {"chip": "RP2350", "uf2_blocks": 391, "uf2_family": "0xe48bff59"},
    "pico2-arduino.uf2": {"chip": "RP2350", "uf2_blocks": 238},
}


def setUpModule():
    if not FOLDER.is_dir():
        raise unittest.SkipTest(f"left out: no real images in {FOLDER}")


def dry_run(path, *options):
    return run("upload", "--host", "127.0.0.1", "--dry-run", *options, path)


class RealImages(Case):
    def info(self, name, code):
        done = run("info", "--json", FOLDER / name)
        self.assert_exit(done, code)
        return t.events(done.stdout)[0]

    def assert_fields(self, answer, fields):
        self.assertEqual({field: answer.get(field) for field in fields}, fields)

    def test_every_file_is_expected(self):
        names = {path.name for path in FOLDER.iterdir()} - {"INDEX.tsv"}
        self.assertEqual(names, set(PROGRAMS) | set(FILESYSTEMS) | set(OWN) | set(REFUSED))

    def test_good_programs(self):
        for name in PROGRAMS:
            with self.subTest(image=name):
                answer = self.info(name, 0)
                self.assert_fields(answer, PROGRAMS[name])
                self.assertEqual(answer["problems"], [])
                note = NOTES.get(name)
                self.assertEqual(note is not None, "notes" in answer)
                done = dry_run(FOLDER / name)
                self.assert_exit(done, 0)
                if note is not None:
                    self.assertIn(note, answer["notes"][0])
                    self.assertIn(note, done.stderr)
                self.assert_exit(dry_run(FOLDER / name, "--fs"), 7)

    def test_packed_programs(self):
        for name in PROGRAMS:
            with self.subTest(image=name):
                refused = "ESP32" in PROGRAMS[name]["chip"] or "signature" in PROGRAMS[name]
                self.assert_exit(dry_run(FOLDER / name, "--gzip"), 7 if refused else 0)

    def test_file_systems(self):
        for name in FILESYSTEMS:
            with self.subTest(image=name):
                answer = self.info(name, 0)
                self.assert_fields(answer, FILESYSTEMS[name])
                self.assert_exit(dry_run(FOLDER / name, "--fs"), 0)
                done = dry_run(FOLDER / name)
                self.assert_exit(done, 7)
                self.assertIn("add --fs", done.stderr)

    def test_images_with_updaters_of_their_own(self):
        for name in OWN:
            with self.subTest(image=name):
                fields = dict(OWN[name])
                irom = fields.pop("irom", None)
                answer = self.info(name, 0)
                self.assert_fields(answer, {"chip": "ESP8266", "checksum": "good", **fields})
                if irom is not None:
                    self.assertEqual((answer["segments"][0]["length"], len(answer["segments"])),
                                     (irom, 4))
                done = dry_run(FOLDER / name)
                self.assert_exit(done, 7)
                self.assertIn("which no Arduino device can start", done.stderr)

    def test_what_is_refused_is_refused_for_the_right_reason(self):
        for name in REFUSED:
            with self.subTest(image=name):
                kind, words = REFUSED[name]
                answer = self.info(name, 7)
                self.assertEqual(answer["kind"], kind)
                self.assertIn(words, answer["problems"][0])
                self.assert_fields(answer, FIELDS.get(name, {}))
                done = dry_run(FOLDER / name)
                self.assert_exit(done, 7)
                self.assertIn(words, done.stderr)
                self.assert_exit(dry_run(FOLDER / name, "--force"), 0)

    def test_the_line_of_espota_py_sends_what_it_does_not_know(self):
        for name in [name for name in REFUSED if REFUSED[name][0] == "unknown"]:
            with self.subTest(image=name):
                # nobody answers there: it got past the checks
                done = run("-i", "127.0.0.1", "-p", "9", "-t", "1", "-f", FOLDER / name)
                self.assert_exit(done, 1)
                self.assertIn("it is sent as it is", done.stderr)

    def test_sign_and_verify(self):
        private, public = key("rsa-2048")
        for name in [*PROGRAMS, *FILESYSTEMS]:
            with self.subTest(image=name):
                out = self.dir / "out"
                chip = PROGRAMS.get(name, {}).get("chip", "")
                self.assert_exit(run("sign", "--privatekey", private, "--bin", FOLDER / name,
                                     "--out", out), 0)
                data, signed = (FOLDER / name).read_bytes(), out.read_bytes()
                self.assertEqual(signed[:len(data)], data)
                self.assertEqual(len(signed) - len(data), 512 if "ESP32" in chip else 260)
                done = run("verify", "--publickey", public, "--bin", out, "--json")
                self.assert_exit(done, 0)
                self.assertEqual(t.events(done.stdout)[0]["payload"], len(data))
                self.assert_exit(run("verify", "--publickey", public, "--bin", FOLDER / name), 7)
                fs = ["--fs"] if name in FILESYSTEMS else []
                self.assert_exit(dry_run(out, "--publickey", public, *fs), 0)
                self.assert_exit(run("info", out), 0)

    def test_verify_what_the_core_signed(self):
        # by a key that is thrown away: whoever comes with another one is told so
        done = run("verify", "--publickey", key("rsa-2048")[1], "--bin",
                   FOLDER / "afe-1.4.0-t0.bin.signed")
        self.assert_exit(done, 7)
        self.assertIn("this key did not make its signature", done.stdout + done.stderr)

    def test_serve(self):
        images = self.dir / "images"
        images.mkdir()
        for name in [*PROGRAMS, *REFUSED, *OWN]:
            put(images, name, (FOLDER / name).read_bytes())
        for name in FILESYSTEMS:
            put(images, name.replace(".bin", ".fs.bin"), (FOLDER / name).read_bytes())
        server = Server("--dir", images)
        self.addCleanup(server.close)
        asks = {"esp8266": esp8266, "esp32": esp32, "pico": pico}
        for name in PROGRAMS:
            with self.subTest(image=name):
                ask = asks[PROGRAMS[name]["kind"]]
                answer = ask(server.address, "/" + name)
                self.assertEqual((answer.status, answer.body),
                                 (200, (FOLDER / name).read_bytes()))
                others = [other for other in asks.values() if other is not ask]
                self.assertEqual([other(server.address, "/" + name).status for other in others],
                                 [404, 404])
        for name in FILESYSTEMS:
            with self.subTest(image=name):
                answer = esp8266(server.address, "/" + name.replace(".bin", ".fs.bin"),
                                 mode="spiffs")
                self.assertEqual((answer.status, len(answer.body)),
                                 (200, (FOLDER / name).stat().st_size))
        for name in [*REFUSED, *OWN]:
            with self.subTest(image=name):
                self.assertEqual([ask(server.address, "/" + name).status for ask in asks.values()],
                                 [404, 404, 404])
                # who only fetches a file gets it, whatever it is
                self.assertEqual(get(server.address, "/" + name).status, 200)


if __name__ == "__main__":
    t.main()
