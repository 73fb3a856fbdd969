# SPDX-License-Identifier: MIT
"""Whole runs of sign, verify and header in which one allocation fails, OpenSSL's included.

A run must end, must not crash, and must not say good of what is bad or bad of what is good. Every
nth allocation is one run, thousands for each command: by default some hundreds, with
tests/run.sh --slow all of them.
"""

import concurrent.futures
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile

import espota_test
from espota_test import program, run
from signing import Case, esp8266_signed, images, key, legacy_signed, tearDownModule  # noqa: F401

SLOW = os.environ.get("ESPOTA_TEST_SLOW") == "1"
CPU_SECONDS = 2  # a run takes hundredths of one; the clock would measure the machine's load
# OpenSSL 3.5 waits for itself when an allocation of its error tables fails (it raises an error
# while it sets errors up). Nothing above it can help that; it is a handful of allocations.
BLOCKED_MOST = 10


class Allocations(Case):
    def setUp(self):
        super().setUp()
        self.shim = program("ESPOTA_FAIL_ALLOC")
        self.private, self.public = key("rsa-2048")
        self.data = (images() / "esp8266.bin").read_bytes()
        self.source = self.file("in", self.data)
        self.signed = self.file("signed", esp8266_signed(self.data, self.private))

    def once(self, folder, argv, **env):
        return subprocess.run(
            [espota_test.espota_c(), *map(str, argv)], cwd=folder, check=False,
            timeout=espota_test.TIMEOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=espota_test.environment({"LD_PRELOAD": self.shim, **env}), preexec_fn=lambda:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1)))

    def failing(self, nth, argv):
        """One run whose nth allocation fails: exit code, message, the files that it left."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        try:
            done = self.once(folder, argv, ESPOTA_FAIL_NTH=str(nth))
        except subprocess.TimeoutExpired:  # it used no time of the processor: it waits
            return nth, None, "", {}
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        shutil.rmtree(folder)
        return nth, done.returncode, done.stderr.decode(), found

    def sweep(self, *argv, good=0, outputs=None, step=59):
        """`good`: the exit code where the failure did not matter; else it must be 8."""
        outputs = outputs or {}
        count = self.file("count")
        done = self.once(tempfile.mkdtemp(dir=self.dir), argv, ESPOTA_FAIL_COUNT=str(count))
        self.assertEqual(done.returncode, good, done.stderr)
        total = int(count.read_text())
        self.assertGreater(total, 1000)  # it sees OpenSSL's
        failed = blocked = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for nth, code, said, found in pool.map(lambda n: self.failing(n, argv),
                                                   range(1, total + 1, 1 if SLOW else step)):
                if code is None:
                    blocked += 1
                    continue
                why = f"{argv[0]}, allocation {nth} of {total}: exit {code}, {said}"
                self.assertIn(code, (good, 8), why)
                self.assertEqual(found, outputs if code == 0 else {}, why)
                self.assertTrue(code == 0 or said, why)
                failed += code == 8
        self.assertGreater(failed, 0)
        self.assertLessEqual(blocked, BLOCKED_MOST)

    def test_sign(self):
        self.sweep("sign", "--privatekey", self.private, "--bin", self.source, "--out", "out",
                   "--legacy", "legacy",
                   outputs={"out": self.signed.read_bytes(),
                            "legacy": legacy_signed(self.data, self.private)})

    def test_verify_good(self):
        """In narrower steps: what reads a key is the same in all commands."""
        self.sweep("verify", "--publickey", self.public, "--bin", self.signed, step=13)

    def test_verify_bad(self):
        bad = bytearray(self.signed.read_bytes())
        bad[100] ^= 1
        self.sweep("verify", "--publickey", self.public, "--bin", self.file("bad", bytes(bad)),
                   good=7)

    def test_verify_ecdsa(self):
        private, public = key("p256")
        out = self.dir / "esp32"
        self.assert_exit(run("sign", "--privatekey", private, "--format", "esp32", "--bin",
                             self.source, "--out", out), 0)
        self.sweep("verify", "--publickey", public, "--bin", out)

    def test_header(self):
        self.assert_exit(run("header", "--publickey", self.public, "--out", self.dir / "h"), 0)
        self.sweep("header", "--publickey", self.public, "--out", "h",
                   outputs={"h": (self.dir / "h").read_bytes()})


if __name__ == "__main__":
    espota_test.main()
