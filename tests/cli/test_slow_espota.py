# SPDX-License-Identifier: MIT
"""Uploads to devices that are as slow as real ones: a few of what tests/pair has in full, in real
time and all at once."""

import concurrent.futures
import time

import espota_test
from espota_host import Host
from espota_test import Case, Stub, events, image, run

PASSWORD = "open sesame"


class Slow(Case):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(20000))

    def upload(self, *stub, password=None, file=None):
        """The exit code, and what the result event says."""
        protected = ("--password", PASSWORD) if password is not None else ()
        given = ("--auth", password) if password is not None else ()
        with Stub("--fast", *protected, *stub) as device:
            start = time.monotonic()
            done = run("upload", "--host", device.target, "--json", "--retries", "0", *given,
                       file or self.image, timeout=300)
            took = time.monotonic() - start
        result = [event for event in events(done.stdout) if event["event"] == "result"][-1]
        return done.returncode, f"{stub}: {took:.1f} s: {result.get('message')}"

    def check(self, cases):
        """(exit code, arguments of upload), all at the same time."""
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            running = [(code, pool.submit(self.upload, *argv, **named))
                       for code, argv, named in cases]
            for code, done in running:
                got, what = done.result()
                self.assertEqual(got, code, what)

    def test_loops(self):
        right, wrong = {"password": PASSWORD}, {"password": "guess"}
        sha256 = ("--auth-method", "sha256")
        self.check([
            (0, ("--loop-delay", "300"), {}),
            (0, ("--loop-delay", "4000"), {}),
            (0, ("--loop-delay", "1500"), right),
            (0, ("--loop-delay", "8000"), right),
            (4, ("--loop-delay", "1500"), wrong),
            (4, ("--loop-delay", "4000", "--auth-method", "md5-esp32"), wrong),
            (0, ("--loop-delay", "4000", "--auth-method", "md5-esp32"), right),
            (0, ("--loop-delay", "1500", *sha256), right),
            (0, ("--loop-delay", "4000", "--quirks", *sha256), right),
            (4, ("--loop-delay", "2000", *sha256), wrong),
        ])

    def test_a_long_pbkdf2(self):
        argv = ("--auth-method", "sha256", "--auth-delay", "4000")
        self.check([(0, argv, {"password": PASSWORD}), (4, argv, {"password": "guess"}),
                    (4, (*argv, "--loop-delay", "1000"), {"password": "guess"})])

    def test_twenty_kilobytes_a_second(self):
        """For longer than the time-out."""
        file = self.file("large.bin", image(300000))
        slow = ("--rate", "20000")
        self.check([(0, slow, {"file": file}), (0, slow, {"file": file, "password": PASSWORD})])

    def test_an_old_esp32_replies_to_the_answer(self):
        """To any port that a right answer comes from; an ESP8266 replies to the inviter alone."""
        for method, heard in ("md5", 0), ("md5-esp32", 1), ("sha256", 1):
            with self.subTest(method=method), \
                    Stub("--fast", "--password", PASSWORD, "--auth-method", method) as device:
                inviter, other = self.host(device), self.host(device)
                nonce = inviter.challenge(image())
                other.answer(nonce, PASSWORD)
                self.assertEqual((inviter, other)[heard].reply(), "OK")

    def host(self, device):
        host = Host(device.host, device.port)
        self.addCleanup(host.close)
        return host


if __name__ == "__main__":
    espota_test.main()
