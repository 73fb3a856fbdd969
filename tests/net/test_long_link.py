# SPDX-License-Identifier: MIT
"""Over links that are long, or lose packets, to a device with lwIP's window."""

import os
import subprocess

import espota_test
import long_link
import netlab
from esphome_lossy import is_right, upload_lossy
from espota_test import Case, Process, espota_c, espota_stub, events, image

SIZE = 1 << 20
WINDOW = 5840


class Linked(Case):
    def lay(self, delay_ms, loss=0):
        netlab.need_namespaces()
        try:
            self.link = long_link.Link(os.environ["ESPOTA_DELAY_LINK"], delay_ms, loss)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no such link here: {error}")
        self.addCleanup(self.link.close)

    def device(self, *options):
        return Process(*self.link.argv(1, espota_stub(), "--json", "--fast", "--bind",
                                       long_link.DEVICE, "--tcp-window", WINDOW, *options))

    def upload(self, *argv):
        return espota_test.run_program(*self.link.argv(0, espota_c(), "upload", "--json", *argv),
                                       timeout=5 * espota_test.TIMEOUT)


class Long(Linked):
    def test_through_a_web_updater(self):
        self.lay(30)
        door = self.file("door.bin", image(SIZE))
        with self.device("--http", f"{long_link.DEVICE}:0") as stub:
            url = f"http://{stub.wait_event('ready')['http']}/update"
            done = self.upload("--retries", "0", "--host", url, door)
        self.assert_exit(done, 0)
        progress = [e["bytes"] for e in events(done.stdout) if e["event"] == "progress"]
        self.assertGreater(len(progress), 10, "the bar moves")
        self.assertEqual((progress, progress[-1]), (sorted(set(progress)), SIZE))


class Lossy(Linked):
    """One packet in twenty is lost each way, of the invitation as of the image."""

    def test_it_arrives_and_nothing_wrong_is_said(self):
        self.lay(2, 5)
        door = self.file("door.bin", image(100_000))
        right, wrong = self.file("right", b"secret\n"), self.file("wrong", b"other\n")
        for method in ("md5", "sha256"):
            with self.device("--port", "0", "--password-file", right, "--auth-method",
                             method) as stub:
                host = f"{long_link.DEVICE}:{stub.wait_event('ready')['port']}"
                for number in range(3):
                    with self.subTest(method=method, number=number):
                        self.assert_exit(self.upload("--password-file", right, "--host", host,
                                                     door), 0)
                done = self.upload("--password-file", wrong, "--host", host, door)
                # a refusal is believed only where nothing can have crossed it
                self.assertIn(done.returncode, (3, 4), done.stderr)


class LossyEsphome(Linked):
    """Lost in both directions, at any place of the dialogue: the verdict is the device's, or unknown
    where it may have been lost, and no device gets an image twice. tests/bench has this harder."""

    def test_the_verdict_is_right(self):
        self.lay(2, 20)
        door = self.file("door.bin", image(16384))
        ends = upload_lossy(self.link, espota_c(), espota_stub(), door, 5)
        self.assertIn(("ok", 1), ends)
        for verdict, taken in ends:
            self.assertTrue(is_right(verdict, taken), (verdict, taken))


if __name__ == "__main__":
    espota_test.main()
