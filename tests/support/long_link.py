# SPDX-License-Identifier: MIT
"""Two network namespaces and a cable between them that delays every packet, or loses some."""

import os
import subprocess

HOST, DEVICE = "10.77.0.1", "10.77.0.2"
CHUNK = 1460


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Link:
    """Side 0 is HOST, side 1 DEVICE. OSError, RuntimeError or CalledProcessError: none here."""

    def __init__(self, delay_link, delay_ms, loss=0):
        self.names = [f"espota-{os.getpid()}-{side}" for side in "ab"]
        self.cable = None
        try:
            self._lay(delay_link, delay_ms, loss)
        except BaseException:
            self.close()
            raise

    def _lay(self, delay_link, delay_ms, loss):
        for name in self.names:
            run("ip", "netns", "add", name)
        self.cable = subprocess.Popen([delay_link, *self.names, str(delay_ms), str(loss)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.cable.stdout.readline() != "ready\n":
            raise RuntimeError("the cable did not come up")
        for name, address in zip(self.names, (HOST, DEVICE)):
            run("ip", "-n", name, "addr", "add", address + "/24", "dev", "link0")
            # 40 bytes of headers and 12 of time stamps beside a whole chunk in each packet
            run("ip", "-n", name, "link", "set", "link0", "mtu", str(CHUNK + 52), "up")
            run("ip", "-n", name, "link", "set", "lo", "up")

    def argv(self, side, *command):
        return ["ip", "netns", "exec", self.names[side], *map(str, command)]

    def popen(self, side, command, **more):
        return subprocess.Popen(self.argv(side, *command), **more)

    def close(self):
        if self.cable:
            self.cable.stdin.close()
            self.cable.wait()
            self.cable.stdout.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
