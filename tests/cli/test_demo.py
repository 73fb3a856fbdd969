# SPDX-License-Identifier: MIT
"""firmware-stub/demo.sh, as a stranger types it: the first time, again, interrupted, without apt."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

import espota_test
from espota_host import wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Demo(espota_test.Case):
    def setUp(self):
        super().setUp()
        self.tmp = self.dir / "tmp"
        self.tmp.mkdir()
        self.bin = self.dir / "bin"
        self.bin.mkdir()
        self.network = self.dir / "network"
        for name in ("apt-get", "sudo", "curl", "wget", "git"):
            self.tool(name, f'echo "$0 $*" >>{self.network}; exit 1')

    def tool(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def start(self):
        env = espota_test.environment({
            "PATH": f"{self.bin}:{os.environ['PATH']}", "TMPDIR": str(self.tmp),
            "ESPOTA_BUILD": os.environ["ESPOTA_DEMO_BUILD"]})
        demo = subprocess.Popen(["sh", str(ROOT / "firmware-stub/demo.sh")], env=env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(demo.wait)
        return demo

    def run_demo(self):
        demo = self.start()
        out = demo.communicate(timeout=500)[0]
        return demo.returncode, out

    def processes(self):
        """Those that work in the demo's temporary folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.tmp).encode() in entry.read_bytes():
                    found.append(entry)
            except OSError:
                continue
        return found

    def test_from_the_first_line_to_the_last(self):
        if not shutil.which("dpkg-query"):
            self.skipTest("this is not Debian")
        for _ in range(2):
            code, out = self.run_demo()
            self.assertEqual(code, 0, out)
            size = re.search(r"These are the (\d+) bytes of blink\.bin, byte for byte", out)[1]
            self.assertIn("ERROR[12]: Signature verification failed", out)  # the unsigned one
            self.assertIn(f"copied {size} bytes", out)  # without the signature
            sums = re.findall(r"starts the program at 0x[0-9a-f]+, \d+ bytes, MD5 ([0-9a-f]{32})", out)
            self.assertEqual(len(sums), 2)
            self.assertEqual(sums[0], sums[1])
            self.assertRegex(out.splitlines()[-1], r"espota-c upload --host 192\.168\.\d+\.\d+ ")
            self.assertFalse(self.network.exists(), "it wanted something from outside")
            self.assertEqual(list(self.tmp.iterdir()), [])
            self.assertEqual(self.processes(), [])

    def test_interrupted(self):
        self.run_demo()  # so that all is built
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                demo = self.start()
                for line in demo.stdout:
                    if " listens on " in line:
                        break
                os.killpg(demo.pid, number)  # as a terminal does
                demo.stdout.read()
                self.assertEqual(demo.wait(espota_test.TIMEOUT), 128 + number)
                wait_for(lambda: self.processes() == [])
                self.assertEqual(list(self.tmp.iterdir()), [])

    def test_packages_that_it_may_not_install(self):
        self.tool("dpkg-query", "exit 1")
        self.tool("id", "echo 1000")
        code, out = self.run_demo()
        self.assertEqual(code, 1)
        line = out.splitlines()[-1]
        self.assertRegex(line, r"^ *sudo apt-get update && sudo apt-get install -y .*cmake")
        self.assertEqual(self.network.read_text().strip(), f"{self.bin}/sudo -n true")
        self.assertEqual(list(self.tmp.iterdir()), [])

    def test_packages_that_cannot_be_had(self):
        self.tool("dpkg-query", "exit 1")
        self.tool("id", "echo 0")
        code, out = self.run_demo()
        self.assertEqual(code, 1)
        self.assertIn("apt-get could not install", out)


if __name__ == "__main__":
    if "ESPOTA_DEMO_BUILD" not in os.environ:
        raise unittest.SkipTest("ESPOTA_DEMO_BUILD is not set")
    espota_test.main()
