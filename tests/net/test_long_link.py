# SPDX-License-Identifier: MIT
"""Over a link of 30 ms each way to a device with lwIP's window."""

import os
import subprocess

import espota_test
import long_link
import netlab
from espota_test import Case, Process, espota_c, espota_stub, events, image

SIZE = 1 << 20
WINDOW = 5840


class LongLink(Case):
    def setUp(self):
        super().setUp()
        netlab.need_namespaces()
        self.image = self.file("door.bin", image(SIZE))
        try:
            self.link = long_link.Link(os.environ["ESPOTA_DELAY_LINK"], 30)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no such link here: {error}")
        self.addCleanup(self.link.close)

    def test_through_a_web_updater(self):
        device = self.link.argv(1, espota_stub(), "--json", "--fast", "--bind", long_link.DEVICE,
                                "--http", f"{long_link.DEVICE}:0", "--tcp-window", WINDOW)
        with Process(*device) as stub:
            url = f"http://{stub.wait_event('ready')['http']}/update"
            done = espota_test.run_program(*self.link.argv(
                0, espota_c(), "upload", "--json", "--retries", "0", "--host", url, self.image))
        self.assert_exit(done, 0)
        progress = [e["bytes"] for e in events(done.stdout) if e["event"] == "progress"]
        self.assertGreater(len(progress), 10, "the bar moves")
        self.assertEqual((progress, progress[-1]), (sorted(set(progress)), SIZE))


if __name__ == "__main__":
    espota_test.main()
