# SPDX-License-Identifier: MIT
"""The test command in Debian 13: another OpenSSL, curl, compiler and Python than Debian 12's."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import espota_test

SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
# Mounted where nobody else sees it, and gone with the last process. Not by chroot: the tests with
# namespaces enter others, where they would find themselves outside of it.
ENTER = """
mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && cd "$0" &&
    pivot_root . mnt && umount -l /mnt && cd / &&
    exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@"
"""


class Debian13(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        espota_test.only_with("slow", "runs all tests in another system")
        if shutil.which("debootstrap") is None or os.geteuid() != 0:
            raise unittest.SkipTest("no debootstrap, or not root")
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="espota-debian13-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.root.chmod(0o755)  # some tests are somebody else
        done = subprocess.run(["debootstrap", "--variant=minbase", SUITE, cls.root, MIRROR],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest(f"debootstrap: {done.stdout.decode()[-200:]}")
        shutil.copy("/etc/resolv.conf", cls.root / "etc/resolv.conf")
        espota_test.copy_source(cls.root / "espota-c-source")

    def test_the_test_command(self):
        """It installs what it needs itself, and what it leaves out it says."""
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", ENTER, self.root,
                               "sh", "/espota-c-source/tests/run.sh"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode("utf-8", "backslashreplace")
        self.assertEqual(done.returncode, 0, said[-20000:])
        self.assertRegex(said, r"100% tests passed, 0 tests failed out of \d+")
        print("\n".join(re.findall(r"(?m)^(?:SKIPPED .*|100% .*|Total Test time .*)$", said)))


if __name__ == "__main__":
    espota_test.main()
