# SPDX-License-Identifier: MIT
"""Every command of the README's recipes, as written.

They name devices in 192.168.1.0/24: the test makes a network namespace of its own in which those
addresses are devices in a process. Needs root for that, and says SKIPPED without.
"""

import base64
import os
import pathlib
import re
import subprocess
import sys

import espota_test
from espota_test import Case, Process, espota_c, espota_stub, image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
INSIDE = "ESPOTA_README_NAMESPACE"


def blocks(name, kind):
    return [text for found, text in BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
            if found == kind]


def make_addresses():
    """Inside the namespace: loopback is up and has the devices' addresses."""
    for command in ("ip link set lo up", "ip addr add 192.168.1.50/32 dev lo",
                    "ip addr add 192.168.1.51/32 dev lo",
                    "ip addr add 192.168.1.70/32 dev lo"):
        subprocess.run(command.split(), check=True)


class Readme(Case):
    def setUp(self):
        super().setUp()
        bin_dir = self.dir / "bin"
        bin_dir.mkdir()
        (bin_dir / "espota-c").symlink_to(os.path.abspath(espota_c()))
        core = self.dir / ".arduino15" / "packages" / "v" / "hardware" / "esp32" / "3.3.8"
        core.mkdir(parents=True)
        (core / "platform.txt").write_text("tools.esp_ota.cmd=python3 x\n")
        self.env = espota_test.environment(
            {"PATH": f"{bin_dir}:{os.environ['PATH']}", "HOME": str(self.dir)})
        self.file("sketch.bin", image())
        self.file("secret.txt", "secret\n")
        self.file("other.txt", "other\n")
        self.file("firmware.ota.bin", image(seed=9))
        self.file("kitchen.key", base64.b64encode(bytes(range(32))).decode() + "\n")

    def device(self, address, *argv):
        device = Process(espota_stub(), "--bind", address, "--port", "8266", "--fast",
                         "--json", *argv)
        self.addCleanup(device.close)
        device.wait_event("ready")

    def sh(self, script):
        done = subprocess.run(["sh", "-e", "-c", script], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=espota_test.TIMEOUT)
        return done

    def run_all(self, name):
        self.device("192.168.1.50", "--password", "secret")
        self.device("192.168.1.51", "--password", "other")
        self.device("192.168.1.70", "--esphome", "--encrypted", "--key-file",
                    self.dir / "kitchen.key")
        fleet, = blocks(name, "text")
        self.file("fleet.txt", fleet)
        for block in blocks(name, "sh"):
            for line in block.splitlines():
                with self.subTest(line=line):
                    done = self.sh(line)
                    # nobody announces himself in the namespace: 3 is discover's true answer
                    wanted = 3 if line == "espota-c discover" else 0
                    self.assertEqual(done.returncode, wanted, done.stderr)

    def test_english(self):
        self.run_all("README.md")

    def test_vietnamese(self):
        self.run_all("README.vi.md")

    def test_both_have_the_same_commands(self):
        for kind in ("sh", "text", "ini"):
            self.assertEqual(blocks("README.md", kind), blocks("README.vi.md", kind))

    def test_what_the_readme_names_is_there(self):
        for name in ("README.md", "README.vi.md"):
            text = (ROOT / name).read_text(encoding="utf-8")
            for path in re.findall(r"`((?:contrib|src|firmware-stub|tests)/[\w./-]+)`", text):
                self.assertTrue((ROOT / path).exists(), f"{name}: {path}")


if __name__ == "__main__":
    if INSIDE not in os.environ:
        can = subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
        if not can:
            print("SKIPPED: no network namespace can be made here (root can)")
            sys.exit(77)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    make_addresses()
    espota_test.main()
