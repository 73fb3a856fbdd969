# SPDX-License-Identifier: MIT
"""ESPHome's protocol: the program against espota-stub --esphome, against a device that is played
here, and ESPHome's own uploader against espota-stub."""

import base64
import hashlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import threading
import unittest

import espota_test
from espota_test import ROOT, Case, Process, Stub, Terminal, espota_c, events, image, run
from fake_device import FakeDevice
from fake_esphome import STEPS, FakeEsphome
from images import esp32_image, esp8266_image


def result_of(done):
    return next(e for e in events(done.stdout) if e["event"] == "result")


class EsphomeCase(Case):
    def setUp(self):
        super().setUp()
        self.bytes = esp8266_image(60000, packs=True)
        self.image = self.file("door.bin", self.bytes)
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.key_file = self.file("key", (self.key + "\n").encode())

    def stub(self, *argv):
        stub = Stub("--esphome", "--fast", *argv)
        self.addCleanup(stub.close)
        stub.url = f"esphome://{stub.target}"
        return stub

    def upload(self, target, *argv, **options):
        return run("upload", "--host", target, *argv, self.image, **options)

    def taken(self, stub):
        """What the device runs now."""
        return stub.wait_event("boot")["md5"]

    def assert_taken(self, stub):
        self.assertEqual(self.taken(stub), hashlib.md5(self.bytes).hexdigest())


class Good(EsphomeCase):
    def test_every_form(self):
        for device, ours in (
                ((), ()), (("--deflate",), ()),
                (("--password", "geheim"), ("--auth", "geheim")),
                (("--password", "geheim", "--auth-method", "sha256"), ("--auth", "geheim")),
                (("--password", "p\u00e4ssw\u00f6rd", "--deflate"), ("--auth", "p\u00e4ssw\u00f6rd")),
                (("--key-file", self.key_file), ("--key-file", self.key_file)),
                (("--key-file", self.key_file), ()),  # it offers encryption, and does not insist
                (("--key-file", self.key_file, "--password", "geheim"), ("--auth", "geheim")),
                # who has the key is asked for no password
                (("--key-file", self.key_file, "--encrypted", "--deflate", "--password", "geheim"),
                 ("--key-file", self.key_file))):
            with self.subTest(device=device):
                stub = self.stub(*device)
                done = self.upload(stub.url, *ours, "--json")
                self.assert_exit(done, 0)
                self.assert_taken(stub)
                self.assertEqual([e["event"] for e in events(done.stdout)
                                  if e["event"] not in ("progress", "auth")],
                                 ["start", "connected", "result", "summary"])
                result = result_of(done)
                self.assertEqual(result["bytes"], result["total"])
                self.assertLess(result["total"], len(self.bytes))  # both kinds pack

    def test_schemes_are_told(self):
        for method in ("md5", "sha256"):
            stub = self.stub("--password", "geheim", "--auth-method", method)
            done = self.upload(stub.url, "--auth", "geheim", "--json")
            self.assertEqual([e["scheme"] for e in events(done.stdout) if e["event"] == "auth"],
                             [method])

    def test_unpacks_nothing(self):
        stub = self.stub("--plain")
        done = self.upload(stub.url, "--json")
        self.assert_exit(done, 0)
        self.assertEqual(result_of(done)["total"], len(self.bytes))
        self.assert_taken(stub)

    def test_packed_by_hand(self):
        """What is gzip already goes as it is, and is not packed once more."""
        import gzip
        stub = self.stub("--deflate")
        packed = self.file("door.bin.gz", gzip.compress(self.bytes, 9, mtime=0))
        done = run("upload", "--host", stub.url, "--json", packed)
        self.assert_exit(done, 0)
        self.assertEqual(result_of(done)["total"], packed.stat().st_size)
        self.assert_taken(stub)

    def test_back_online(self):
        stub = self.stub()
        done = self.upload(stub.url, "--wait-online", "20", "--json")
        self.assert_exit(done, 0)
        self.assertIn("is back online", result_of(done)["message"])
        self.assertLess(result_of(done)["bytes"], len(self.bytes))

    def test_key_from_the_environment(self):
        stub = self.stub("--key-file", self.key_file, "--encrypted")
        self.assert_exit(self.upload(stub.url, env={"ESPOTA_KEY": self.key}), 0)

    def test_dry_run(self):
        stub = self.stub()
        done = self.upload(stub.url, "--dry-run")
        self.assert_exit(done, 0)
        self.assertIn("would be connected to at", done.stderr)

    def test_slow_device(self):
        """A small window, a slow flash, counts that come late."""
        stub = self.stub("--deflate", "--rate", "20000", "--tcp-window", "5840", "--ack-delay",
                         "100")
        self.assert_exit(self.upload(stub.url), 0)
        self.assert_taken(stub)

    def test_limited(self):
        stub = self.stub("--key-file", self.key_file)
        done = self.upload(stub.url, "--key-file", self.key_file, "--limit-rate", "40k", "--json")
        self.assert_exit(done, 0)
        result = result_of(done)
        self.assertGreater(result["seconds"], result["total"] / 40960 * 0.8)


