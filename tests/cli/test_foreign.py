# SPDX-License-Identifier: MIT
"""Linux on other processors: Debian's packages for arm64 and armhf, their programs under qemu."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import espota_test
from espota_test import Case, Stub, call, image
from option_tables import ROOT

QEMU = {"arm64": "qemu-aarch64-static", "armhf": "qemu-arm-static"}
GCC = {"arm64": "aarch64-linux-gnu-gcc", "armhf": "arm-linux-gnueabihf-gcc"}
LINUX = ROOT / "contrib" / "linux"
# Kept in the build's folder: 100 MB of Debian's packages for each.
KEPT = pathlib.Path(os.environ.get("ESPOTA_BUILD", tempfile.gettempdir())) / "foreign"


@functools.cache
def packages(arch):
    """Makes the packages of an architecture; the folder that they are in."""
    for tool in (QEMU[arch], GCC[arch], "dpkg-shlibdeps"):
        if shutil.which(tool) is None:
            raise unittest.SkipTest(f"{tool} is not installed")
    place = pathlib.Path(tempfile.mkdtemp(prefix="espota-foreign-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    try:
        call("sh", LINUX / "sysroot.sh", arch, KEPT / arch)
    except AssertionError as error:
        raise unittest.SkipTest(f"Debian's packages cannot be had: {str(error)[-300:]}")
    call("sh", LINUX / "deb.sh", arch, place,
         env={**os.environ, "ESPOTA_SYSROOT": str(KEPT / arch), "ESPOTA_WERROR": "ON"})
    return place


class Foreign:
    @classmethod
    def setUpClass(cls):
        espota_test.only_with(*cls.ONLY)
        cls.place = packages(cls.ARCH)
        cls.debs = {path.name.split("_")[0]: path for path in cls.place.glob("*.deb")}


class Programs(Foreign):
    """What each of them must do; a class below says which it is."""

    ONLY = "full", "builds everything for another processor"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        call("dpkg-deb", "-x", cls.debs["espota-c"], cls.place / "root")
        for name, variable in (("espota-c", "ESPOTA_C"), ("espota-stub", "ESPOTA_STUB")):
            script = cls.place / name
            script.write_text(f'#!/bin/sh\nexec {QEMU[cls.ARCH]} -L "{KEPT / cls.ARCH}" '
                              f'"{cls.place}/root/usr/bin/{name}" "$@"\n')
            script.chmod(0o755)
            cls.addClassCleanup(os.environ.__setitem__, variable, os.environ[variable])
            os.environ[variable] = str(script)

    def test_an_upload(self):
        with Stub("--fast", "--password", "secret", "--uploads", "1") as stub:
            done = espota_test.run("upload", "--host", stub.target, "--password-stdin",
                                   self.file("door.bin", image(200000)), stdin="secret\n")
            self.assert_exit(done, 0)
            self.assertEqual(stub.wait(), 0)

    def test_a_signature(self):
        key, public = self.dir / "private.key", self.dir / "public.key"
        plain, signed = self.file("door.bin", image()), self.dir / "door.signed"
        for argv in (("keygen", "--out", key, "--pub", public),
                     ("sign", "--privatekey", key, "--bin", plain, "--out", signed),
                     ("verify", "--publickey", public, "--bin", signed), ("info", signed)):
            self.assert_exit(espota_test.run(*argv), 0)

    def test_serve(self):
        """Its library is loaded when it is needed."""
        self.file("door.bin", image())
        with espota_test.Process(espota_test.espota_c(), "serve", "--dir", self.dir, "--listen",
                                 "127.0.0.1:0", "--json") as server:
            server.wait_event("ready")

    def test_what_it_says_of_itself(self):
        self.assertRegex(espota_test.run("--version").stdout,
                         rf"^espota-c \S+ \(Linux {self.CPU}, glibc, dynamic, GNU ")

    def test_the_packages(self):
        self.assertEqual(sorted(self.debs), ["espota-c", "libespota-dev", "libespota0"])
        for name, deb in self.debs.items():
            self.assertEqual(call("dpkg-deb", "-f", deb, "Architecture").strip(), self.ARCH)
            depends = call("dpkg-deb", "-f", deb, "Depends")
            if name == "libespota-dev":
                continue
            # the first version that has all that is used, and not the one that was built with
            self.assertRegex(depends, r"\blibssl3 \(>= 3\.0\.0\)")
            for library in ("libc6", "libjansson4", "zlib1g", "libcurl", "libmicrohttpd"):
                self.assertIn(library, depends)


class Arm64(Programs, Case):
    ARCH, CPU = "arm64", "aarch64"


class Armhf(Programs, Case):
    ARCH, CPU = "armhf", "armv7l"


# How the kernel knows programs of a processor: the head of the file, and what of it counts.
BINFMT = {
    "arm64": r":espota-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
             r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F",
    "armhf": r":espota-armhf:M::\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"
             r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F",
}
NEWUSER, NEWNS = 0x10000000, 0x20000
ENTER = """
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
    printf '%s' "$0" >/proc/sys/fs/binfmt_misc/register &&
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" || exit 99
shift
exec "$@"
"""


def in_namespace(*argv):
    """Runs a command as root of a user namespace that has all users, where what the kernel is told
    of other processors' programs holds for nobody else. Returns code and output."""
    ready, go = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", "import ctypes, os, sys\n"
         f"if ctypes.CDLL(None, use_errno=True).unshare({NEWUSER | NEWNS}): os._exit(98)\n"
         f"os.write({ready[1]}, b'x'); os.read({go[0]}, 1); os.setgid(0); os.setuid(0)\n"
         "os.execvp(sys.argv[1], sys.argv[1:])", *map(str, argv)],
        pass_fds=(ready[1], go[0]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    os.close(ready[1])
    if os.read(ready[0], 1):
        for name in ("uid_map", "gid_map"):
            pathlib.Path(f"/proc/{process.pid}/{name}").write_text("0 0 65536\n")
    os.write(go[1], b"x")
    output, _ = process.communicate()
    for fd in (ready[0], go[0], go[1]):
        os.close(fd)
    return process.returncode, output.decode("utf-8", "backslashreplace")


class Installed(Foreign):
    """apt of that system installs the packages, and what they ask for."""

    ONLY = "slow", "installs another processor's Debian"

    @classmethod
    def setUpClass(cls):
        if shutil.which("debootstrap") is None or os.geteuid() != 0:
            raise unittest.SkipTest("no debootstrap, or not root")
        super().setUpClass()

    def test_in_a_clean_system(self):
        root = self.dir / "system"
        call("debootstrap", "--foreign", f"--arch={self.ARCH}", "--variant=minbase", "bookworm", root,
             "http://deb.debian.org/debian")
        for name in ("espota-c", "libespota0"):
            shutil.copy(self.debs[name], root / "tmp")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        (root / "proc").mkdir(exist_ok=True)
        (root / "go").write_text("""
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C
test -x /usr/bin/apt-get || /debootstrap/debootstrap --second-stage
echo 'deb http://deb.debian.org/debian bookworm main' >/etc/apt/sources.list
apt-get -qq update
apt-get -qq install -y --no-install-recommends /tmp/*.deb
dpkg -l espota-c libespota0
uname -m
espota-c --version
""")
        code, said = in_namespace("sh", "-c", ENTER, BINFMT[self.ARCH] % shutil.which(QEMU[self.ARCH]),
                                  root, "chroot", root, "/bin/sh", "/go")
        if code in (98, 99):
            self.skipTest(f"the kernel takes no programs of other processors here: {said[-200:]}")
        self.assertEqual(code, 0, said[-4000:])
        self.assertRegex(said, rf"(?m)^ii +espota-c +\S+ +{self.ARCH} ")
        self.assertRegex(said, rf"(?m)^espota-c \S+ \(Linux {self.CPU}, ")


class Arm64Installed(Installed, Case):
    ARCH, CPU = "arm64", "aarch64"


class ArmhfInstalled(Installed, Case):
    ARCH, CPU = "armhf", "armv7l"


if __name__ == "__main__":
    espota_test.main()
