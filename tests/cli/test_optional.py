# SPDX-License-Identifier: MIT
"""The uploader alone: built without what can be left out, in a system that has none of it."""

import os
import pathlib
import subprocess
import unittest

import espota_test as t

SOURCE = pathlib.Path(__file__).resolve().parents[2]
# pkg-config of a system where these were never installed
NOT_HERE = """#!/bin/sh
case "$*" in *microhttpd*|*avahi*) exit 1 ;; esac
exec pkg-config "$@"
"""


@unittest.skipUnless(os.environ.get("ESPOTA_TEST_FULL") == "1",
                     "with --full only: it builds the program once more")
class UploaderAlone(t.Case):
    def test_it_builds_and_works(self):
        tool = self.dir / "pkg-config"
        tool.write_text(NOT_HERE)
        tool.chmod(0o755)
        build = self.dir / "build"
        self.call("cmake", "-S", SOURCE, "-B", build, "-DESPOTA_SERVE=OFF", "-DESPOTA_STUB=OFF",
                  "-DESPOTA_LAZY=OFF", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Debug",
                  f"-DPKG_CONFIG_EXECUTABLE={tool}",
                  "-DESPOTA_WERROR=ON")
        self.call("cmake", "--build", build, "-j", str(os.cpu_count()))
        program = build / "src" / "cli" / "espota-c"
        self.assertFalse((build / "firmware-stub/port").exists())
        version = self.call(program, "--version")
        self.assertNotIn("microhttpd", version)
        self.assertNotIn("Avahi", version)
        self.assertNotIn("Loaded when needed", version)
        self.assertIn("Features: tokens, query\nLeft out: avahi, dns_sd, serve\n", version)
        if os.uname().sysname == "Linux":  # all that it needs is linked
            linked = self.call("ldd", program)
            self.assertIn("libcurl", linked)
            self.assertNotIn("microhttpd", linked)
        image = self.dir / "door.bin"
        image.write_bytes(t.image(40000))
        out = self.call(program, "upload", "--dry-run", "--json", "--host", "127.0.0.1", image)
        self.assertIn('"reason":"dry-run"', out)
        done = subprocess.run([program, "serve", "--dir", self.dir], capture_output=True, text=True)
        self.assertEqual(done.returncode, 8)
        self.assertIn("this build has no server", done.stderr)
        self.assertIn("--manifest", self.call(program, "serve", "--help"))

    def call(self, *argv):
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                              timeout=1500)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        return done.stdout


if __name__ == "__main__":
    t.main()
