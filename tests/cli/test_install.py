# SPDX-License-Identifier: MIT
"""What cmake --install puts in place, and a program of somebody else's built against it."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import espota_test
from espota_test import Case
from option_tables import ROOT

BUILD = pathlib.Path(os.environ["ESPOTA_BUILD"])
EXAMPLE = ROOT / "tests" / "example"
HEADERS = sorted((ROOT / "include/espota").glob("*.h"))
call = functools.partial(espota_test.call, timeout=espota_test.TIMEOUT)
CHECKED = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def declared():
    """The functions and variables that the public headers declare."""
    names = set()
    for header in HEADERS:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        text = re.sub(r"^#.*(?:\\\n.*)*$", "", text, flags=re.M)
        names |= set(re.findall(r"\b(espota_\w+)\s*\((?!\*)[^;{}]*\)[^;{}]*;", text))
    return names


def first_values():
    """A program that begins every struct which has an _INIT with it."""
    lines = [f"#include <espota/{header.name}>" for header in HEADERS] + ["int main(void)", "{"]
    macros = sorted({macro for header in HEADERS for macro in
                     re.findall(r"^#define (ESPOTA_\w+_INIT)\b", header.read_text(), re.M)})
    for macro in macros:
        name = macro.removesuffix("_INIT").lower()
        lines += [f"    struct {name} {name} = {macro};", f"    (void){name};"]
    return "\n".join([*lines, "    return 0;", "}", ""]), macros


class Installed(Case):
    """One tree for all tests: it is only read."""

    @classmethod
    def setUpClass(cls):
        cls.tree = pathlib.Path(tempfile.mkdtemp(prefix="espota-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.tree)
        call("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": str(cls.tree)})
        cls.prefix = cls.tree / cls.cached("CMAKE_INSTALL_PREFIX").lstrip("/")
        cls.libdir = cls.prefix / cls.cached("CMAKE_INSTALL_LIBDIR")

    @staticmethod
    def cached(name):
        text = (BUILD / "CMakeCache.txt").read_text()
        return re.search(rf"^{name}:\w+=(.*)$", text, re.M)[1]

    def environment(self):
        path = [str(self.libdir / "pkgconfig"), os.environ.get("PKG_CONFIG_PATH", "")]
        return {**os.environ, "PKG_CONFIG_PATH": ":".join(filter(None, path)),
                "LD_LIBRARY_PATH": str(self.libdir)}

    def flags(self, *argv):
        return call("pkg-config", *argv, "espota", env=self.environment()).split()

    def upload_with(self, program):
        image = self.file("door.bin", espota_test.image())
        with espota_test.Stub("--fast", "--uploads", "1") as stub:
            done = espota_test.run_program(program, stub.target, image, env={
                "LD_LIBRARY_PATH": str(self.libdir)})
            self.assert_exit(done, 0)
            self.assertIn(stub.target, done.stdout)
            self.assertEqual(stub.wait(), 0)
        done = espota_test.run_program(program, "127.0.0.1:9", self.dir / "none", env={
            "LD_LIBRARY_PATH": str(self.libdir)})
        self.assertEqual(done.returncode, 8)
        self.assertIn("No such file", done.stderr + done.stdout)

    def libraries(self, program):
        return re.findall(r"\(NEEDED\).*\[(.*)\]", call("readelf", "-d", program))


class Files(Installed):
    def test_the_tree(self):
        share = self.prefix / "share"
        for path in (self.prefix / "bin/espota-c", self.prefix / "bin/espota-stub",
                     share / "bash-completion/completions/espota-c",
                     share / "bash-completion/completions/espota-stub",
                     share / "fish/vendor_completions.d/espota-c.fish",
                     share / "zsh/site-functions/_espota-c",
                     share / "espota-c/platformio/espota_c.py",
                     share / "doc/espota-c/espota-c.spdx.json",
                     share / "doc/espota-c/copyright",
                     self.prefix / "lib/systemd/system/espota-c-serve.service",
                     self.prefix / "lib/systemd/system/espota-c-serve.socket",
                     self.libdir / "libespota.a", self.libdir / "libespota.so"):
            self.assertTrue(path.is_file(), path)
        for page in (ROOT / "man").glob("*.[1-9]"):
            section = page.suffix[1:]
            self.assertTrue((share / f"man/man{section}" / page.name).is_file(), page)
        for header in HEADERS:
            self.assertTrue((self.prefix / "include/espota" / header.name).is_file(), header)

    def test_the_program_runs_from_there(self):
        done = espota_test.run_program(self.prefix / "bin/espota-c", "--version")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, espota_test.run("--version").stdout)

    def test_nothing_tells_where_it_was_built(self):
        for path in self.prefix.rglob("*"):
            if path.is_file():
                self.assertFalse(str(ROOT).encode() + b"/" in path.read_bytes(), path)

    def test_bill_of_materials(self):
        bill = json.loads((self.prefix / "share/doc/espota-c/espota-c.spdx.json").read_text())
        self.assertEqual(bill["spdxVersion"], "SPDX-2.3")
        parts = {part["name"]: part["versionInfo"] for part in bill["packages"]}
        told = espota_test.run("--version").stdout
        self.assertEqual(parts.pop("espota-c"), told.split()[1])
        for name in ("OpenSSL", "jansson", "zlib", "libcurl", "libmicrohttpd"):
            self.assertIn(f"{name} {parts[name]}", told)
        known = {part["SPDXID"] for part in bill["packages"]} | {"SPDXRef-DOCUMENT"}
        for link in bill["relationships"]:
            self.assertLessEqual({link["spdxElementId"], link["relatedSpdxElement"]}, known)


class Shared(Installed):
    def test_soname(self):
        version = espota_test.run("--version").stdout.split()[1]
        library = self.libdir / "libespota.so"
        self.assertIn("[libespota.so.0]", call("readelf", "-d", library))
        self.assertEqual(library.resolve().name, f"libespota.so.{version}")

    def test_it_exports_what_the_headers_declare(self):
        lines = call("nm", "-D", "--defined-only", self.libdir / "libespota.so").splitlines()
        exported = {line.split()[-1].split("@")[0] for line in lines}
        self.assertEqual(exported ^ declared(), set())


class Example(Installed):
    def test_forty_lines(self):
        text = (EXAMPLE / "uploader.c").read_text()
        self.assertLessEqual(len(text.splitlines()), 40)
        shown = (ROOT / "man/libespota.3").read_text().replace("\\e", "\\")
        self.assertIn(text.split("*/\n", 1)[1], shown)

    def test_pkg_config_in_c(self):
        program = self.dir / "uploader"
        call("cc", "-std=c11", *CHECKED, EXAMPLE / "uploader.c", "-o", program,
             *self.flags("--cflags", "--libs"))
        self.assertIn("libespota.so", " ".join(self.libraries(program)))
        self.upload_with(program)

    def test_pkg_config_in_cxx(self):
        if shutil.which("c++") is None:
            self.skipTest("no C++ compiler")
        program = self.dir / "uploader"
        call("c++", "-std=c++11", *CHECKED, "-x", "c++", EXAMPLE / "uploader.c", "-o", program,
             *self.flags("--cflags", "--libs"))
        self.upload_with(program)

    def test_in_a_main_loop_of_its_own(self):
        glib = subprocess.run(["pkg-config", "--cflags", "--libs", "glib-2.0"], capture_output=True,
                              text=True, check=False)
        if glib.returncode != 0:
            self.skipTest("no libglib2.0-dev")
        program = self.dir / "glib"
        call("cc", "-std=c11", *CHECKED, EXAMPLE / "glib.c", "-o", program,
             *self.flags("--cflags", "--libs"), *glib.stdout.split())
        self.upload_with(program)

    def test_pkg_config_static(self):
        program = self.dir / "uploader"
        call("cc", EXAMPLE / "uploader.c", "-o", program,
             *self.flags("--static", "--cflags", "--libs"))
        self.assertNotIn("libespota", " ".join(self.libraries(program)))
        self.upload_with(program)

    def compile_in_each_language(self, *texts):
        """As programs of somebody else's may be compiled, without a warning."""
        sources = [self.file(f"{i}.c", text.encode()) for i, text in enumerate(texts)]
        for compiler, language, standards in (("gcc", "c", ("c99", "c11", "c17")),
                                              ("clang", "c", ("c99", "c11")),
                                              ("g++", "c++", ("c++11", "c++17", "c++20")),
                                              ("clang++", "c++", ("c++11", "c++17", "c++20"))):
            if shutil.which(compiler) is None:
                continue
            for standard in standards:
                with self.subTest(compiler=compiler, standard=standard):
                    call(compiler, "-x", language, f"-std={standard}", *CHECKED, "-Wconversion",
                         "-Wshadow", "-fsyntax-only", *sources, *self.flags("--cflags"))

    def test_first_values_without_a_warning(self):
        text, macros = first_values()
        self.assertGreater(len(macros), 10)
        self.compile_in_each_language(text)

    def test_each_header_alone(self):
        self.compile_in_each_language(*(f"#include <espota/{h.name}>\n" for h in HEADERS))

    def test_find_package(self):
        if shutil.which("c++") is None:
            self.skipTest("no C++ compiler")
        for argv in (("-S", EXAMPLE, "-B", self.dir / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"),
                     ("--build", self.dir / "build")):
            call("cmake", *argv)
        for name, shared in (("uploader", True), ("uploader-cxx", True), ("uploader-static", False)):
            with self.subTest(program=name):
                program = self.dir / "build" / name
                linked = any(n.startswith("libespota") for n in self.libraries(program))
                self.assertEqual(linked, shared)
                self.upload_with(program)


if __name__ == "__main__":
    espota_test.main()
