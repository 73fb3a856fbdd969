# SPDX-License-Identifier: MIT
"""Packages: the same source gives the same bytes, wherever it is built; linters find nothing."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import espota_test
from espota_test import Case, call

EPOCH = "1700000000"
MIRRORS = {"debian": ("http://deb.debian.org/debian", "main"),
           "ubuntu": ("http://archive.ubuntu.com/ubuntu", "main,universe")}

# What rpmlint asks for that is not a package's matter: a signature, which whoever publishes it
# adds; a number in the name of a -devel package. Debian's rpmbuild strips the archive and tells
# rpmlint of no man pages.
RPMLINT = """
ValidLicenses = ["MIT"]
CompressExtension = "gz"
Filters = ["no-signature", "no-major-in-name libespota-devel", "static-library-without-debuginfo",
           "no-manual-page-for-binary"]
"""


class Packages(Case):
    @classmethod
    def setUpClass(cls):
        espota_test.only_with("full", "builds everything twice")
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="espota-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.generators = ["TGZ", *(["DEB"] if shutil.which("dpkg-shlibdeps") else [])]
        cls.first = cls.build(cls.place / "a", cls.generators)

    @staticmethod
    def build(folder, generators):
        """The packages as built from a copy of the source in this folder."""
        source, build, out = folder / "source", folder / "build", folder / "out"
        env = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        espota_test.copy_source(source)
        call("cmake", "-S", source, "-B", build, "-DBUILD_TESTING=OFF", env=env)
        call("cmake", "--build", build, "-j", os.cpu_count() or 1, env=env)
        call("cpack", "-G", ";".join(generators), "-B", out, cwd=build, env=env)
        return {path.name: path for path in out.iterdir() if path.is_file()}

    def deb(self, package="espota-c"):
        found = [path for name, path in self.first.items()
                 if name.startswith(package + "_") and name.endswith(".deb")]
        if not found:
            self.skipTest("no tools for Debian packages")
        return found[0]

    def debs(self):
        return [self.deb(name) for name in ("espota-c", "libespota0", "libespota-dev")]

    def test_twice_the_same(self):
        second = self.build(self.place / "somewhere-else", self.generators)
        self.assertEqual(sorted(self.first), sorted(second))
        self.assertEqual(len(second), 1 + 3 * ("DEB" in self.generators))
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

    def test_what_they_depend_on(self):
        for package in ("espota-c", "libespota0"):
            depends = call("dpkg-deb", "-f", self.deb(package), "Depends")
            for library in ("libc6", "libssl3", "libjansson4", "zlib1g", "libcurl",
                            "libmicrohttpd"):
                self.assertIn(library, depends)
        self.assertIn("libespota0 (= ",
                      call("dpkg-deb", "-f", self.deb("libespota-dev"), "Depends"))

    def test_three_packages(self):
        """Each file is in one of them."""
        where = {}
        for deb in self.debs():
            for line in call("dpkg-deb", "-c", deb).splitlines():
                path = line.split()[5]
                if not path.endswith("/"):
                    self.assertNotIn(path, where)
                    where[path] = deb.name.split("_")[0]
        for pattern, package in ((r"/bin/espota-c$", "espota-c"), (r"/man1/.*\.1\.gz$", "espota-c"),
                                 (r"/libespota\.so\.0$", "libespota0"),
                                 (r"/libespota\.so$", "libespota-dev"),
                                 (r"/include/espota/upload\.h$", "libespota-dev"),
                                 (r"/man3/libespota\.3\.gz$", "libespota-dev"),
                                 (r"/libespota0/changelog\.gz$", "libespota0")):
            found = {where[path] for path in where if re.search(pattern, path)}
            self.assertEqual(found, {package}, pattern)

    def test_lintian(self):
        if shutil.which("lintian") is None:
            self.skipTest("lintian is not installed")
        call("lintian", "--allow-root", "--fail-on", "error,warning", *self.debs())

    def test_rpmlint(self):
        if shutil.which("rpmlint") is None or shutil.which("rpmbuild") is None:
            self.skipTest("rpmlint or rpmbuild is not installed")
        out = self.place / "rpm"
        call("cpack", "-G", "RPM", "-B", out, cwd=self.place / "a" / "build")
        packages = sorted(out.glob("*.rpm"))
        self.assertEqual(len(packages), 3)
        told = call("rpmlint", "-c", self.file("rpmlint.toml", RPMLINT.encode()), *packages)
        self.assertRegex(told, r" 0 errors, 0 warnings")

    def test_a_debian_package_without_dependencies_is_refused(self):
        build = self.place / "a" / "build"
        done = subprocess.run(["cpack", "-D", "CPACK_ESPOTA_SHLIBDEPS=", "-G", "DEB", "-B",
                               self.dir / "out"], cwd=build, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"needs dpkg-shlibdeps", done.stdout)
        self.assertEqual(list(self.dir.rglob("*.deb")), [])

    def test_in_a_clean_system(self):
        """debootstrap's smallest, where nothing is but what the package asks for."""
        debs = self.debs()[:2]
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
        for deb in debs:
            shutil.copy(deb, root / "tmp")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        call("chroot", root, "sh", "-c",
             "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "
             + " ".join(f"/tmp/{deb.name}" for deb in debs))
        told = call("chroot", root, "espota-c", "--version")
        self.assertRegex(told, r"^espota-c \d")
        # a library that is loaded only when it is needed is there, too
        with espota_test.Process("chroot", root, "espota-c", "serve", "--dir", "/tmp", "--listen",
                                 "127.0.0.1:0", "--json") as server:
            server.wait_event("ready")
        self.assertIn("libespota.so", call("chroot", root, "ldconfig", "-p"))


if __name__ == "__main__":
    espota_test.main()
