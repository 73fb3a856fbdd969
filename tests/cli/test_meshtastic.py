# SPDX-License-Identifier: MIT
"""Uploads to Meshtastic's OTA loader."""

import socket

import espota_test
from espota_test import Case, events, result_of, run
from images import esp32_image
from meshtastic_device import Loader


class Meshtastic(Case):
    def setUp(self):
        super().setUp()
        self.bytes = esp32_image(30000)
        self.image = self.file("firmware.bin", self.bytes)

    def upload(self, device, *argv, target=None):
        with device:
            return run("upload", "--json", "--host", f"meshtastic://{target or device.host}",
                       *argv, self.image)

    def refused(self, device, code, *words, argv=("--retries", "0")):
        done = self.upload(device, *argv)
        self.assert_exit(done, code)
        for word in words:
            self.assertIn(word, result_of(done)["message"])
        self.assertFalse(device.started)
        return result_of(done)

    def test_taken(self):
        for erases in (b"ERASING", b"ERASING\n", b""):
            device = Loader(self.bytes, erases=erases)
            done = self.upload(device)
            self.assert_exit(done, 0)
            self.assertEqual(device.program, self.bytes)
            self.assertEqual(device.lines, [f"OTA {len(self.bytes)} {device.awaits}"])
            names = [e["event"] for e in events(done.stdout)]
            self.assertEqual(list(dict.fromkeys(names)),
                             ["start", "connected", "progress", "result", "summary"])
            self.assertEqual(result_of(done)["bytes"], len(self.bytes))

    def test_longer_than_the_time_out(self):
        device = Loader(self.bytes, rate=20_000)
        done = self.upload(device, "--timeout", "1", "--retries", "0")
        self.assert_exit(done, 0)
        self.assertGreater(result_of(done)["seconds"], 1.2)
        self.assertEqual(device.program, self.bytes)

    def test_started_for_another_file(self):
        device = Loader(b"another")
        self.refused(device, 5, "Hash Rejected (NVS Mismatch)", "let it be that of this file")
        self.assertEqual(device.program, b"the old one")
        self.assertEqual(device.connections, 1, "the same would be said again")

    def test_what_it_wrote_is_not_what_was_sent(self):
        device = Loader(self.bytes, damages=True)
        self.refused(device, 5, "Hash Mismatch", "no program now", argv=())
        self.assertEqual(device.connections, 1, "nothing is tried after the last byte")

    def test_tried_again_where_it_broke(self):
        self.bytes = esp32_image(900_000)
        self.image = self.file("large.bin", self.bytes)
        device = Loader(self.bytes, breaks_after=9000)
        done = self.upload(device)
        self.assert_exit(done, 0)
        self.assertEqual((device.program, device.connections), (self.bytes, 2))
        retry = next(e for e in events(done.stdout) if e["event"] == "retry")
        self.assertIn("it has no program now", retry["message"])

    def test_its_flash_fails(self):
        self.refused(Loader(self.bytes, flash_fails=True), 5, "Flash Write", "could not write")

    def test_no_answer(self):
        self.refused(Loader(self.bytes, silent=True), 3, "said nothing",
                     argv=("--retries", "0", "--timeout", "0.5"))
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        done = run("upload", "--json", "--retries", "0", "--host", f"meshtastic://127.0.0.1:{port}",
                   self.image)
        self.assert_exit(done, 3)
        self.assertIn("only while its OTA loader runs", result_of(done)["message"])

    def test_no_file_system(self):
        self.refused(Loader(self.bytes), 7, "takes no file system",
                     argv=("--fs", "--force", "--retries", "0"))

    def test_where_it_listens(self):
        done = run("upload", "--dry-run", "--json", "--host", "meshtastic://127.0.0.1", self.image)
        self.assertIn("connected to at 127.0.0.1:3232", result_of(done)["message"])

    def test_in_a_targets_file(self):
        with Loader(self.bytes) as device:
            lines = self.file("all", f"meshtastic://{device.host} file={self.image}\n")
            self.assert_exit(run("upload", "--targets", lines), 0)
        self.assertEqual(device.program, self.bytes)


if __name__ == "__main__":
    espota_test.main()