class Streams(EsphomeCase):
    def test_nothing_is_held_back_for_a_count(self):
        """A device that counts only when all of it has come: who waits for counts hangs here."""
        with FakeEsphome(counts="late") as device:
            self.assert_exit(self.upload(device.target), 0)
            self.assertEqual(device.image, self.bytes)
        self.assertTrue(device.thanked)  # or it warns of us

    def test_first_version(self):
        with FakeEsphome(counts=False, features=b"\x40", password="geheim") as device:
            self.assert_exit(self.upload(device.target, "--auth", "geheim"), 0)
            self.assertEqual(device.image, self.bytes)

    def test_an_old_answer_to_the_features(self):
        """The real uploader takes any byte that is no error for a plain device."""
        with FakeEsphome(features=b"\x55") as device:
            self.assert_exit(self.upload(device.target), 0)


ERRORS = {
    "hello": {0x80: 5, 0xFF: 5},
    "features": {0x80: 5},
    "auth": {0x82: 4, 0x94: 4},
    "prepared": {0x81: 5, 0x85: 5, 0x86: 5, 0x87: 7, 0x88: 5, 0x89: 5, 0x8A: 5, 0x8C: 5, 0x8E: 5,
                 0x93: 5, 0xFF: 5},
    "md5": {0x8B: 5, 0xFF: 5},
    "received": {0x80: 7, 0x83: 5, 0xFF: 5},
    "installed": {0x84: 5, 0x8B: 5, 0x8D: 7, 0x8F: 5, 0x90: 5, 0x91: 5, 0x92: 5, 0xA5: 5},
}


class Refused(EsphomeCase):
    def test_every_error_has_words_and_a_code(self):
        told = {}
        for step, codes in ERRORS.items():
            for byte, code in codes.items():
                with FakeEsphome({step: bytes([byte])}) as device:
                    done = self.upload(device.target, "--json", "--retries", "0")
                with self.subTest(step=step, byte=hex(byte)):
                    self.assert_exit(done, code)
                    told.setdefault(byte, result_of(done)["message"])
        for byte, message in told.items():
            self.assertGreater(len(message), 30, hex(byte))
        self.assertEqual(len(set(told.values())), len(told))

    def test_not_its_protocol(self):
        for said in (b"HT", b"\x00\x03", b"\x01\x02"):
            with FakeEsphome({"hello": said}) as device:
                done = self.upload(device.target, "--retries", "0")
            self.assert_one_line(done, 5, "does not speak ESPHome's update protocol")

    def test_refusals_are_not_tried_again(self):
        """Unless the next time may be another: a flash that could not be written."""
        for byte, times in ((0x82, 1), (0x89, 1), (0x83, 2)):
            with FakeEsphome({"prepared": bytes([byte])}, times=times) as device:
                done = self.upload(device.target, "--retries", str(times - 1) if times > 1 else "3")
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(device.served, times)

    def test_passwords(self):
        stub = self.stub("--password", "geheim", "--auth-method", "sha256")
        self.assert_one_line(self.upload(stub.url, "--auth", "falsch"), 4, "did not accept")
        self.assert_one_line(self.upload(stub.url), 4, "none was given", "--password-file")

    def test_keys(self):
        stub = self.stub("--key-file", self.key_file, "--encrypted")
        other = self.file("other", base64.b64encode(bytes(32)))
        self.assert_one_line(self.upload(stub.url), 4, "only encrypted", "--key-file")
        self.assert_one_line(self.upload(stub.url, "--key-file", other), 4,
                             "the key is not the device's")
        for text in (b"", b"geheim", base64.b64encode(bytes(31)), base64.b64encode(bytes(33)),
                     self.key[:-1].encode()):
            bad = self.file("bad", text)
            self.assertEqual(self.upload(stub.url, "--key-file", bad).returncode, 2 if text else 8)

    def test_an_offer_that_is_taken_out(self):
        """With a key nothing leaves in clear, unless it is allowed; and then a warning is due."""
        stub = self.stub()
        done = self.upload(stub.url, "--key-file", self.key_file)
        self.assert_one_line(done, 4, "offers no encryption", "--plaintext")
        self.assert_exit(self.upload(stub.url, "--key-file", self.key_file, "--plaintext"), 0)
        self.assert_taken(stub)

    def test_images(self):
        table = self.file("table.bin", b"\xaa\x50" + bytes(30) + b"\xff" * 3040)
        with FakeEsphome(times=0) as device:
            done = run("upload", "--host", device.target, "--fs", self.image)
            self.assert_one_line(done, 2, "no image of a file system")
            done = run("upload", "--host", device.target, table)
            self.assert_exit(done, 7)
            esp32 = self.file("esp32.bin", esp32_image())
            done = run("upload", "--host", "esphome://127.0.0.1:8266", esp32)
            self.assert_one_line(done, 7, "port 8266 is that of an ESP8266")

    def test_targets_that_are_none(self):
        for host in ("esphome://", "esphome://h:0", "esphome://h:65536", "esphome://u:geheim@h",
                     "esphome://h/x", "http://u:geheim@h:99999/"):
            done = self.upload(host)
            self.assert_exit(done, 2)
            self.assertNotIn("geheim", done.stderr)


