# SPDX-License-Identifier: MIT
"""What takes espota-stub its time: a challenge that expires, a host that falls silent."""

import concurrent.futures
import socket
import time

import espota_test
from espota_host import Host
from espota_test import Stub
from images import esp8266_image

CHALLENGE = 20  # seconds that a challenge may be answered
IDLE = 30  # seconds that a stream may stand still
PASSWORD = "open sesame"


class Waits(espota_test.Case):
    def host(self, *argv):
        stub = Stub("--fast", *argv)
        self.addCleanup(stub.close)
        host = Host(stub.host, stub.port)
        self.addCleanup(host.close)
        return stub, host

    def expired(self, *argv):
        """The reply to an answer that comes late, None if there is none."""
        _, host = self.host("--password", PASSWORD, *argv)
        nonce = host.challenge(esp8266_image())
        time.sleep(CHALLENGE + 0.5)
        host.answer(nonce, PASSWORD)
        try:
            return host.reply(3)
        except socket.timeout:
            host.challenge(esp8266_image())  # it was idle, so this is answered
            return None

    def idle(self, *argv):
        """What a device says to a host that stops in the middle; None: nothing in a long time."""
        stub, host = self.host(*argv)
        image = esp8266_image()
        host.invite(image)
        if host.reply() != "OK":
            raise AssertionError("not accepted")
        start = time.monotonic()
        host.accept().sendall(image[:4096])
        host.read(until=b"6")  # all of 4096 is counted
        counts = len(host.said)
        host.peer.settimeout(IDLE + 3)
        try:
            host.read()
        except socket.timeout:
            return None, None, None
        return host.said[counts:], time.monotonic() - start, stub.wait_event("error")

    def test_all_at_once(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            expired = pool.submit(self.expired)
            expired_quirks = pool.submit(self.expired, "--quirks")
            idle = pool.submit(self.idle)
            idle_quirks = pool.submit(self.idle, "--quirks")
            self.assertIsNone(expired.result())
            self.assertEqual(expired_quirks.result(), "OK")
            words, seconds, error = idle.result()
            self.assertEqual(words, b"ERROR[6]: Stream Read Timeout\n")
            self.assertGreaterEqual(seconds, IDLE - 0.1)
            self.assertEqual((error["step"], error["error"]), ("receive", 6))
            self.assertEqual(idle_quirks.result(), (None, None, None))


if __name__ == "__main__":
    espota_test.main()
