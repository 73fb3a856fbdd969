# SPDX-License-Identifier: MIT
"""clang-tidy, with the checks of .clang-tidy, finds nothing in the programs."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import unittest

import espota_test
from clang_tool import clang_tool

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
BUILD = os.environ.get("ESPOTA_TIDY_BUILD")


class Tidy(unittest.TestCase):
    def test_all(self):
        espota_test.only_with("full", "it takes minutes")
        tool = clang_tool("clang-tidy")
        commands = json.loads(pathlib.Path(BUILD, "compile_commands.json").read_text())
        ours = [str(ROOT / folder) + os.sep for folder in ("src", "firmware-stub")]
        files = sorted({command["file"] for command in commands
                        if command["file"].startswith(tuple(ours))})
        self.assertGreater(len(files), 100)

        def look_at(file):
            return subprocess.run([tool, "--quiet", "-p", BUILD, file], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [done.stdout.decode() for done in pool.map(look_at, files) if done.returncode]
        self.assertFalse(found, "\n".join(found))


if __name__ == "__main__":
    espota_test.main()
