# SPDX-License-Identifier: MIT
"""What the tests of signing share: openssl as the oracle, its keys, images of every kind."""

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import espota_test

_folder = pathlib.Path(tempfile.mkdtemp(prefix="espota-keys-"))


def tearDownModule():  # imported into the test modules
    shutil.rmtree(_folder, ignore_errors=True)


def openssl(*argv, stdin=b"", check=True):
    if shutil.which("openssl") is None:
        raise unittest.SkipTest("the openssl tool is not installed")
    done = subprocess.run(["openssl", *map(str, argv)], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {argv}: {done.stderr.decode()}")
    return done.stdout if check else done


@functools.lru_cache(maxsize=None)
def key(kind):
    """(private, public) of "rsa-2048", "p256", …, made by openssl once for all tests."""
    private, public = _folder / f"{kind}.key", _folder / f"{kind}.pub"
    if kind.startswith("rsa-"):
        openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
                f"rsa_keygen_bits:{kind[4:].split('-')[0]}", "-out", private)
    else:
        curve = {"p256": "P-256", "p384": "P-384", "p521": "P-521"}[kind]
        openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}",
                "-out", private)
    private.chmod(0o600)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


def esp8266_signed(data, private):
    signature = openssl("dgst", "-sha256", "-sign", private, stdin=data)
    return data + signature + len(signature).to_bytes(4, "little")


def legacy_signed(data, private):
    signature = openssl("pkeyutl", "-sign", "-inkey", private, "-pkeyopt",
                        "rsa_padding_mode:pkcs1", stdin=hashlib.sha256(data).digest())
    return data + signature + len(signature).to_bytes(4, "little")


@functools.lru_cache(maxsize=None)
def images():
    """A folder with images of every kind, good and bad."""
    path = os.environ.get("ESPOTA_IMAGES")
    if not path or not pathlib.Path(path, "esp8266.bin").exists():
        raise unittest.SkipTest("ESPOTA_IMAGES does not name the folder of test images")
    return pathlib.Path(path)


class Case(espota_test.Case):
    def openssl_verifies(self, public, signature, data, *options):
        path = self.file("signature", signature)
        done = openssl("dgst", "-verify", public, "-signature", path, *options, stdin=data,
                       check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def names(self):
        return sorted(path.name for path in self.dir.iterdir())
