# SPDX-License-Identifier: MIT
"""Packages: the same source gives the same bytes, wherever it is built."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import espota_test
from espota_test import Case
from option_tables import ROOT

EPOCH = "1700000000"
MIRRORS = {"debian": ("http://deb.debian.org/debian", "main"),
           "ubuntu": ("http://archive.ubuntu.com/ubuntu", "main,universe")}


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
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="espota-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.generators = ["TGZ", *(["DEB"] if shutil.which("dpkg-shlibdeps") else [])]
        cls.first = cls.build(cls.place / "a", cls.generators)

    @staticmethod
    def build(folder, generators):
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

    def deb(self):
        found = [path for name, path in self.first.items() if name.endswith(".deb")]
        if not found:
            self.skipTest("no tools for Debian packages")
        return found[0]

    def test_twice_the_same(self):
        second = self.build(self.place / "somewhere-else", self.generators)
        self.assertEqual(sorted(self.first), sorted(second))
        self.assertEqual(len(second), len(self.generators))
        for name, path in self.first.items():
            self.assert_same(path, second[name])

    def assert_same(self, one, other):
        if one.read_bytes() == other.read_bytes():
            return
        trees = self.dir / "one", self.dir / "other"
        for tree, path in zip(trees, (one, other)):
            tree.mkdir()
            call(*(("dpkg-deb", "-R", path, tree) if path.suffix == ".deb" else
                   ("tar", "-xf", path, "-C", tree)))
        differ = subprocess.run(["diff", "-rq", *trees], stdout=subprocess.PIPE, check=False)
        self.fail(f"{one.name} is not the same: {differ.stdout.decode() or 'not in its files'}")

    def test_what_it_depends_on(self):
        depends = call("dpkg-deb", "-f", self.deb(), "Depends")
        for library in ("libc6", "libssl3", "libjansson4", "zlib1g", "libcurl", "libmicrohttpd"):
            self.assertIn(library, depends)

    def test_in_a_clean_system(self):
        """debootstrap's smallest, where nothing is but what the package asks for."""
        deb = self.deb()
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text(),
                                  re.M))
        if shutil.which("debootstrap") is None or os.geteuid() != 0:
            self.skipTest("no debootstrap, or not root")
        if release.get("ID") not in MIRRORS:
            self.skipTest("neither Debian nor Ubuntu")
        root = self.place / "root"
        mirror, parts = MIRRORS[release["ID"]]
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--components={parts}",
                               release["VERSION_CODENAME"], root, mirror],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            self.skipTest(f"debootstrap: {done.stdout.decode()[-200:]}")
        shutil.copy(deb, root / "tmp/espota-c.deb")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        call("chroot", root, "sh", "-c",
             "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "
             "/tmp/espota-c.deb")
        told = call("chroot", root, "espota-c", "--version")
        self.assertRegex(told, r"^espota-c \d")
        # a library that is loaded only when it is needed is there, too
        with espota_test.Process("chroot", root, "espota-c", "serve", "--dir", "/tmp", "--listen",
                                 "127.0.0.1:0", "--json") as server:
            server.wait_event("ready")
        self.assertIn("libespota.so", call("chroot", root, "ldconfig", "-p"))


if __name__ == "__main__":
    espota_test.main()
