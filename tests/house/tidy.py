# SPDX-License-Identifier: MIT
"""clang-tidy, with the checks of .clang-tidy, finds nothing in the programs; clang warns of nothing
in the tests."""

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


# How far the analyzer follows one function. Its own limit is 225,000, which takes four times as long
# and has found nothing more; --slow goes that far.
DEPTH = [] if os.environ.get("ESPOTA_TEST_SLOW") == "1" else [
    f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=40000")]
# One check of clang-tidy's own, without which it does not begin; gcc's command line tells of warnings
# that clang does not know.
WARNINGS = ["--checks=-*,clang-diagnostic-*,readability-misleading-indentation",
            "--warnings-as-errors=*", "--extra-arg=-Wno-unknown-warning-option"]


class Tidy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        espota_test.only_with("full", "it takes minutes")
        cls.tool = clang_tool("clang-tidy")
        cls.commands = json.loads(pathlib.Path(BUILD, "compile_commands.json").read_text())

    def look_at(self, options, *folders):
        ours = tuple(str(ROOT / folder) + os.sep for folder in folders)
        files = sorted({command["file"] for command in self.commands
                        if command["file"].startswith(ours)})
        self.assertGreater(len(files), 100)

        def look_at_one(file):
            return subprocess.run([self.tool, "--quiet", "-p", BUILD, *options, file],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [done.stdout.decode() for done in pool.map(look_at_one, files)
                     if done.returncode]
        self.assertFalse(found, "\n".join(found))

    def test_programs(self):
        self.look_at(DEPTH, "src", "firmware-stub")

    def test_tests(self):
        self.look_at(WARNINGS, "tests")


if __name__ == "__main__":
    espota_test.main()
