# SPDX-License-Identifier: MIT
"""Packages: the same source gives the same bytes, wherever it is built."""

import os
import pathlib
import shutil
import subprocess
import unittest

import espota_test
from espota_test import Case
from option_tables import ROOT

EPOCH = "1700000000"


def call(*argv, **options):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout.decode()}")
    return done.stdout.decode()


class Packages(Case):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("ESPOTA_TEST_FULL") != "1" or os.environ.get("ESPOTA_SANITIZED"):
            raise unittest.SkipTest("builds everything twice: with tests/run.sh --full")

    def build(self, folder, generators):
        """The packages as built from a copy of the source in this folder."""
        source, build, out = folder / "source", folder / "build", folder / "out"
        env = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        shutil.copytree(ROOT, source, ignore=lambda path, names: (
            {n for n in names if n == ".git" or n.startswith("build")}
            if pathlib.Path(path) == ROOT else set()))
        call("cmake", "-S", source, "-B", build, "-DBUILD_TESTING=OFF", env=env)
        call("cmake", "--build", build, "-j", os.cpu_count() or 1, env=env)
        call("cpack", "-G", ";".join(generators), "-B", out, cwd=build, env=env)
        return {path.name: path for path in out.iterdir() if path.is_file()}

    def test_twice_the_same(self):
        generators = ["TGZ", *(["DEB"] if shutil.which("dpkg-shlibdeps") else [])]
        first = self.build(self.dir / "a", generators)
        second = self.build(self.dir / "somewhere-else", generators)
        self.assertEqual(sorted(first), sorted(second))
        self.assertEqual(len(first), len(generators))
        for name, path in first.items():
            self.assertEqual(path.read_bytes() == second[name].read_bytes(), True, name)
        deb = [path for name, path in first.items() if name.endswith(".deb")]
        if deb:
            self.look_at(deb[0])

    def look_at(self, deb):
        depends = call("dpkg-deb", "-f", deb, "Depends")
        for library in ("libc6", "libssl3", "libjansson4", "zlib1g", "libcurl", "libmicrohttpd"):
            self.assertIn(library, depends)
        root = self.dir / "root"
        call("dpkg-deb", "-x", deb, root)
        done = espota_test.run_program(root / "usr/bin/espota-c", "--version")
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, r"^espota-c \d")


if __name__ == "__main__":
    espota_test.main()
