# SPDX-License-Identifier: MIT
"""What tests of emulated boards have in common: one is built, has a chip, and espota-c updates it."""

import pathlib
import subprocess
import tempfile
import unittest

import boards
import espota_test
from boards import DEVICE, PORT
from images import image


class Case(espota_test.Case):
    """One air for all tests of a class; each test has its own chip."""

    board, lwip, options = "", "lwip-2.1", ""
    loader = ""  # "safe-": the one that survives
    size = 300 * 1024
    air_of = {}

    @classmethod
    def setUpClass(cls):
        if not cls.board:
            raise unittest.SkipTest("only what the boards' tests have in common")
        cls.programs = boards.build(cls.board, cls.lwip, cls.options)
        folder = tempfile.TemporaryDirectory(prefix="espota-")
        cls.addClassCleanup(folder.cleanup)
        cls.air = boards.Air(pathlib.Path(folder.name), **cls.air_of)
        cls.addClassCleanup(cls.air.close)

    def image(self, version):
        """A file with the program of this version, of a usual size."""
        content = (image(self.size, version) if self.board == "host" else
                   boards.program_image(self.programs / f"{self.loader}program-{version}", self.size))
        return self.file(f"{version}.bin", content)

    def chip(self, **settings):
        size = boards.CHIP_SIZE if self.board == "host" else boards.QEMU[self.board][3]
        return boards.chip(self.dir / "chip.bin", self.image(1).read_bytes(),
                           boards.settings(**settings), size)

    def device(self, flash, **more):
        device = boards.Device(self.board, self.programs, flash, self.air, loader=self.loader, **more)
        self.addCleanup(device.close)
        return device

    def espota_c(self, *argv):
        return subprocess.run(self.air.argv(espota_test.espota_c(), *argv), capture_output=True,
                              text=True, check=False, env=espota_test.environment())

    def upload_argv(self, path, *more, host=DEVICE):
        return self.air.argv(espota_test.espota_c(), "upload", "-q", "--host", host, "--port", PORT,
                             "--retries", "0", *more, path)

    def upload(self, path, *more, host=DEVICE):
        return subprocess.run(self.upload_argv(path, *more, host=host), capture_output=True, text=True,
                              check=False, env=espota_test.environment())

    def assert_runs(self, device, flash, path, version=2):
        """It restarted into the new program, which lies where programs lie."""
        # the process on the host plays its chip's loader, and goes on as what it is
        device.up(1 if self.board == "host" else version)
        content = path.read_bytes()
        if self.board != "host":
            content = content[:len(content) - self.signature(content)]
        self.assertEqual(flash.read_bytes()[0x1000:0x2000], content[0x1000:0x2000])

    @staticmethod
    def signature(content):
        length = int.from_bytes(content[-4:], "little")
        return length + 4 if length == 256 else 0
