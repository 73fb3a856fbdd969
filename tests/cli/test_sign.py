# SPDX-License-Identifier: MIT
"""espota-c sign and verify, with the openssl tool as the oracle."""

import gzip
import random
import subprocess

import espota_test
from espota_test import called, espota_c, run
from signing import (Case, esp8266_signed, images, key, legacy_signed, openssl,
                     tearDownModule)  # noqa: F401

RSA = ("rsa-1024", "rsa-1536", "rsa-2048", "rsa-3072", "rsa-4096")
HASHES = ("sha256", "sha384", "sha512")
ESP32_RSA = {"rsa-2048": 256, "rsa-3072": 384, "rsa-4096": 512}


class Formats(Case):
    def sign(self, private, data, *options):
        source, out = self.file("in.bin", data), self.dir / "out.bin"
        self.assert_exit(run("sign", "--privatekey", private, "--bin", source, "--out", out,
                             *options), 0)
        return out.read_bytes()

    def verify(self, public, path, *options):
        return run("verify", "--publickey", public, "--bin", path, *options)

    def test_esp8266_byte_for_byte_for_every_key_size(self):
        data = (images() / "esp8266.bin").read_bytes()
        for kind in RSA:
            with self.subTest(key=kind):
                private, public = key(kind)
                signed = self.sign(private, data)
                self.assertEqual(signed, esp8266_signed(data, private))
                self.assert_exit(self.verify(public, self.dir / "out.bin"), 0)
                self.assert_exit(self.verify(public, self.dir / "out.bin", "--format", "esp8266"),
                                 0)
                self.assert_exit(self.verify(public, self.dir / "out.bin", "--format", "esp32"),
                                 8 if kind in ("rsa-1024", "rsa-1536") else 7)

    def test_legacy_byte_for_byte_for_every_key_size(self):
        data = (images() / "esp8266.bin").read_bytes()
        for kind in RSA:
            with self.subTest(key=kind):
                private, public = key(kind)
                legacy = self.dir / "legacy"
                self.assertEqual(self.sign(private, data, "--legacy", legacy),
                                 esp8266_signed(data, private))
                self.assertEqual(legacy.read_bytes(), legacy_signed(data, private))
                self.assert_exit(self.verify(public, legacy), 0)
                self.assert_exit(self.verify(public, legacy, "--format", "esp8266-legacy"), 0)
                self.assert_exit(self.verify(public, legacy, "--format", "esp8266"), 7)

    def test_esp32_rsa_pss_with_the_longest_salt(self):
        data = (images() / "esp32.bin").read_bytes()
        for kind, size in ESP32_RSA.items():
            for name in HASHES:
                with self.subTest(key=kind, hash=name):
                    private, public = key(kind)
                    signed = self.sign(private, data, "--hash", name)
                    self.assertEqual(len(signed), len(data) + 512)
                    self.assertEqual(signed[:len(data)], data)
                    trailer = signed[len(data):]
                    self.assertEqual(trailer[size:], bytes(512 - size))
                    salt = size - {"sha256": 32, "sha384": 48, "sha512": 64}[name] - 2
                    self.openssl_verifies(public, trailer[:size], data, f"-{name}", "-sigopt",
                                          "rsa_padding_mode:pss", "-sigopt",
                                          f"rsa_pss_saltlen:{salt}")
                    self.assert_exit(self.verify(public, self.dir / "out.bin"), 0)

    def test_esp32_ecdsa(self):
        data = (images() / "esp32-c3.bin").read_bytes()
        for kind in ("p256", "p384"):
            for name in HASHES:
                with self.subTest(key=kind, hash=name):
                    private, public = key(kind)
                    trailer = self.sign(private, data, "--hash", name)[len(data):]
                    self.assertEqual(len(trailer), 512)
                    self.assertEqual(trailer[0], 0x30)
                    size = trailer[1] + 2
                    self.assertEqual(trailer[size:], bytes(512 - size))
                    self.openssl_verifies(public, trailer[:size], data, f"-{name}")
                    self.assert_exit(self.verify(public, self.dir / "out.bin"), 0)

    def test_what_openssl_signed_for_an_esp32_is_good(self):
        data = (images() / "esp32.bin").read_bytes()
        private, public = key("rsa-2048")
        for salt, code in (("222", 0), ("32", 7)):
            signature = openssl("dgst", "-sha256", "-sign", private, "-sigopt",
                                "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{salt}",
                                stdin=data)
            path = self.file("signed", data + signature.ljust(512, b"\0"))
            self.assert_exit(self.verify(public, path), code)

    def test_signatures_that_end_in_zero(self):
        private, public = key("rsa-2048")
        found = 0
        for attempt in range(20):
            names = [self.file(f"{attempt}-{i}", b"%d-%d" % (attempt, i)) for i in range(200)]
            self.assert_exit(run("sign", "--privatekey", private, "--format", "esp32", "-q",
                                 *names), 0)
            for name in names:
                signed = name.with_name(name.name + ".signed")
                if signed.read_bytes()[-512 + 255] == 0:
                    found += 1
                    self.assert_exit(self.verify(public, signed), 0)
                name.unlink()
                signed.unlink()
            if found:
                break
        self.assertGreater(found, 0)

    def test_random_payloads(self):
        private, public = key("rsa-1024")
        rng = random.Random(8266)
        names = [self.file(f"{i}", rng.randbytes(rng.choice((1, 7, 63, 1024, 65535, 65536, 65537))
                                                 + rng.randrange(2000))) for i in range(250)]
        self.assert_exit(run("sign", "--privatekey", private, "-q", *names), 0)
        for name in names:
            data = name.read_bytes()
            signed = name.with_name(name.name + ".signed")
            self.assertEqual(signed.read_bytes(), esp8266_signed(data, private), name)
        for name in rng.sample(names, 40):
            signed = name.with_name(name.name + ".signed")
            self.assert_exit(self.verify(public, signed), 0)
            broken = bytearray(signed.read_bytes())
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            self.assert_exit(self.verify(public, self.file("broken", bytes(broken))), 7)

    def test_random_payloads_in_the_other_formats(self):
        rng = random.Random(32)
        for kind, option in (("rsa-2048", "esp32"), ("p256", "esp32"), ("p384", "esp32")):
            private, public = key(kind)
            names = [self.file(f"{kind}-{i}", rng.randbytes(1 + rng.randrange(3000)))
                     for i in range(30)]
            self.assert_exit(run("sign", "--privatekey", private, "-q", "--format", option,
                                 *names), 0)
            for name in names:
                data = name.read_bytes()
                trailer = name.with_name(name.name + ".signed").read_bytes()[len(data):]
                size = 256 if kind == "rsa-2048" else trailer[1] + 2
                options = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:222")
                self.openssl_verifies(public, trailer[:size], data, "-sha256",
                                      *(options if kind == "rsa-2048" else ()))

    def test_pico_takes_rsa_2048_only(self):
        data = (images() / "pico.bin").read_bytes()
        self.assertEqual(self.sign(key("rsa-2048")[0], data),
                         esp8266_signed(data, key("rsa-2048")[0]))
        for name in ("pico.bin", "rp2350.bin", "pico.bin.gz"):
            done = run("sign", "--privatekey", key("rsa-3072")[0], "--bin", images() / name,
                       "--out", self.dir / "no")
            self.assert_one_line(done, 8, "Pico", "RSA-2048 only")
        self.assertFalse((self.dir / "no").exists())

    def test_keys_that_no_device_can_verify(self):
        for image, kind, words in (("esp8266.bin", "p256", "RSA only"),
                                   ("esp32.bin", "p521", "P-256"),
                                   ("esp32.bin", "rsa-1024", "RSA-2048, -3072, -4096")):
            done = run("sign", "--privatekey", key(kind)[0], "--bin", images() / image, "--out",
                       self.dir / "no")
            self.assert_one_line(done, 8, words)
        self.assertEqual(self.names(), [])


