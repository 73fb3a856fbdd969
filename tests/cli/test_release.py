# SPDX-License-Identifier: MIT
"""contrib/release.sh: what it refuses, what it signs, and a whole release."""

import hashlib
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

VERSION = re.search(r"project\(espota-c VERSION ([0-9.]+)",
                    (ROOT / "CMakeLists.txt").read_text()).group(1)


def git(tree, *argv):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c",
                    "commit.gpgsign=false", *argv], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)


class Release(Case):
    """In a copy of the source that is committed and ready to be released."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("git") is None:
            raise unittest.SkipTest("git is not installed")
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="espota-release-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.tree = cls.place / "tree"
        espota_test.copy_source(cls.tree)
        git(cls.tree, "init", "-q")
        changes = cls.tree / "CHANGES"
        changes.write_text(changes.read_text().replace("\nUnreleased\n", f"\n{VERSION}\n", 1))
        git(cls.tree, "add", "-A")
        git(cls.tree, "commit", "-q", "-m", "all")
        cls.key = cls.place / "key.pem"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", cls.key], check=True,
                       stderr=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out"

    def release(self, *argv, version=VERSION, key=None, **env):
        return subprocess.run(["sh", str(self.tree / "contrib/release.sh"), version, "--key",
                               str(key or self.key), "--out", str(self.out), *argv],
                              capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL,
                              env={**os.environ, **env})

    def assert_refused(self, done, why):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(why, done.stderr)
        self.assertFalse(self.out.exists())

    def verify(self):
        """As the README has it."""
        public = self.dir / "release.pub"
        for argv in (["openssl", "pkey", "-in", self.key, "-pubout", "-out", public],
                     ["openssl", "dgst", "-sha256", "-verify", public, "-signature",
                      "SHA256SUMS.sig", "SHA256SUMS"], ["sha256sum", "--quiet", "-c", "SHA256SUMS"]):
            done = subprocess.run(argv, cwd=self.out, capture_output=True, text=True)
            if done.returncode != 0:
                return done.stdout + done.stderr
        return ""


class Refusals(Release):
    def test_what_is_not_committed(self):
        extra = self.tree / "extra"
        extra.touch()
        self.addCleanup(extra.unlink)
        self.assert_refused(self.release(), "not committed")

    def test_another_version(self):
        self.assert_refused(self.release(version="77.0"), f"CMakeLists.txt says {VERSION}, not 77.0")

    def test_changes_that_do_not_tell_of_it(self):
        changes = self.tree / "CHANGES"
        text = changes.read_text()
        self.addCleanup(git, self.tree, "reset", "-q", "--hard", "HEAD~1")
        changes.write_text(text.replace(f"\n{VERSION}\n", "\nUnreleased\n", 1))
        git(self.tree, "commit", "-q", "-a", "-m", "not yet")
        self.assert_refused(self.release(), f"CHANGES begins with 'Unreleased', not with {VERSION}")

    def test_a_key_that_is_none(self):
        self.assert_refused(self.release(key=self.file("key", b"nothing")), "no private key")

    def test_a_part_that_there_is_not(self):
        self.assert_refused(self.release("--only", "source,dmg"), "no part 'dmg'")

    def test_a_folder_that_is_there(self):
        self.out.mkdir()
        done = self.release("--only", "source")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stderr)
        self.assertEqual(list(self.out.iterdir()), [])


class Source(Release):
    def test_what_is_signed_is_what_is_there(self):
        done = self.release("--only", "source,manifests", "--url", "https://example.invalid/v1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.verify(), "")
        tar = self.out / f"espota-c-{VERSION}.tar.gz"
        digest = hashlib.sha256(tar.read_bytes()).hexdigest()
        for word in ("commit ", "signed by ", "filled in"):
            self.assertIn(word, done.stdout)
        self.assertIn(f"{digest}  {tar.name}\n", (self.out / "SHA256SUMS").read_text())
        for name in ("arch/PKGBUILD", "openwrt/Makefile", "homebrew/espota-c.rb"):
            self.assertIn(digest, (self.out / "manifests" / name).read_text(), name)
        for path in (self.out / "manifests").rglob("*"):
            if path.is_file():
                self.assertNotRegex(path.read_text(), r"@[A-Z0-9_]+@", path)
        # one bit more, and it is another
        tar.write_bytes(tar.read_bytes()[:-1])
        self.assertIn("FAILED", self.verify())
        sums = self.out / "SHA256SUMS"
        sums.write_text(sums.read_text().replace(digest[:8], "00000000"))
        self.assertIn("erif", self.verify())

    def manifests(self):
        done = self.release("--only", "source,manifests", "--url", "https://example.invalid/v1")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.out / "manifests"

    def test_arch_linux(self):
        """What makepkg would read: it is bash's."""
        path = self.manifests() / "arch" / "PKGBUILD"
        done = subprocess.run(["bash", "-euc", '. "$1"; echo "$pkgver|${source[*]}|${sha256sums[*]}"',
                               "bash", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        tar = self.out / f"espota-c-{VERSION}.tar.gz"
        self.assertEqual(done.stdout.strip().split("|"), [
            VERSION, f"https://example.invalid/v1/{tar.name}",
            hashlib.sha256(tar.read_bytes()).hexdigest()])

    def test_alpine_linux(self):
        """What abuild would read: it is a shell's file."""
        path = self.manifests() / "alpine" / "APKBUILD"
        done = subprocess.run(["sh", "-euc", '. "$1"; echo "$pkgver|$source|$sha512sums"', "sh",
                               str(path)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        tar = self.out / f"espota-c-{VERSION}.tar.gz"
        self.assertEqual(done.stdout.split("|")[:2], [VERSION, (
            f"espota-c-{VERSION}.tar.gz::https://example.invalid/v1/espota-c-{VERSION}.tar.gz")])
        self.assertEqual(done.stdout.split("|")[2].split(),
                         [hashlib.sha512(tar.read_bytes()).hexdigest(), tar.name])

    def test_openwrt(self):
        """Its own rules are not here; make reads the file with the names that they set."""
        path = self.manifests() / "openwrt" / "Makefile"
        (self.dir / "rules.mk").write_text("")
        (self.dir / "cmake.mk").write_text("")
        (self.dir / "package.mk").write_text(
            "define BuildPackage\n$(info $(PKG_SOURCE_URL)/$(PKG_SOURCE))$(info $(PKG_HASH))"
            "$(info $(Package/$(1)))\nall:\nendef\n")
        done = subprocess.run(["make", "-s", "-f", path, f"TOPDIR={self.dir}",
                               f"INCLUDE_DIR={self.dir}"], capture_output=True, text=True,
                              cwd=self.dir)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        tar = self.out / f"espota-c-{VERSION}.tar.gz"
        self.assertEqual(done.stdout.splitlines()[:2],
                         [f"https://example.invalid/v1/{tar.name}",
                          hashlib.sha256(tar.read_bytes()).hexdigest()])
        self.assertIn("+libmicrohttpd", done.stdout)

    def test_homebrew(self):
        path = self.manifests() / "homebrew" / "espota-c.rb"
        tar = self.out / f"espota-c-{VERSION}.tar.gz"
        self.assertIn(f'  url "https://example.invalid/v1/{tar.name}"\n  sha256 "'
                      f'{hashlib.sha256(tar.read_bytes()).hexdigest()}"\n  license "MIT"\n',
                      path.read_text())
        if shutil.which("ruby") is None:
            self.skipTest("ruby is not installed: only the text was looked at")
        done = subprocess.run(["ruby", "-c", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_twice_the_same(self):
        self.assertEqual(self.release("--only", "source,manifests").returncode, 0)
        first = (self.out / "SHA256SUMS").read_text()
        shutil.rmtree(self.out)
        self.assertEqual(self.release("--only", "source,manifests").returncode, 0)
        self.assertEqual((self.out / "SHA256SUMS").read_text(), first)


class Whole(Release):
    def test_everything(self):
        espota_test.only_with("slow", "builds everything for every system")
        zig = os.environ.get("ESPOTA_ZIG")
        if not zig:
            self.skipTest("no zig to compile with: tests/run.sh --full installs it")
        done = self.release(ZIG=zig)
        self.assertEqual(done.returncode, 0, done.stderr[-8000:])
        self.assertEqual(self.verify(), "")
        names = {path.name for path in self.out.iterdir()}
        for name in (f"espota-c-{VERSION}.tar.gz", f"espota-c_{VERSION}_amd64.deb",
                     f"espota-c_{VERSION}_arm64.deb", f"espota-c_{VERSION}_armhf.deb",
                     f"libespota0_{VERSION}_arm64.deb", f"espota-c-{VERSION}-linux-x86_64.tar.gz",
                     f"espota-c-{VERSION}-linux-aarch64.tar.gz",
                     f"espota-c-{VERSION}-linux-armv6.tar.gz"):
            self.assertIn(name, names)
        pinned = (self.out / "manifests/github/pinned").read_text()
        self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{64} ", pinned)), 3)
        print(done.stdout)


if __name__ == "__main__":
    espota_test.main()
