# SPDX-License-Identifier: MIT
"""Keys in every form, passphrases from every place, tokens; keygen and header."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import espota_test
from espota_test import run
from signing import Case, esp8266_signed, images, key, openssl, tearDownModule  # noqa: F401

WORDS = "open sesame"


class Forms(Case):
    def forms(self):
        rsa, ec = key("rsa-2048")[0], key("p256")[0]
        yield "pkcs8.pem", rsa, ("pkey",)
        yield "pkcs8.der", rsa, ("pkey", "-outform", "DER")
        yield "pkcs1.pem", rsa, ("pkey", "-traditional")
        yield "pkcs1.der", rsa, ("pkey", "-traditional", "-outform", "DER")
        yield "ec-pkcs8.pem", ec, ("pkey",)
        yield "ec-pkcs8.der", ec, ("pkey", "-outform", "DER")
        yield "sec1.pem", ec, ("ec",)
        yield "sec1.der", ec, ("ec", "-outform", "DER")

    def encrypted(self):
        rsa, ec = key("rsa-2048")[0], key("p256")[0]
        secret = ("-passout", f"pass:{WORDS}")
        yield "pkcs8.pem", rsa, ("pkey", "-aes-256-cbc", *secret)
        yield "pkcs8.der", rsa, ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-outform", "DER",
                                 *secret)
        yield "pkcs1.pem", rsa, ("pkey", "-traditional", "-aes256", *secret)
        yield "des3.pem", rsa, ("pkey", "-traditional", "-des3", *secret)
        yield "sec1.pem", ec, ("ec", "-aes128", *secret)

    def must_sign(self, path, original, **keywords):
        esp32 = original == key("p256")[0]
        image = images() / ("esp32.bin" if esp32 else "esp8266.bin")
        out = self.dir / "out"
        done = run("sign", "--privatekey", path, "--bin", image, "--out", out, **keywords)
        self.assert_exit(done, 0)
        public = key("p256" if esp32 else "rsa-2048")[1]
        self.assert_exit(run("verify", "--publickey", public, "--bin", out), 0)
        if not esp32:
            self.assertEqual(out.read_bytes(), esp8266_signed(image.read_bytes(), original))
        out.unlink()
        return done

    def test_every_form(self):
        for name, original, command in self.forms():
            with self.subTest(form=name):
                path = self.dir / name
                openssl(*command, "-in", original, "-out", path)
                path.chmod(0o600)
                self.assertEqual(self.must_sign(path, original).stderr.count("warning"), 0)

    def test_public_key_forms(self):
        private, public = key("rsa-2048")
        signed = self.file("signed", esp8266_signed(b"image", private))
        for name, command in (("spki.der", ("pkey", "-pubin", "-outform", "DER")),
                              ("pkcs1.pem", ("rsa", "-pubin", "-RSAPublicKey_out")),
                              ("pkcs1.der", ("rsa", "-pubin", "-RSAPublicKey_out", "-outform",
                                             "DER"))):
            with self.subTest(form=name):
                path = self.dir / name
                openssl(*command, "-in", public, "-out", path)
                self.assert_exit(run("verify", "--publickey", path, "--bin", signed), 0)

    def test_parameters_in_front_of_the_key(self):
        path = self.file("ec", openssl("ecparam", "-name", "prime256v1") +
                         openssl("ec", "-in", key("p256")[0]))
        self.must_sign(path, key("p256")[0])

    def test_passphrase_from_file_stdin_and_environment(self):
        words = self.file("words", WORDS + "\n")
        for name, original, command in self.encrypted():
            with self.subTest(form=name):
                path = self.dir / name
                openssl(*command, "-in", original, "-out", path)
                path.chmod(0o600)
                self.must_sign(path, original, env={"ESPOTA_PASSPHRASE": WORDS})
                for option, stdin in ((words, b""), ("-", WORDS.encode() + b"\n")):
                    done = run("sign", "--privatekey", path, "--bin",
                               images() / ("esp32.bin" if name.startswith("sec1") else
                                           "esp8266.bin"),
                               "--out", self.dir / "out", "--passphrase-file", option, stdin=stdin)
                    self.assert_exit(done, 0)

    def locked(self):
        path = self.dir / "locked"
        openssl("pkey", "-aes-256-cbc", "-passout", f"pass:{WORDS}", "-in", key("rsa-2048")[0],
                "-out", path)
        path.chmod(0o600)
        return path

    def test_passphrase_from_the_terminal(self):
        path = self.locked()
        for words, code in ((WORDS, 0), ("wrong", 8)):
            terminal = espota_test.Terminal(espota_test.espota_c(), "sign", "--privatekey", path,
                                            "--bin", images() / "esp8266.bin", "--out",
                                            self.dir / "out",
                                            typed=[("Passphrase for", words + "\n")])
            self.assertEqual(terminal.run(), code, terminal.screen)
            self.assertNotIn(words.encode(), terminal.screen)

    def test_wrong_and_missing_passphrase(self):
        path = self.locked()
        argv = ("sign", "--privatekey", path, "--bin", images() / "esp8266.bin", "--out",
                self.dir / "out")
        self.assert_one_line(run(*argv, env={"ESPOTA_PASSPHRASE": "wrong"}), 8,
                             "the passphrase does not open", path)
        self.assert_one_line(run(*argv), 8, path, "encrypted", "--passphrase-file")
        self.assertEqual(self.names(), ["locked"])

    def test_what_is_no_key(self):
        for content, words in ((b"", "not a private key"), (b"hello", "not a private key"),
                               (key("rsa-2048")[1].read_bytes(), "is a public key"),
                               (key("rsa-2048")[0].read_bytes()[:400], "not a private key"),
                               (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                                "not a private key"), (bytes(70000), "longer than")):
            done = run("sign", "--privatekey", self.file("k", content), "--bin",
                       images() / "esp8266.bin", "--out", self.dir / "out")
            self.assert_one_line(done, 8, words)
        self.assertEqual(self.names(), ["k"])

    def test_others_can_read_it(self):
        path = self.file("open", key("rsa-2048")[0].read_bytes(), mode=0o644)
        done = self.must_sign(path, key("rsa-2048")[0])
        self.assertIn(f"others can read the private key {path}", done.stderr)


def der(*numbers):
    """A SEQUENCE of INTEGERs."""
    def item(tag, content):
        size = len(content)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + content
    return item(0x30, b"".join(item(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))
                               for n in numbers))


class Exponents(Case):
    """With a public exponent of 1 a signature is nothing but the padded hash."""

    @staticmethod
    def numbers():
        """The modulus and its two primes, of openssl's key."""
        text = openssl("rsa", "-in", key("rsa-2048")[0], "-noout", "-text").decode()
        text = re.sub(r"\n +", "", text)
        return [int(re.search(rf"^{name}:([0-9a-f:]+)$", text, re.M)[1].replace(":", ""), 16)
                for name in ("modulus", "prime1", "prime2")]

    def test_refused(self):
        data = (images() / "esp8266.bin").read_bytes()
        modulus, p, q = self.numbers()
        info = bytes.fromhex("3031300d060960864801650304020105000420")
        padded = (info + hashlib.sha256(data).digest()).rjust(256, b"\xff")
        forged = b"\0\1" + padded[2:-52] + b"\0" + padded[-51:]
        signed = self.file("signed", data + forged + (256).to_bytes(4, "little"))
        for exponent in (1, 2, 4, 65536):
            public = self.file("public", der(modulus, exponent))
            private = self.file("private", der(0, modulus, exponent, 1, p, q, 1, 1,
                                               pow(q, -1, p)))
            for done in (run("verify", "--publickey", public, "--bin", signed),
                         run("header", "--publickey", public, "--out", self.dir / "out"),
                         run("sign", "--privatekey", private, "--bin", images() / "esp8266.bin",
                             "--out", self.dir / "out")):
                self.assert_one_line(done, 8, "exponent", "make another")
        self.assertFalse((self.dir / "out").exists())

    def test_three_is_enough(self):
        private, public = self.dir / "k", self.dir / "p"
        openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                "-pkeyopt", "rsa_keygen_pubexp:3", "-out", private)
        private.chmod(0o600)
        openssl("pkey", "-in", private, "-pubout", "-out", public)
        self.assert_exit(run("sign", "--privatekey", private, "--bin", images() / "esp8266.bin",
                             "--out", self.dir / "out"), 0)
        self.assert_exit(run("verify", "--publickey", public, "--bin", self.dir / "out"), 0)


