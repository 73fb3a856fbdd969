# SPDX-License-Identifier: MIT
"""clang-format and clang-tidy differ from version to version, so the house holds to one."""

import re
import shutil
import subprocess
import unittest

VERSION = 14  # of the oldest releases that we build on


def clang_tool(name):
    """The path of that version, else the test is skipped."""
    for path in filter(None, map(shutil.which, (f"{name}-{VERSION}", name))):
        told = subprocess.run([path, "--version"], stdout=subprocess.PIPE, check=True).stdout
        if re.search(rb"version (\d+)\.", told)[1] == str(VERSION).encode():
            return path
    raise unittest.SkipTest(f"{name} {VERSION} is not installed")
