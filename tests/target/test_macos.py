# SPDX-License-Identifier: MIT
"""espota-c for a Mac, by zig's C compiler: every file without a warning, and a program that asks for
nothing that a Mac, or Homebrew there, does not have. Nothing of it can run here.

zig brings the headers of macOS and the list of what its libSystem has. The libraries that Homebrew
brings are stood in for by this machine's: their headers, and for the linker a list of all names that
they export."""

import os
import pathlib
import platform
import shutil
import struct
import subprocess
import tempfile
import unittest

import espota_test

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZIG = os.environ.get("ESPOTA_ZIG", "")
INCLUDE = pathlib.Path("/usr/include")
# As Homebrew has them: the name for the linker, here and there, and the headers' folder or files.
LIBRARIES = (
    ("crypto", "libcrypto.so.3", "openssl@3/lib/libcrypto.3.dylib", ("openssl",)),
    ("ssl", "libssl.so.3", "openssl@3/lib/libssl.3.dylib", ()),
    ("curl", "libcurl.so.4", "curl/lib/libcurl.4.dylib", ("curl",)),
    ("jansson", "libjansson.so.4", "jansson/lib/libjansson.4.dylib",
     ("jansson.h", "jansson_config.h")),
    ("microhttpd", "libmicrohttpd.so.12", "libmicrohttpd/lib/libmicrohttpd.12.dylib",
     ("microhttpd.h",)),
    ("z", "libz.so.1", "zlib/lib/libz.1.dylib", ("zlib.h", "zconf.h")),
)
PC_FILES = {"jansson": "jansson", "libmicrohttpd": "microhttpd"}
# As Apple calls them, and their numbers in a program.
CPU = {"aarch64": ("arm64", 0x0100000C), "x86_64": ("x86_64", 0x01000007)}


def exported(library):
    """The names that a library of this machine exports, without their versions."""
    multiarch = pathlib.Path("/usr/lib") / f"{platform.machine()}-linux-gnu"
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", multiarch / library],
                          capture_output=True, text=True, check=True)
    names = {line.split()[0].partition("@")[0] for line in done.stdout.splitlines()
             if line.split()[1] in "TBDRVWi"}
    assert len(names) > 20, library
    return sorted(names)


def take_headers(item, into):
    """One of a folder or a file; what is of this machine's kind lies in a folder of its own."""
    for place in (INCLUDE, INCLUDE / f"{platform.machine()}-linux-gnu"):
        if (place / item).is_dir():
            shutil.copytree(place / item, into / item, dirs_exist_ok=True)
        elif (place / item).is_file():
            shutil.copy(place / item, into / item)
    assert (into / item).exists(), item


def make_prefix(prefix, arch):
    """What stands in for Homebrew's folder."""
    (prefix / "include").mkdir(parents=True)
    (prefix / "lib/pkgconfig").mkdir(parents=True)
    for name, here, there, headers in LIBRARIES:
        for item in headers:
            take_headers(item, prefix / "include")
        symbols = ", ".join(f"'_{symbol}'" for symbol in exported(here))
        (prefix / f"lib/lib{name}.tbd").write_text(
            f"--- !tapi-tbd\ntbd-version: 4\ntargets: [ {CPU[arch][0]}-macos ]\n"
            f"install-name: '/opt/homebrew/opt/{there}'\n"
            f"exports:\n  - targets: [ {CPU[arch][0]}-macos ]\n    symbols: [ {symbols} ]\n...\n")
    take_headers("dns_sd.h", prefix / "include")  # a Mac's own, but not among zig's
    for name, library in PC_FILES.items():
        version = subprocess.run(["pkg-config", "--modversion", name], capture_output=True,
                                 text=True, check=True).stdout.strip()
        (prefix / f"lib/pkgconfig/{name}.pc").write_text(
            f"Name: {name}\nDescription: {name}\nVersion: {version}\n"
            f"Cflags: -I{prefix}/include\nLibs: -L{prefix}/lib -l{library}\n")


def make_toolchain(folder, arch):
    for tool in ("ar", "ranlib"):
        (folder / tool).write_text(f'#!/bin/sh\nexec "{ZIG}" {tool} "$@"\n')
        (folder / tool).chmod(0o755)
    prefix = folder / "prefix"
    file = folder / "toolchain.cmake"
    file.write_text(f"""
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR {CPU[arch][0]})
set(CMAKE_C_COMPILER "{ZIG}" cc -target {arch}-macos)
set(CMAKE_AR "{folder}/ar")
set(CMAKE_RANLIB "{folder}/ranlib")
set(CMAKE_INSTALL_NAME_TOOL /bin/true)
set(CMAKE_FIND_ROOT_PATH "{prefix}")
set(CMAKE_FIND_LIBRARY_SUFFIXES .tbd)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_PREFIX_PATH /)
set(ENV{{PKG_CONFIG_LIBDIR}} "{prefix}/lib/pkgconfig")
""")
    return file


def build(folder, arch, *options):
    folder.mkdir()
    make_prefix(folder / "prefix", arch)
    binary = folder / "build"
    for argv in (["cmake", "-S", ROOT, "-B", binary, "-DBUILD_TESTING=OFF", "-DESPOTA_WERROR=ON",
                  f"-DCMAKE_TOOLCHAIN_FILE={make_toolchain(folder, arch)}", *options],
                 ["cmake", "--build", binary, "-j", "2"]):
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"{argv}:\n{done.stdout[-20000:]}")
    return binary


def mach_o(path):
    """The kind of CPU of a program, and the libraries that it loads."""
    data = path.read_bytes()
    magic, cpu, _, kind, commands = struct.unpack_from("<5I", data)
    assert magic == 0xFEEDFACF and kind == 2, (hex(magic), kind)
    at, loads = 32, []
    for _ in range(commands):
        command, size = struct.unpack_from("<2I", data, at)
        if command & 0x7FFFFFFF in (0xC, 0x18):
            name = data[at + struct.unpack_from("<I", data, at + 8)[0]:at + size]
            loads.append(name.split(b"\0")[0].decode())
        at += size
    return cpu, loads


class Macos(unittest.TestCase):
    def setUp(self):
        if not ZIG:
            self.skipTest("ESPOTA_ZIG names no zig: tests/run.sh --full brings one")
        self.folder = tempfile.TemporaryDirectory(prefix="espota-macos-")
        self.addCleanup(self.folder.cleanup)

    def assert_builds(self, arch, *options):
        binary = build(pathlib.Path(self.folder.name) / arch, arch, *options)
        cpu, loads = mach_o(binary / "src/cli/espota-c")
        self.assertEqual(cpu, CPU[arch][1])
        self.assertIn("/usr/lib/libSystem.B.dylib", loads)
        return loads

    def test_arm64(self):
        """As Homebrew builds it: what few commands need is loaded when they do."""
        loads = self.assert_builds("aarch64")
        self.assertFalse([name for name in loads if "curl" in name or "microhttpd" in name], loads)

    def test_x86_64(self):
        """Linked, so that each name that is used is known to be there."""
        loads = self.assert_builds("x86_64", "-DESPOTA_LAZY=OFF")
        for name in ("libcrypto.3", "libcurl.4", "libmicrohttpd.12", "libjansson.4", "libz.1"):
            self.assertTrue([load for load in loads if name in load], (name, loads))


if __name__ == "__main__":
    espota_test.main()