class Token(Case):
    """SoftHSM plays the token; OpenSSL reaches it through what the system has."""

    def setUp(self):
        super().setUp()
        module = next((path for path in ("/usr/lib/softhsm/libsofthsm2.so",
                                         "/usr/lib64/pkcs11/libsofthsm2.so",
                                         "/usr/local/lib/softhsm/libsofthsm2.so")
                       if os.path.exists(path)), None)
        if module is None or shutil.which("softhsm2-util") is None:
            self.skipTest("SoftHSM is not installed")
        found = list(pathlib.Path("/usr/lib").glob("*/engines-3/pkcs11.so")) + \
            list(pathlib.Path("/usr/lib").glob("*/ossl-modules/pkcs11.so"))
        if not found:
            self.skipTest("neither libengine-pkcs11-openssl nor pkcs11-provider is installed")
        (self.dir / "tokens").mkdir()
        conf = self.file("softhsm2.conf", f"directories.tokendir = {self.dir}/tokens\n"
                                          "objectstore.backend = file\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(conf), "PKCS11_MODULE_PATH": module,
                    "PKCS11_PROVIDER_MODULE": module}
        if os.environ.get("ESPOTA_SANITIZED"):
            self.env["ASAN_OPTIONS"] = "detect_leaks=0"  # libp11 keeps what it made
        self.softhsm("--init-token", "--free", "--label", "desk", "--pin", "1234", "--so-pin",
                     "5678")
        for index, kind in enumerate(("rsa-2048", "p256")):
            self.softhsm("--import", key(kind)[0], "--token", "desk", "--label", kind, "--id",
                         f"0{index + 1}", "--pin", "1234")

    def softhsm(self, *argv):
        subprocess.run(["softhsm2-util", *map(str, argv)], check=True, capture_output=True,
                       env={**os.environ, **self.env})

    def sign(self, uri, image, **env):
        return run("sign", "--privatekey", uri, "--bin", images() / image, "--out",
                   self.dir / "out", env={**self.env, **env})

    def test_rsa_in_a_token(self):
        uri = "pkcs11:token=desk;object=rsa-2048;type=private"
        self.assert_exit(self.sign(uri, "esp8266.bin", ESPOTA_PASSPHRASE="1234"), 0)
        data = (images() / "esp8266.bin").read_bytes()
        self.assertEqual((self.dir / "out").read_bytes(),
                         esp8266_signed(data, key("rsa-2048")[0]))
        self.assert_exit(self.sign(uri, "esp32.bin", ESPOTA_PASSPHRASE="1234"), 0)
        self.assert_exit(run("verify", "--publickey", key("rsa-2048")[1], "--bin",
                             self.dir / "out"), 0)

    def test_ecdsa_in_a_token(self):
        uri = "pkcs11:token=desk;object=p256;type=private?pin-value=1234"
        self.assert_exit(self.sign(uri, "esp32.bin"), 0)
        self.assert_exit(run("verify", "--publickey", key("p256")[1], "--bin", self.dir / "out"),
                         0)

    def test_legacy_by_a_token(self):
        uri = "pkcs11:token=desk;object=rsa-2048;type=private?pin-value=1234"
        done = run("sign", "--privatekey", uri, "--bin", images() / "esp8266.bin", "--out",
                   self.dir / "out", "--legacy", self.dir / "legacy", env=self.env)
        self.assert_exit(done, 0)
        self.assert_exit(run("verify", "--publickey", key("rsa-2048")[1], "--bin",
                             self.dir / "legacy", "--format", "esp8266-legacy"), 0)

    def test_wrong_pin_and_wrong_name(self):
        uri = "pkcs11:token=desk;object=rsa-2048;type=private"
        self.assert_exit(self.sign(uri, "esp8266.bin", ESPOTA_PASSPHRASE="9999"), 8)
        done = self.sign("pkcs11:token=desk;object=none;type=private", "esp8266.bin",
                         ESPOTA_PASSPHRASE="1234")
        self.assert_exit(done, 8)
        self.assertIn("gives no key", done.stderr)
        self.assertFalse((self.dir / "out").exists())