class Types(EsphomeCase):
    def test_a_question_comes_first(self):
        with FakeEsphome(times=0) as device:
            done = self.upload(device.target, "--type", "bootloader")
            self.assert_exit(done, 2)
            self.assertIn("add --yes", done.stderr)
            terminal = Terminal(espota_c(), "upload", "--type", "partition-table", "--host",
                                device.target, self.image, typed=[("[y/N] ", "n\n")])
            self.assertEqual(terminal.run(), 1, terminal.screen)
            self.assertIn(b"nothing was sent", terminal.screen)

    def test_only_what_it_says(self):
        with FakeEsphome(times=0) as device:
            for kind in ("bootloader", "partition-table"):
                done = self.upload(device.target, "--type", kind, "--yes")
                self.assert_exit(done, 7)
        done = self.upload("127.0.0.1:8266", "--type", "bootloader", "--yes")
        self.assert_one_line(done, 7, "only ESPHome's devices")

    def test_where_it_is_not_allowed(self):
        with FakeEsphome() as device:
            done = self.upload(device.target, "--type", "bootloader", "--yes", "--force")
            self.assert_one_line(done, 5, "allow_partition_access")


class Ends(EsphomeCase):
    def test_closed_without_a_word(self):
        """Before the last byte it is tried again, behind it never."""
        for step in STEPS:
            last = step in ("received", "installed")
            with FakeEsphome({step: None}, times=1 if last else 2, password="geheim") as device:
                done = self.upload(device.target, "--auth", "geheim", "--json", "--retries", "1")
            with self.subTest(step=step):
                self.assert_exit(done, 3 if step == "hello" else 6)
                self.assertEqual(device.served, 1 if last else 2)
                self.assertEqual(result_of(done)["reason"],
                                 "unknown" if last else "no-answer" if step == "hello" else "broken")

    def test_reset_in_the_middle(self):
        large = self.file("large.bin", image(300000))
        with FakeEsphome(after=20000, times=2) as device:
            done = run("upload", "--host", device.target, "--json", "--retries", "1", large)
            self.assert_exit(done, 6)
            self.assertEqual(result_of(done)["reason"], "broken")
        self.assertEqual(device.served, 2)

    def test_nothing_listens(self):
        stub = self.stub()
        url = stub.url
        stub.close()
        done = self.upload(url, "--retries", "0")
        self.assert_one_line(done, 3, "nothing listens on its TCP port")

    def test_interrupted(self):
        """The device closes, and the next one comes in."""
        stub = self.stub("--rate", "100k")
        large = self.file("large.bin", image(900000))
        with Process(espota_c(), "upload", "--json", "--host", stub.url, large) as upload:
            upload.wait_event("progress")
            upload.signal(signal.SIGINT)
            result = upload.wait_event("result")
            self.assertEqual(upload.wait(), 130)
        self.assertIn("the device keeps the program that it had", result["message"])
        self.assert_exit(self.upload(stub.url), 0)
        self.assert_taken(stub)

    def test_who_is_invited_in_vain(self):
        """ESPHome's port is ArduinoOTA's: the uploader says what may be there."""
        stub = self.stub()
        done = run("upload", "--host", stub.target, "--timeout", "1", "--retries", "0", self.image)
        self.assert_exit(done, 3)
        self.assertIn("esphome://", done.stderr)


