# SPDX-License-Identifier: MIT
"""espota-c.exe under Wine, in a Windows of the test's own.

ESPOTA_EXE names the program; where it is not set, or Wine is missing, the tests are left out. The
server is started before anything else and has none of the test's pipes: what inherits one holds it.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import espota_test

WINE = "/usr/lib/wine/wine64"
SERVER = "/usr/lib/wine/wineserver64"


class Windows:
    def __init__(self):
        self.exe = espota_test.program("ESPOTA_EXE")
        if not os.access(WINE, os.X_OK) or not os.access(SERVER, os.X_OK):
            raise unittest.SkipTest("Wine is not installed")
        self.prefix = pathlib.Path(tempfile.mkdtemp(prefix="espota-wine-"))
        self.env = espota_test.environment({"WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all"})
        self._server = subprocess.Popen([SERVER, "-f", "-p"], env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([WINE, "wineboot"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True, timeout=300)

    def close(self):
        self._server.terminate()
        self._server.wait()
        shutil.rmtree(self.prefix, ignore_errors=True)

    @staticmethod
    def path(path):
        """As Windows calls a file of this machine."""
        return "Z:" + str(path).replace("/", "\\")

    def run(self, *argv, program=None, stdin=b"", env=None, cwd=None):
        """espota-c.exe, or another program by its path here or its Windows name."""
        done = subprocess.run([WINE, str(program or self.exe), *map(str, argv)], input=stdin, cwd=cwd,
                              env={**self.env, **(env or {})}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=espota_test.TIMEOUT * 2)
        done.stdout = done.stdout.decode("utf-8", "backslashreplace")
        done.stderr = done.stderr.decode("utf-8", "backslashreplace")
        return done
