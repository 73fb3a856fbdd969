# SPDX-License-Identifier: MIT
"""A name stands for one thing: no struct, enum or union is defined twice, private or public, and
every header compiles alone and together with every other."""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
FOLDERS = ("include/espota", "src", "firmware-stub")
TAG = re.compile(r"^\s*(?:typedef\s+|static\s+|const\s+)*(struct|enum|union)\s+(\w+)\s*\{", re.M)
# What one system has in place of another's: never in one program, so that twins may use one name.
FOREIGN = {"POSIX": re.compile(r"_windows\.[ch]$"),
           "Windows": re.compile(r"_(posix|linux|macos|other)\.[ch]$")}
# A header that CMake makes for a library that is loaded when it is needed; the names are the library's.
GENERATED = os.environ.get("ESPOTA_GENERATED", "")


def sources(pattern):
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob(pattern))


def compile_headers(headers):
    """What the compiler says of these, one after the other in one file; empty: nothing."""
    text = "".join(f'#include "{path}"\n' for path in headers)
    flags = [flag for folder in ("src", "firmware-stub") for flag in ("-iquote", str(ROOT / folder))]
    if GENERATED:
        flags += ["-iquote", GENERATED]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "all.c"
        file.write_text(text)
        done = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                               "-Werror", "-fsyntax-only", f"-I{ROOT / 'include'}", *flags, str(file)],
                              capture_output=True, text=True, check=False)
    return done.stderr


def own(path):
    """Headers in C that need no library which is only found by pkg-config, and no other system; none
    that is a stranger's."""
    return not re.search("port/arduino|/example/", path.as_posix()) and not FOREIGN["POSIX"].search(path.name) and not re.search(r'#include ("lazy/|<(avahi|microhttpd|curl|dns_sd|bearssl|zephyr/))', path.read_text())


class Names(unittest.TestCase):
    def test_a_tag_is_defined_once(self):
        for system, foreign in FOREIGN.items():
            with self.subTest(system=system):
                places = collections.defaultdict(list)
                for path in sources("*.[ch]"):
                    for _, name in TAG.findall(path.read_text()) if not foreign.search(path.name) else ():
                        places[name].append(str(path.relative_to(ROOT)))
                self.assertGreater(len(places), 100)
                self.assertEqual({name: where for name, where in places.items() if len(where) > 1}, {})

    def test_headers_together(self):
        headers = [path for path in sources("*.h") if own(path)]
        self.assertEqual(compile_headers(headers), "")
        self.assertEqual(compile_headers(headers[::-1]), "")

    def test_each_header_alone(self):
        for path in sources("*.h"):
            if own(path):
                with self.subTest(header=path.name):
                    self.assertEqual(compile_headers([path]), "")

    def test_the_check_finds_a_name_that_is_there_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in "ab":
                (pathlib.Path(folder) / f"{name}.h").write_text("struct twice {\n    int a;\n};\n")
            found = compile_headers(sorted(pathlib.Path(folder).glob("*.h")))
            self.assertIn("twice", found)


if __name__ == "__main__":
    unittest.main()