class Mixed(EsphomeCase):
    def test_four_kinds_in_one_run(self):
        """One file, one run, one summary."""
        arduino = Stub("--fast")
        web = Stub("--fast", "--http", "127.0.0.1:0")
        plain = self.stub()
        sealed = self.stub("--key-file", self.key_file, "--encrypted", "--deflate")
        for stub in (arduino, web):
            self.addCleanup(stub.close)
        targets = self.file("targets", "\n".join((
            arduino.target, f"http://{web.ready['http']}/update", plain.url,
            f"{sealed.url} key-file='{self.key_file}'")).encode())
        done = run("upload", "--targets", targets, "--json", self.image)
        self.assert_exit(done, 0)
        summary = events(done.stdout)[-1]
        self.assertEqual((summary["targets"], summary["ok"]), (4, 4))
        for stub in (arduino, web, plain, sealed):
            self.assert_taken(stub)

    def test_two_roads_to_one_device(self):
        done = self.upload("127.0.0.1:1", "--host", "esphome://127.0.0.1:1", "--dry-run")
        self.assert_exit(done, 0)

    def test_a_fleet(self):
        fleet = Stub("--esphome", "--fast", "--count", "40", "--deflate", "--key-file",
                     self.key_file, "--encrypted", bind=None)
        self.addCleanup(fleet.close)
        targets = self.file("fleet", "\n".join(
            f"esphome://127.1.{k // 250}.{1 + k % 250}:{fleet.port}" for k in range(40)).encode())
        done = run("upload", "--targets", targets, "--key-file", self.key_file, "--json",
                   self.image)
        self.assert_exit(done, 0)
        self.assertEqual(events(done.stdout)[-1]["ok"], 40)

    def test_key_file_elsewhere(self):
        targets = self.file("targets", f"127.0.0.1:1 key-file={self.key_file}".encode())
        done = run("upload", "--targets", targets, "--dry-run", self.image)
        self.assertIn("key-file= is for esphome:// and means nothing here", done.stderr)

    def test_a_dry_run_looks_at_keys(self):
        bad = self.file("bad", b"geheim")
        targets = self.file("targets", f"esphome://127.0.0.1:1 key-file={bad}".encode())
        done = run("upload", "--targets", targets, "--dry-run", self.image)
        self.assert_exit(done, 2)
        self.assertIn("the key is none", done.stderr)
        targets = self.file("targets", b"esphome://127.0.0.1:1 key-file=-")
        done = run("upload", "--targets", targets, "--dry-run", self.image)
        self.assert_exit(done, 2)
        self.assertIn("key-file=- cannot be", done.stderr)


class TheirUploader(EsphomeCase):
    """ESPHome's own client, which nobody here wrote, against the device's half."""

    def setUp(self):
        super().setUp()
        self.python = os.environ.get("ESPOTA_ESPHOME")
        if not self.python:
            raise unittest.SkipTest("ESPHome's uploader is not installed")

    def client(self, stub, *argv):
        env = dict(os.environ, PYTHONPATH=str(pathlib.Path(self.python).parents[1] / "esphome"))
        return subprocess.run(
            [self.python, ROOT / "tests/support/esphome_client.py", stub.host, str(stub.port),
             self.image, *argv], env=env, capture_output=True, text=True, check=False,
            timeout=espota_test.TIMEOUT)

    def test_every_form(self):
        for device, theirs in (
                ((), ()), (("--deflate",), ()), (("--password", "geheim"), ("geheim",)),
                (("--password", "geheim", "--auth-method", "sha256", "--deflate"), ("geheim",)),
                (("--key-file", self.key_file, "--encrypted"), ("", self.key)),
                (("--key-file", self.key_file, "--encrypted", "--deflate", "--password", "geheim"),
                 ("geheim", self.key))):
            with self.subTest(device=device):
                stub = self.stub(*device)
                done = self.client(stub, *theirs)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_taken(stub)

    def test_refused(self):
        other = base64.b64encode(bytes(32)).decode()
        for device, argv, words in (
                (("--password", "geheim"), ("falsch",), "password"),
                (("--key-file", self.key_file, "--encrypted"), (), "encrypt"),
                (("--key-file", self.key_file, "--encrypted"), ("", other), "key")):
            stub = self.stub(*device)
            done = self.client(stub, *argv)
            self.assertEqual(done.returncode, 1, argv)
            self.assertIn(words, done.stderr.lower())


if __name__ == "__main__":
    espota_test.main()
