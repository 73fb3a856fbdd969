# SPDX-License-Identifier: MIT
"""signing.py's command line, as the cores' builds call it."""

import os

import espota_test
from espota_test import run, run_program
from signing import (Case, esp8266_signed, images, key, legacy_signed,
                     tearDownModule)  # noqa: F401
from test_sign_keys import signing_py_header


class Sign(Case):
    def setUp(self):
        super().setUp()
        self.private, self.public = key("rsa-2048")
        self.bin = images() / "esp8266.bin"
        self.data = self.bin.read_bytes()
        self.out, self.legacy = self.dir / "out.signed", self.dir / "out.legacy_sig"

    def test_as_the_platform_calls_it(self):
        for spelling in (("--mode", "sign"), ("--mode=sign",), ("-m", "sign"), ("-msign",)):
            done = run(*spelling, "--privatekey", self.private, "--bin", self.bin, "--out",
                       self.out, "--legacy", self.legacy)
            self.assert_exit(done, 0)
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr, f"Signed binary: {self.out}\n"
                                          f"Legacy signed binary: {self.legacy}\n")
            self.assertEqual(self.out.read_bytes(), esp8266_signed(self.data, self.private))
            self.assertEqual(self.legacy.read_bytes(), legacy_signed(self.data, self.private))

    def test_short_options_prefixes_and_any_place_of_the_mode(self):
        for argv in (("-s", self.private, "-b", self.bin, "-o", self.out, "-m", "sign"),
                     ("--priv", self.private, "--bi", self.bin, "--o", self.out, "--mode", "sign"),
                     ("-I", "/tools/signing.py", "--mode", "sign", "-s", self.private, "-b",
                      self.bin, f"-o{self.out}")):
            self.assert_exit(run(*argv), 0)
            self.assertEqual(self.out.read_bytes(), esp8266_signed(self.data, self.private))
            self.out.unlink()

    def test_under_its_own_name(self):
        link = self.dir / "signing.py"
        link.symlink_to(espota_test.espota_c())
        self.assert_exit(run_program(link, "--mode", "sign", "--privatekey", self.private, "--bin",
                                     self.bin, "--out", self.out), 0)
        self.assertEqual(self.out.read_bytes(), esp8266_signed(self.data, self.private))
        done = run_program(link)
        self.assert_exit(done, 2)
        self.assertIn("Mode not specified as header or sign", done.stderr)

    def test_without_a_key_it_is_silent(self):
        done = run("--mode", "sign", "--privatekey", self.dir / "none", "--bin", self.bin, "--out",
                   self.out)
        self.assert_exit(done, 0)
        self.assertEqual((done.stdout, done.stderr, self.names()), ("", "", []))

    def test_every_real_failure_is_loud(self):
        for private, words in ((self.public, "public key"), (key("p256")[0], "RSA only"),
                               (self.file("bad", b"no key"), "not a private key")):
            done = run("--mode", "sign", "--privatekey", private, "--bin", self.bin, "--out",
                       self.out)
            self.assert_one_line(done, 1, words)
        done = run("--mode", "sign", "--privatekey", self.private, "--bin", self.dir / "none",
                   "--out", self.out)
        self.assert_one_line(done, 1, "No such file")
        self.assertFalse(self.out.exists())
        for argv in (("--mode", "polish"), ("--mode", "sign"),
                     ("--mode", "sign", "--privatekey", self.private)):
            self.assert_exit(run(*argv), 2)

    def test_a_key_that_cannot_be_read_is_no_missing_key(self):
        locked = self.file("locked", self.private.read_bytes(), mode=0o000)
        extra = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        self.dir.chmod(0o777)
        done = run("--mode", "sign", "--privatekey", locked, "--bin", self.bin, "--out", self.out,
                   **extra)
        self.assert_one_line(done, 1, "Permission denied")

    def test_any_image_is_signed_in_the_cores_format(self):
        image = images() / "esp32.bin"
        self.assert_exit(run("--mode", "sign", "-s", self.private, "-b", image, "-o", self.out), 0)
        self.assertEqual(self.out.read_bytes(), esp8266_signed(image.read_bytes(), self.private))


class Header(Case):
    def test_with_a_key(self):
        public, out = key("rsa-2048")[1], self.dir / "core" / "deep" / "Updater_Signing.h"
        done = run("--mode", "header", "--publickey", public, "--out", out)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "Enabling binary signing\n")
        self.assertEqual(out.read_text(), signing_py_header(public.read_bytes()))
        before = out.stat().st_ino
        self.assert_exit(run("-m", "header", "-p", public, "-o", out), 0)
        self.assertEqual(out.stat().st_ino, before)

    def test_without_a_key(self):
        out = self.dir / "Updater_Signing.h"
        done = run("--mode", "header", "--publickey", self.dir / "none", "--out", out)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        self.assertEqual(out.read_text(), "#define ARDUINO_SIGNING 0\n")

    def test_a_damaged_key_is_loud(self):
        out = self.dir / "h"
        bad = self.file("bad", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
        self.assert_one_line(run("--mode", "header", "--publickey", bad, "--out", out), 1, bad)
        self.assertFalse(out.exists())
        self.assert_one_line(run("--mode", "header", "--publickey", key("p256")[1], "--out", out),
                             1, "RSA only")


if __name__ == "__main__":
    espota_test.main()
