# SPDX-License-Identifier: MIT
"""espota-c.exe under Wine.

"wine.py start" and "wine.py stop" make and end the Windows that the suites of tests/cli share, in the
folder WINEPREFIX. Where that is not set, Windows() makes one: for tests that need a registry or a
network of their own, and for those that are run by hand. The server is started before anything
else and has none of the test's pipes: what inherits one holds it.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import espota_test
from espota_test import WINE

SERVER = "/usr/lib/wine/wineserver64"
PID, LOG = "server.pid", "server.log"
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def installed():
    return os.access(WINE, os.X_OK) and os.access(SERVER, os.X_OK)


def environment(prefix):
    return espota_test.environment({"WINEPREFIX": str(prefix), "WINEDEBUG": "-all"})


def boot(env):
    """Sets up the Windows whose server is running. A program's variables are the caller's then:
    Wine's own would go before."""
    subprocess.run([WINE, "wineboot"], env=env, check=True, timeout=600, **QUIET)
    for name in ("APPDATA", "LOCALAPPDATA"):
        subprocess.run([WINE, "reg", "delete", r"HKCU\Volatile Environment", "/v", name, "/f"], env=env,
                       check=True, timeout=300, **QUIET)


class Windows:
    def __init__(self):
        self.exe = espota_test.program("ESPOTA_EXE")
        if not installed():
            raise unittest.SkipTest("Wine is not installed")
        self._server = None
        self.prefix = pathlib.Path(os.environ.get("WINEPREFIX") or tempfile.mkdtemp(prefix="espota-wine-"))
        self.env = environment(self.prefix)
        if "WINEPREFIX" not in os.environ:
            self._server = subprocess.Popen([SERVER, "-f", "-p"], env=self.env, **QUIET)
            boot(self.env)

    def close(self):
        if self._server is not None:
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


def start(prefix, env):
    prefix.mkdir(parents=True)
    with open(prefix / LOG, "wb") as log:
        server = subprocess.Popen([SERVER, "-f", "-p"], env=env, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, start_new_session=True)
    (prefix / PID).write_text(str(server.pid))
    boot(env)


def stop(prefix, env):
    """Whether there was a Windows or not. False: its server had ended, and with it what ran in it."""
    kept = True
    if (prefix / PID).is_file():
        kept = pathlib.Path("/proc", (prefix / PID).read_text()).exists()
        if not kept:
            print(f"Wine's server ended before its time\n{(prefix / LOG).read_text(errors='replace')}")
        subprocess.run([SERVER, "-k"], env=env, check=False, timeout=60, **QUIET)
        subprocess.run([SERVER, "-w"], env=env, check=False, timeout=60, **QUIET)
    shutil.rmtree(prefix, ignore_errors=True)
    return kept


def main(what):
    if not installed():
        print("SKIPPED: Wine is not installed")
        return espota_test.SKIP
    prefix = pathlib.Path(os.environ["WINEPREFIX"])
    env = environment(prefix)
    if what == "stop":
        return 0 if stop(prefix, env) else 1
    stop(prefix, env)
    start(prefix, env)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
