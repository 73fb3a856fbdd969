# SPDX-License-Identifier: MIT
"""How much memory signing takes; a file of its own, as sanitizers have memory of their own."""

import os
import pathlib
import subprocess

import espota_test
from signing import Case, key, tearDownModule  # noqa: F401


class Memory(Case):
    def test_memory_does_not_grow_with_the_file(self):
        """A hundred megabytes from a pipe to a file, plain and compressed."""
        if not os.path.exists("/proc/self/status"):
            self.skipTest("no /proc to read the memory from")
        private = key("rsa-2048")[0]
        for options in ((), ("--gzip",)):
            sign = subprocess.Popen([espota_test.espota_c(), "sign", "-q", "--privatekey",
                                     private, "--bin", "-", "--out", self.dir / "big",
                                     *options], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for _ in range(100):
                sign.stdin.write(bytes(1000000))
            # it waits for more: the peak so far is that of all but the signature itself
            status = pathlib.Path(f"/proc/{sign.pid}/status").read_text()
            peak = int(next(line.split()[1] for line in status.splitlines()
                            if line.startswith("VmHWM:")))
            sign.stdin.close()
            self.assertEqual(sign.wait(espota_test.TIMEOUT), 0)
            self.assertLess(peak, 16 * 1024)


if __name__ == "__main__":
    espota_test.main()