class Keygen(Case):
    def test_every_type(self):
        for name, words in (("rsa-2048", b"2048 bit"), ("rsa-3072", b"3072 bit"),
                            ("rsa-4096", b"4096 bit"), ("ecdsa-p256", b"P-256"),
                            ("ecdsa-p384", b"P-384")):
            with self.subTest(type=name):
                private, public = self.dir / f"{name}.key", self.dir / f"{name}.pub"
                self.assert_exit(run("keygen", "--out", private, "--pub", public, "--type", name),
                                 0)
                self.assert_private(private)
                self.assertIn(words, openssl("pkey", "-in", private, "-noout", "-text"))
                self.assertEqual(openssl("pkey", "-in", private, "-pubout"), public.read_bytes())

    def test_the_default_signs_and_verifies(self):
        private, public, out = self.dir / "k", self.dir / "p", self.dir / "o"
        self.assert_exit(run("keygen", "--out", private, "--pub", public), 0)
        self.assert_exit(run("sign", "--privatekey", private, "--bin", images() / "esp8266.bin",
                             "--out", out), 0)
        self.assert_exit(run("verify", "--publickey", public, "--bin", out), 0)

    def test_never_overwrites(self):
        private, public = self.file("k", b"mine"), self.dir / "p"
        done = run("keygen", "--out", private, "--pub", public)
        self.assert_one_line(done, 8, private, "not overwritten")
        self.assertEqual((private.read_bytes(), self.names()), (b"mine", ["k"]))
        done = run("keygen", "--out", self.dir / "new", "--pub", private)
        self.assert_one_line(done, 8, private, "not overwritten")
        self.assertEqual((private.read_bytes(), self.names()), (b"mine", ["k"]))
        self.assert_exit(run("keygen", "--out", self.dir / "x", "--pub", self.dir / "x"), 2)

    def test_encrypted(self):
        private, public = self.dir / "k", self.dir / "p"
        words = self.file("words", WORDS)
        self.assert_exit(run("keygen", "--out", private, "--pub", public, "--type", "ecdsa-p256",
                             "--passphrase-file", words), 0)
        self.assertIn(b"ENCRYPTED PRIVATE KEY", private.read_bytes())
        self.assertEqual(openssl("pkey", "-in", private, "-passin", f"pass:{WORDS}", "-pubout"),
                         public.read_bytes())


