# SPDX-License-Identifier: MIT
"""The device as packages: each is whole, by itself, and no other library of ours is missing; and the
device that port/package and port/socket make of it takes an upload."""

import json
import os
import pathlib
import re
import shutil
import socket
import unittest

import espota_test
from espota_test import Case, call, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = ROOT / "firmware-stub/port"
FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O0"]


def pack(name, folder):
    call(os.environ["ESPOTA_CMAKE"], f"-DPACKAGE={name}", f"-DTO={folder}", "-P",
         ROOT / "firmware-stub/pack.cmake")
    return folder


def missing(sources, folder, options=()):
    """Compiles these; the names of ours that none of them has."""
    objects = []
    for source in sources:
        objects.append(folder / f"{len(objects)}.o")
        call(os.environ.get("CC", "cc"), *FLAGS, *options, "-c", source, "-o", objects[-1])
    names = call("nm", *objects)
    wanted = set(re.findall(r" U (espota_\w+)", names))
    there = set(re.findall(r" [TDRBdrb] (espota_\w+)", names))
    if len(there) < 50:
        raise AssertionError(names)
    return wanted - there


class Packed(Case):
    def test_arduino_stands_alone(self):
        """Nothing but src/ in the include path, which is not even needed."""
        library = pack("arduino", self.dir / "EspotaDevice")
        sources = sorted(library.rglob("*.c"))
        self.assertEqual(missing(sources, self.dir), set())
        for source in sources + sorted(library.rglob("*.h")):
            for name in re.findall(r'#include "(.*)"', source.read_text()):
                self.assertTrue((source.parent / name).is_file(), f"{source}: {name}")

    def test_arduino_for_cplusplus(self):
        """The core's headers, which EspotaDevice.cpp includes, are C++ as well."""
        compiler = shutil.which("c++")
        if not compiler:
            self.skipTest("no C++ compiler is installed")
        library = pack("arduino", self.dir / "EspotaDevice")
        own = self.dir / "own.cpp"
        own.write_text('extern "C" {\n#include "espota/firmware-stub/device.h"\n'
                       '#include "espota/firmware-stub/port/package/package.h"\n}\n')
        call(compiler, "-std=gnu++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             f"-I{library / 'src'}", own)

    def test_arduino_is_described(self):
        library = pack("arduino", self.dir / "EspotaDevice")
        text = (library / "library.properties").read_text()
        fields = dict(line.split("=", 1) for line in text.splitlines())
        for name in ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
                     "architectures"):
            self.assertTrue(fields.get(name), name)
        self.assertEqual(fields["category"], "Communication")
        self.assertTrue((library / "src" / fields["includes"]).is_file())
        described = json.loads((library / "library.json").read_text())
        self.assertEqual(described["version"], fields["version"])
        self.assertRegex(fields["version"], r"^\d+\.\d+\.\d+$")
        for example in described["examples"]:
            for name in example["files"]:
                self.assertTrue((library / example["base"] / name).is_file(), name)
                # the IDE wants the sketch to be called as its folder
                self.assertEqual(pathlib.Path(name).stem, pathlib.Path(example["base"]).name)

    def test_esp_idf_stands_alone(self):
        component = pack("esp-idf", self.dir / "espota_device")
        manifest = (component / "idf_component.yml").read_text()
        self.assertRegex(manifest, r'(?m)^version: "\d+\.\d+\.\d+"$')
        inside = component / "espota-c"
        sources = sorted(inside.rglob("*.c"))
        options = [word for folder in ("src", "include", "firmware-stub", "firmware-stub/port/socket/posix")
                   for word in ("-iquote", inside / folder)]
        self.assertEqual(missing(sources, self.dir, options), set())
        self.assertTrue((inside / "firmware-stub/sources.cmake").is_file())
        self.assertTrue((inside / "src/wire/sources.cmake").is_file())

    def test_a_folder_that_is_there_is_left_alone(self):
        with self.assertRaisesRegex(AssertionError, "is there already"):
            pack("arduino", self.dir)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_zephyrs_module_names_what_there_is(self):
        text = (ROOT / "zephyr/module.yml").read_text()
        cmake, kconfig = (re.search(rf"^  {key}: (\S+)$", text, re.M)[1] for key in ("cmake", "kconfig"))
        self.assertTrue((ROOT / cmake / "CMakeLists.txt").is_file())
        self.assertTrue((ROOT / kconfig).is_file())

    def test_every_file_is_in_the_list(self):
        """Of the folders that a list takes, it takes all."""
        script = self.file("list.cmake", f"""include({ROOT}/firmware-stub/sources.cmake)
            foreach(file IN LISTS ESPOTA_WIRE ESPOTA_DEVICE ESPOTA_BOOT ESPOTA_DIGEST ESPOTA_PACKAGE
                    ESPOTA_SOCKET ESPOTA_LWIP)
                message(${{file}})
            endforeach()""".encode())
        said = call(os.environ["ESPOTA_CMAKE"], "-P", script)
        listed = {pathlib.Path(line).resolve() for line in said.split()}
        there = {path for folder in ("src/wire", *(f"firmware-stub/{name}" for name in (
            ".", "core", "boot", "port/digest", "port/package", "port/socket", "port/lwip")))
            for path in (ROOT / folder).resolve().glob("*.c")}
        self.assertEqual(listed, there)


