# SPDX-License-Identifier: MIT
"""Uploads to ESPHome's devices over a link that loses packets: what is said of each, and what its
device did."""

import json
import subprocess
import threading

from long_link import DEVICE

CONNECT_SECONDS = 60  # of which many attempts are lost


class Upload:
    """One upload over a link that loses packets, and what its device tells."""

    def __init__(self, link, ours, stub, file):
        self.link, self.program, self.file = link, ours, file
        self.device = link.popen(1, [stub, "--bind", DEVICE, "--port", "0", "--fast", "--json",
                                     "--esphome", "--plain"], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.device.stdout.readline())["port"]
        self.told = []
        self.listener = threading.Thread(
            target=lambda: self.told.extend(map(json.loads, self.device.stdout)))
        self.listener.start()
        self.result = None
        self.thread = threading.Thread(target=self._upload)
        self.thread.start()

    def _upload(self):
        done = subprocess.run(
            self.link.argv(0, self.program, "upload", "--json", "-q", "--timeout", CONNECT_SECONDS,
                           "--host", f"esphome://{DEVICE}:{self.port}", self.file),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event["event"] == "result":
                self.result = event

    def end(self):
        """What the uploader says, and how often the device has taken the image."""
        self.thread.join()
        self.device.terminate()
        self.device.wait()
        self.listener.join()
        self.device.stdout.close()
        verdict = "ok" if self.result["ok"] else self.result["reason"]
        return verdict, sum(event["event"] == "end" for event in self.told)


def is_right(verdict, taken):
    if verdict == "ok":
        return taken == 1
    if verdict == "unknown":
        return taken <= 1
    return taken == 0


def upload_lossy(link, ours, stub, file, uploads):
    """All at once, as most of the time goes by waiting for what was lost: (verdict, taken) of each."""
    each = [Upload(link, ours, stub, file) for _ in range(uploads)]
    return [upload.end() for upload in each]