def signing_py_header(data):
    lines = ", \n".join(f"0x{byte:02x}" for byte in data)
    return ("#include <pgmspace.h>\n#define ARDUINO_SIGNING 1\n"
            f"static const char signing_pubkey[] PROGMEM = {{\n{lines}\n}};\n")


class Header(Case):
    def test_as_signing_py_writes_it(self):
        public, out = key("rsa-2048")[1], self.dir / "h"
        self.assert_exit(run("header", "--publickey", public, "--out", out), 0)
        self.assertEqual(out.read_text(), signing_py_header(public.read_bytes()))

    def test_an_identical_one_is_not_touched(self):
        public, out = key("rsa-2048")[1], self.dir / "h"
        self.assert_exit(run("header", "--publickey", public, "--out", out), 0)
        before = out.stat()
        self.assert_exit(run("header", "--publickey", public, "--out", out), 0)
        self.assertEqual((out.stat().st_mtime_ns, out.stat().st_ino),
                         (before.st_mtime_ns, before.st_ino))
        self.assert_exit(run("header", "--publickey", key("rsa-3072")[1], "--out", out), 0)
        self.assertNotEqual(out.stat().st_ino, before.st_ino)

    def test_a_der_key_becomes_pem(self):
        public, der, out = key("rsa-2048")[1], self.dir / "der", self.dir / "h"
        openssl("pkey", "-pubin", "-in", public, "-outform", "DER", "-out", der)
        self.assert_exit(run("header", "--publickey", der, "--out", out), 0)
        self.assertEqual(out.read_text(), signing_py_header(public.read_bytes()))

    def test_esp32(self):
        for kind, options in (("p256", ()), ("rsa-2048", ("--format", "esp32"))):
            out = self.dir / "h"
            self.assert_exit(run("header", "--publickey", key(kind)[1], "--out", out, *options), 0)
            text = out.read_text()
            numbers = text[text.index("{") + 1:text.index("}")].replace("\n", " ").split(",")
            data = bytes(int(number, 16) for number in numbers if number.strip())
            self.assertEqual(data, key(kind)[1].read_bytes() + b"\0")
            self.assertIn(f"const size_t PUBLIC_KEY_LEN = {len(data)};", text)
            self.assertIn("const uint8_t PUBLIC_KEY[] PROGMEM", text)

    def test_it_compiles(self):
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler")
        self.file("pgmspace.h", "#define PROGMEM\n")
        for name, format_ in (("a.h", "esp8266"), ("b.h", "esp32")):
            self.assert_exit(run("header", "--publickey", key("rsa-2048")[1], "--out",
                                 self.dir / name, "--format", format_), 0)
        self.file("x.c", '#include <stddef.h>\n#include <stdint.h>\n#include "pgmspace.h"\n'
                         '#include "a.h"\n#include "b.h"\n'
                         "int main(void) { return signing_pubkey[0] != PUBLIC_KEY[0] || "
                         "PUBLIC_KEY_LEN != sizeof(PUBLIC_KEY) || ARDUINO_SIGNING != 1; }\n")
        subprocess.run([compiler, "-I", self.dir, self.dir / "x.c", "-o", self.dir / "x"],
                       check=True, capture_output=True)
        subprocess.run([self.dir / "x"], check=True)

    def test_refusals(self):
        out = self.dir / "h"
        self.assert_one_line(run("header", "--publickey", key("p256")[1], "--out", out, "--format",
                                 "esp8266"), 8, "RSA only")
        self.assert_one_line(run("header", "--publickey", key("rsa-2048")[0], "--out", out), 8,
                             "private key")
        self.assert_one_line(run("header", "--publickey", self.dir / "none", "--out", out), 8,
                             "No such file")
        self.assert_exit(run("header", "--out", out), 2)
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    espota_test.main()
