# SPDX-License-Identifier: MIT
"""Every C file is as clang-format leaves it."""

import pathlib
import subprocess
import sys
import unittest

import espota_test
from clang_tool import clang_tool

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()


class Format(unittest.TestCase):
    def test_all(self):
        tool = clang_tool("clang-format")
        files = [path for folder in ("include", "src", "firmware-stub", "tests")
                 for path in sorted((ROOT / folder).rglob("*.[ch]"))]
        self.assertGreater(len(files), 100)
        done = subprocess.run([tool, "--dry-run", "--Werror", *files], stderr=subprocess.PIPE,
                              check=False)
        wrong = {line.split(b":")[0].decode() for line in done.stderr.splitlines()
                 if b"[-Wclang-format-violations]" in line}
        self.assertEqual(wrong, set(), f"run {tool} -i on these")
        self.assertEqual(done.returncode, 0, done.stderr.decode())


if __name__ == "__main__":
    espota_test.main()