class Refusals(Case):
    def setUp(self):
        super().setUp()
        self.private, self.public = key("rsa-2048")

    def sign(self, source, out, *options, **keywords):
        return run("sign", "--privatekey", self.private, "--bin", source, "--out", out, *options,
                   **keywords)

    def test_signed_by_the_same_key_already(self):
        data = (images() / "esp8266.bin").read_bytes()
        legacy = self.dir / "legacy"
        signed = self.dir / "signed"
        self.assert_exit(self.sign(images() / "esp8266.bin", signed, "--legacy", legacy), 0)
        for path in (signed, legacy):
            before = path.read_bytes()
            self.assert_one_line(self.sign(path, path), 7, path, "already", "--force")
            self.assert_one_line(self.sign(path, self.dir / "x", "--gzip"), 7, "already")
            self.assertEqual(path.read_bytes(), before)
        self.assert_exit(self.sign(signed, self.dir / "twice", "--force"), 0)
        self.assertEqual((self.dir / "twice").read_bytes(),
                         esp8266_signed(esp8266_signed(data, self.private), self.private))
        other = run("sign", "--privatekey", key("rsa-3072")[0], "--bin", signed, "--out",
                    self.dir / "other")
        self.assert_exit(other, 0)

    def test_signed_for_an_esp32_already(self):
        signed = self.dir / "signed"
        self.assert_exit(self.sign(images() / "esp32.bin", signed), 0)
        self.assert_one_line(self.sign(signed, self.dir / "x"), 7, "already")
        self.assertEqual(self.names(), ["signed"])

    def test_gzip_where_it_cannot_be(self):
        self.assert_one_line(self.sign(images() / "esp8266.bin.gz", self.dir / "x", "--gzip"), 7,
                             "compressed already")
        self.assert_one_line(self.sign(images() / "esp32.bin", self.dir / "x", "--gzip"), 7,
                             "ESP32 cannot unpack")
        self.assert_one_line(self.sign(images() / "esp32.bin", self.dir / "x", "--legacy",
                                       self.dir / "y"), 2, "legacy")
        self.assertEqual(self.names(), [])

    def test_bad_input(self):
        empty = self.file("empty")
        self.assert_one_line(self.sign(empty, self.dir / "x"), 7, empty, "empty")
        self.assert_one_line(self.sign(self.dir / "none", self.dir / "x"), 8, "No such file")
        self.assert_one_line(self.sign(self.dir, self.dir / "x"), 8, "is a directory")
        self.assert_one_line(self.sign(images() / "esp8266.bin", self.dir), 8, "is a directory")
        self.assert_one_line(self.sign(images() / "esp8266.bin", self.dir / "no" / "x"), 8,
                             "No such file")
        self.assertEqual(self.names(), ["empty"])

    def test_bad_usage(self):
        image = images() / "esp8266.bin"
        for argv in (("--bin", image, "--out", "x"),
                     ("--privatekey", self.private),
                     ("--privatekey", self.private, "--bin", image),
                     ("--privatekey", self.private, "--bin", image, "--out", "x", image),
                     ("--privatekey", self.private, "--bin", "-", "--out", "x",
                      "--passphrase-file", "-"),
                     ("--privatekey", self.private, "--hash", "md5", image),
                     ("--privatekey", self.private, "-")):
            with self.subTest(argv=argv):
                done = run("sign", *argv, cwd=self.dir)
                self.assert_exit(done, 2)
                self.assertIn("--help", done.stderr)
        self.assertEqual(self.names(), [])

    def test_one_bad_image_among_several(self):
        good, bad = self.file("good", b"one"), self.dir / "bad"
        also = self.file("also", b"two")
        done = run("sign", "--privatekey", self.private, good, bad, also)
        self.assert_exit(done, 8)
        self.assertEqual((self.dir / "good.signed").read_bytes(),
                         esp8266_signed(b"one", self.private))
        self.assertEqual((self.dir / "also.signed").read_bytes(),
                         esp8266_signed(b"two", self.private))

    def test_verify_refuses(self):
        data = (images() / "esp8266.bin").read_bytes()
        signed = self.file("signed", esp8266_signed(data, self.private))
        wrong = run("verify", "--publickey", key("rsa-3072")[1], "--bin", signed)
        self.assert_one_line(wrong, 7, "not good")
        self.assert_one_line(run("verify", "--publickey", self.public, "--bin",
                                 images() / "esp8266.bin"), 7, "does not end in a signature")
        self.assert_one_line(run("verify", "--publickey", self.private, "--bin", signed), 8,
                             "private key", "-pubout")
        for length in (0, 1, 4, 255, 260, 511, 512):
            cut = self.file("cut", bytes(length))
            self.assert_exit(run("verify", "--publickey", self.public, "--bin", cut), 7)

    def test_verify_json(self):
        data = (images() / "esp8266.bin").read_bytes()
        signed = self.file("signed", esp8266_signed(data, self.private))
        done = run("verify", "--publickey", self.public, "--bin", signed, "--json")
        self.assert_exit(done, 0)
        self.assertEqual(espota_test.events(done.stdout), [{
            "file": str(signed), "kind": "signature", "ok": True, "problems": [],
            "key": "RSA-2048", "bytes": len(data) + 260, "format": "esp8266",
            "hash": "SHA-256", "payload": len(data)}])
        done = run("verify", "--publickey", self.public, "--bin", images() / "esp8266.bin",
                   "--json")
        self.assert_exit(done, 7)
        self.assertEqual(done.stderr, "")
        answer = espota_test.events(done.stdout)[0]
        self.assertIs(answer["ok"], False)
        self.assertEqual(len(answer["problems"]), 1)