class Device(Case):
    """port/package and port/socket, as Zephyr's and ESP-IDF's packages have them, under Linux."""

    def device(self, challenge, password="secret"):
        installed = self.dir / "installed"
        while True:
            with socket.socket(type=socket.SOCK_DGRAM) as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            process = espota_test.start([espota_test.program("ESPOTA_PACKAGE_DEVICE"), str(port),
                                         challenge, password, installed])
            self.addCleanup(self.end, process)
            lines = espota_test.LineReader(process.stdout)
            if lines.next() == "ready":
                return port, installed, lines, process
            self.assertEqual(process.wait(), 3)  # somebody has taken the port meanwhile

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def upload(self, port, password, data, *more):
        image = self.file("image.bin", data)
        secret = self.file("password", password.encode())
        return run("upload", "--host", "127.0.0.1", "--port", str(port), "--force", "--retries", "0",
                   "--password-file", secret, *more, image)

    def test_an_upload_by_each_challenge(self):
        data = bytes(range(256)) * 400 + b"tail"
        for challenge in ("md5", "pbkdf2"):
            with self.subTest(challenge=challenge):
                port, installed, lines, process = self.device(challenge)
                done = self.upload(port, "secret", data)
                self.assert_exit(done, 0)
                self.assertEqual(installed.read_bytes(), data)
                heard = []
                while not heard or heard[-1] not in (None, "restart"):
                    heard.append(lines.next())
                self.assertIn("start %d" % len(data), heard)
                self.assertIn("end", heard)
                self.assertEqual(process.wait(espota_test.TIMEOUT), 0)
                installed.unlink()

    def test_no_update(self):
        """A wrong password, what the application refuses, what there is no room for; then one that fits."""
        port, installed, lines, _ = self.device("md5")
        self.assert_exit(self.upload(port, "guess", b"x" * 5000), 4)
        done = self.upload(port, "secret", b"x" * 5000, "--fs")
        self.assert_exit(done, 5)
        self.assertIn("no files here", done.stderr)
        self.assert_exit(self.upload(port, "secret", bytes((1 << 20) + 1)), 5)
        self.assertFalse(installed.exists())
        self.assert_exit(self.upload(port, "secret", b"x" * 5000), 0)
        self.assertEqual(installed.read_bytes(), b"x" * 5000)
        self.assertEqual(lines.lines.count("given up"), 3)


if __name__ == "__main__":
    espota_test.main()
