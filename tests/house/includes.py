# SPDX-License-Identifier: MIT
"""Who may know whom: every #include is held against the plan of the house."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()

C_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "locale.h", "math.h",
    "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "string.h", "time.h",
}
FREESTANDING = {"limits.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}

# An outside library is included by files of its own name only: <name>_<suffix>.c
LIBRARIES = {
    "openssl/": "openssl", "jansson.h": "jansson", "curl/": "curl", "microhttpd.h": "mhd",
    "avahi-": "avahi", "dns_sd.h": "dnssd", "zlib.h": "zlib", "bearssl.h": "bearssl",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def library_of(header):
    for start, suffix in LIBRARIES.items():
        if header.startswith(start):
            return suffix
    return None


class Room:
    """One part of the house: its files, the quoted prefixes it may include, its system headers."""

    def __init__(self, folders, quoted, system, libraries=False):
        self.folders, self.quoted, self.system, self.libraries = folders, quoted, system, libraries

    def files(self):
        for folder in self.folders:
            found = (ROOT / folder).glob("*.[ch]")
            yield from sorted(found)

    def faults(self):
        for path in self.files():
            for kind, header in includes(path):
                fault = self.fault(path, kind, header)
                if fault:
                    yield f"{path.relative_to(ROOT)} includes {header}: {fault}"

    def fault(self, path, kind, header):
        if kind == '"':
            near = "/" not in header and (path.parent / header).exists()
            return None if near or header.startswith(self.quoted) else "not of a room it may know"
        suffix = library_of(header)
        if suffix is not None:
            if not self.libraries:
                return "outside libraries have their rooms in src/lib and port/posix"
            return None if path.stem.endswith("_" + suffix) else f"only *_{suffix}.c may"
        if self.system is None or header in self.system:
            return None
        return "not a header for this room"


ROOMS = {
    "core": Room(["src/core"], ("core/", "espota/status.h"), FREESTANDING),
    "sys": Room(["src/sys"], ("sys/", "espota/"), None),
    "lib": Room(["src/lib"], ("lib/", "core/", "sys/", "espota/"), C_HEADERS, libraries=True),
    "cli": Room(["src/cli"], ("cli/", "espota/"), C_HEADERS),
    "contract": Room(["include/espota"], ("espota/",), C_HEADERS),
    "device": Room(["firmware-stub", "firmware-stub/boot", "firmware-stub/port/template"],
                   ("core/", "firmware-stub/", "device", "espota/status.h"), FREESTANDING),
    "posix port": Room(["firmware-stub/port/posix"],
                       ("core/", "sys/", "lib/", "cli/", "espota/", "firmware-stub/", "device",
                        "port/posix/"), C_HEADERS, libraries=True),
}


class HouseIncludes(unittest.TestCase):
    def test_every_room_knows_only_whom_it_may(self):
        for name, room in ROOMS.items():
            with self.subTest(room=name):
                self.assertEqual(list(room.faults()), [])

    def test_the_check_sees_files(self):
        self.assertGreater(len(list(ROOMS["core"].files())), 4)

    def test_the_check_finds_faults(self):
        room = ROOMS["core"]
        path = ROOT / "src/wire/cursor.c"
        self.assertIsNone(room.fault(path, '"', "core/text.h"))
        self.assertIsNotNone(room.fault(path, '"', "sys/loop.h"))
        self.assertIsNotNone(room.fault(path, "<", "stdio.h"))
        self.assertIsNotNone(room.fault(path, "<", "openssl/evp.h"))
        lib = ROOMS["lib"]
        self.assertIsNotNone(lib.fault(ROOT / "src/fleet/upload.c", "<", "openssl/evp.h"))
        self.assertIsNone(lib.fault(ROOT / "src/crypto/digests_openssl.c", "<", "openssl/evp.h"))
        self.assertIsNotNone(lib.fault(ROOT / "src/fleet/upload.c", "<", "unistd.h"))


if __name__ == "__main__":
    unittest.main()