class Streams(Case):
    def setUp(self):
        super().setUp()
        self.private, self.public = key("rsa-2048")

    def test_standard_input_and_output(self):
        for size in (1, 255, 256, 259, 260, 261, 1027, 1028, 1029, 65535, 65536, 65537, 200000):
            data = random.Random(size).randbytes(size)
            done = subprocess.run(called(espota_c(), "sign", "--privatekey", self.private, "--bin", "-",
                                         "--out", "-"), input=data, capture_output=True, check=True)
            self.assertEqual(done.stdout, esp8266_signed(data, self.private), size)
            done = subprocess.run(called(espota_c(), "verify", "--publickey", self.public, "--bin",
                                         "-"), input=done.stdout, check=False, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_comes_out_before_it_is_checked(self):
        signed = esp8266_signed(b"image", self.private)
        done = subprocess.run(called(espota_c(), "sign", "--privatekey", self.private, "--bin", "-",
                                     "--out", "-"), input=signed, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (7, b""))

    def test_in_place_and_mode_kept(self):
        data = (images() / "esp8266.bin").read_bytes()
        mode = 0o755 if espota_test.ON_WINDOWS else 0o751  # what Wine makes of it and back
        path = self.file("image", data, mode=mode)
        done = run("sign", "--privatekey", self.private, "--bin", path, "--out", path)
        self.assert_exit(done, 0)
        self.assertEqual(path.read_bytes(), esp8266_signed(data, self.private))
        self.assertEqual(path.stat().st_mode & 0o7777, mode)
        self.assertEqual(self.names(), ["image"])

    def test_gzip(self):
        for name in ("esp8266.bin", "pico.bin"):
            data = (images() / name).read_bytes()
            outs = []
            for out in ("a", "b"):
                done = run("sign", "--gzip", "--privatekey", self.private, "--bin",
                           images() / name, "--out", self.dir / out)
                self.assert_exit(done, 0)
                self.assertIn("destroys its boot loader", done.stderr)
                outs.append((self.dir / out).read_bytes())
            self.assertEqual(outs[0], outs[1])
            packed = outs[0][:-260]
            self.assertEqual(len(packed) % 4, 0)
            self.assertEqual(gzip.decompress(packed), data)
            self.assertEqual(outs[0], esp8266_signed(packed, self.private))

    def test_warns_of_a_gzip_that_was_compressed_before(self):
        done = run("sign", "--privatekey", self.private, "--bin", images() / "esp8266.bin.gz",
                   "--out", self.dir / "x")
        self.assert_exit(done, 0)
        self.assertIn("destroys its boot loader", done.stderr)

    def test_says_that_esp32_devices_do_not_look(self):
        done = run("sign", "--privatekey", self.private, "--bin", images() / "esp32.bin", "--out",
                   self.dir / "x")
        self.assert_exit(done, 0)
        self.assertIn("3.3.7", done.stderr)


if __name__ == "__main__":
    espota_test.main()
