# SPDX-License-Identifier: MIT
"""Pushes through a web updater that take longer than every time-out."""

import signal

import espota_test
from espota_test import Case, Process, Stub, espota_c, events, image, run


class Slow(Case):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(300_000))
        self.stub = Stub("--fast", "--http", "127.0.0.1:0", "--rate", "20k", "--tcp-window",
                         "20000")
        self.addCleanup(self.stub.close)
        self.argv = ["upload", "--json", "--retries", "0", "--host",
                     f"http://{self.stub.ready['http']}/update", self.image]

    def test_longer_than_the_time_out(self):
        done = run(*self.argv)
        self.assert_exit(done, 0)
        told = events(done.stdout)
        result = next(e for e in told if e["event"] == "result")
        progress = [e["bytes"] for e in told if e["event"] == "progress"]
        self.assertGreater(result["seconds"], 11, "longer than --timeout")
        self.assertGreater(len(progress), 8, "the bar moves")
        self.assertEqual((progress, progress[-1]), (sorted(set(progress)), 300_000))
        self.assertLess(progress[0], 150_000, "from the beginning")

    def test_interrupted(self):
        with Process(espota_c(), *self.argv) as upload:
            while upload.wait_event("progress")["bytes"] < 20_000:
                pass
            upload.signal(signal.SIGINT)
            result = upload.wait_event("result")
            self.assertEqual(upload.wait(), 130)
        self.assertGreaterEqual(result["bytes"], 20_000)
        self.assertLess(result["bytes"], 300_000)
        self.assertIn(f"stopped after {result['bytes']} of 300000 bytes", result["message"])


if __name__ == "__main__":
    espota_test.main()
