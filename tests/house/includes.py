# SPDX-License-Identifier: MIT
"""Who may know whom: every #include is held against the plan of the house.

A room is a folder. Of another room a file includes the door, ROOM/ROOM.h, and nothing else; and only
of rooms that its own may know. What is behind a door is private to its room.
"""

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
FREESTANDING = {"limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}

# An outside library is included by files of its own name only: <name>_<suffix>.c
LIBRARIES = {
    "openssl/": "openssl", "jansson.h": "jansson", "curl/": "curl", "microhttpd.h": "mhd",
    "avahi-": "avahi", "dns_sd.h": "dnssd", "zlib.h": "zlib", "bearssl.h": "bearssl", "lwip/": "lwip",
    "zephyr/": "zephyr", "esp_": "idf", "freertos/": "idf", "pico/": "pico", "pico.h": "pico",
    "hardware/": "pico",
}

# Of the public headers, what wire and the device may know: a status. The error's text is the host's.
STATUS = ("espota/status.h",)
BELOW_SIGN = ["text", "crypto", "wire", "sys"]
BELOW_SEND = ["sign", "image", "http", "mdns"] + BELOW_SIGN

# room: (folder, rooms that it may know, public headers that it may include, system headers)
ROOMS = {
    "wire": ("src/wire", [], STATUS, FREESTANDING),
    "sys": ("src/sys", [], ("espota/",), None),
    "text": ("src/text", ["wire", "sys"], ("espota/",), C_HEADERS),
    "crypto": ("src/crypto", ["wire", "sys"], ("espota/",), C_HEADERS),
    "http": ("src/http", ["crypto", "text", "wire", "sys"], ("espota/",), C_HEADERS),
    "image": ("src/image", BELOW_SIGN, ("espota/",), C_HEADERS),
    "sign": ("src/sign", ["image"] + BELOW_SIGN, ("espota/",), C_HEADERS),
    "mdns": ("src/mdns", ["text", "wire", "sys"], ("espota/",), C_HEADERS),
    "send": ("src/send", BELOW_SEND, ("espota/",), C_HEADERS),
    "fleet": ("src/fleet", ["send"] + BELOW_SEND, ("espota/",), C_HEADERS),
    "serve": ("src/serve", ["image", "http", "mdns"] + BELOW_SIGN, ("espota/",), C_HEADERS),
    "arduino": ("src/arduino", ["mdns", "text", "sys"], ("espota/",), C_HEADERS),
    "cli": ("src/cli", ["text", "sys"], ("espota/",), C_HEADERS),
    "core": ("firmware-stub/core", ["wire"], STATUS, FREESTANDING),
    "boot": ("firmware-stub/boot", ["core", "wire"], STATUS, FREESTANDING),
    "device": ("firmware-stub", ["core", "boot", "wire"], STATUS, FREESTANDING),
    "port/template": ("firmware-stub/port/template", ["device", "core", "boot", "wire"], STATUS,
                      FREESTANDING),
    "port/bearssl": ("firmware-stub/port/bearssl", ["core", "wire"], STATUS, FREESTANDING),
    "port/zlib": ("firmware-stub/port/zlib", ["core"], STATUS, FREESTANDING),
    "port/lwip": ("firmware-stub/port/lwip", ["device", "core", "boot", "wire"], STATUS, FREESTANDING),
    "port/digest": ("firmware-stub/port/digest", ["boot", "core", "wire"], STATUS, FREESTANDING),
    "port/package": ("firmware-stub/port/package", ["port/digest", "core", "wire"], STATUS, FREESTANDING),
    # sockets by whatever name the system has them: espota_sockets.h says
    "port/socket": ("firmware-stub/port/socket", ["device", "core", "wire"], STATUS, FREESTANDING),
    "port/pico": ("firmware-stub/port/pico", ["port/package", "port/lwip", "device", "core", "boot", "wire"],
                  STATUS, FREESTANDING),
    "port/esp-idf": ("firmware-stub/port/esp-idf", ["port/package", "port/socket", "device", "core", "boot", "wire"],
                     STATUS, FREESTANDING),
    "port/zephyr": ("firmware-stub/port/zephyr",
                    ["port/package", "port/socket", "device", "core", "boot", "wire"], STATUS, FREESTANDING),
    "port/posix": ("firmware-stub/port/posix",
                   ["port/bearssl", "port/zlib", "device", "core", "boot", "wire", "sys", "text", "crypto", "http", "image", "sign",
                    "mdns", "send", "fleet", "serve", "arduino", "cli"], ("espota/",), C_HEADERS),
}
DOORS = {name: f"{name}/{pathlib.PurePath(name).name}.h" for name in ROOMS}
DOORS["device"] = "device.h"
# The system's names for sockets, one file a system behind the same name; for port/socket alone.
SOCKETS = "espota_sockets.h"
# The stub is a second program of the house: it takes options and prints as the first one does.
CLI_FOR_PROGRAMS = ("cli/opt.h", "cli/out.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def library_of(header):
    for start, suffix in LIBRARIES.items():
        if header.startswith(start):
            return suffix
    return None


def freestanding_files(folder):
    """Files that the room's CMakeLists compiles freestanding, whatever the room as a whole may."""
    named = set()
    for path in (ROOT / folder).rglob("CMakeLists.txt"):
        for group in re.findall(r"espota_freestanding\(([^)]*)\)", path.read_text()):
            named.update(path.parent / name for name in group.split())
    return named


def is_a_strangers(path):
    """A program that shows how a package is used, or the Arduino library's C++."""
    return (path.is_relative_to(ROOT / "firmware-stub/port/arduino")
            or any(part in ("sample", "example", "examples") for part in path.parts))


def files(name):
    folder = ROOT / ROOMS[name][0]
    deep = name not in ("device", "core", "boot")
    return sorted(path for path in (folder.rglob if deep else folder.glob)("*.[ch]")
                  if not is_a_strangers(path))


def quoted_fault(name, path, header):
    known, public = ROOMS[name][1:3]
    if header.startswith("espota/"):
        return None if header.startswith(public) else "not a public header for this room"
    if (name, header) in (("port/template", "port.h"), ("port/socket", SOCKETS),
                          ("port/esp-idf", "slot.h")):
        return None
    if header.startswith(name + "/") or name == "device" and header == "device.h":
        return None
    if name == "port/posix" and header in CLI_FOR_PROGRAMS:
        return None
    if header.startswith("lazy/"):
        return lazy_fault(path, header)
    for other in known:
        if header == DOORS[other]:
            return None
        if header.startswith(other + "/"):
            return f"of {other} only the door, {DOORS[other]}"
    return "not of a room that it may know"


def lazy_fault(path, header):
    suffix = pathlib.PurePath(header).stem
    return None if path.stem.endswith("_" + suffix) else f"only *_{suffix}.c may"


def fault(name, path, kind, header):
    if kind == '"':
        return quoted_fault(name, path, header)
    if path.name == SOCKETS:
        return None
    suffix = library_of(header)
    if suffix is not None:
        return None if path.stem.endswith("_" + suffix) else f"only *_{suffix}.c may"
    system = ROOMS[name][3]
    if path in FREE.get(name, ()):
        system = FREESTANDING
    return None if system is None or header in system else "not a header for this room"


FREE = {name: freestanding_files(room[0]) for name, room in ROOMS.items() if room[0].startswith("src/")}


class HouseIncludes(unittest.TestCase):
    def test_every_room_knows_only_whom_it_may(self):
        for name in ROOMS:
            with self.subTest(room=name):
                found = [f"{path.relative_to(ROOT)} includes {header}: {why}"
                         for path in files(name) for kind, header in includes(path)
                         for why in [fault(name, path, kind, header)] if why]
                self.assertEqual(found, [])

    def test_every_room_has_files_and_every_file_a_room(self):
        seen = set()
        for name in ROOMS:
            self.assertTrue(files(name), name)
            seen.update(files(name))
        every = set((ROOT / "src").rglob("*.[ch]")) | set((ROOT / "firmware-stub").rglob("*.[ch]"))
        every = {path for path in every if not is_a_strangers(path)}
        self.assertEqual(sorted(str(path) for path in every - seen - {ROOT / "src/version.c"}), [])

    def test_both_directions_of_the_table(self):
        for name, room in ROOMS.items():
            path = ROOT / room[0] / "any.c"
            for other in ROOMS:
                if other == name:
                    continue
                with self.subTest(room=name, other=other):
                    at_door = quoted_fault(name, path, DOORS[other])
                    self.assertEqual(at_door is None, other in room[1], at_door)
                    self.assertIsNotNone(quoted_fault(name, path, f"{other}/private.h"))

    def test_nobody_is_known_in_a_circle(self):
        def reaches(start, goal):
            return any(other == goal or reaches(other, goal) for other in ROOMS[start][1])
        self.assertEqual([name for name in ROOMS if reaches(name, name)], [])

    def test_the_check_finds_faults(self):
        cursor = ROOT / "src/wire/cursor.c"
        self.assertIsNotNone(fault("wire", cursor, "<", "stdio.h"))
        self.assertIsNotNone(fault("wire", cursor, '"', "espota/error.h"))
        self.assertIsNotNone(fault("wire", cursor, "<", "openssl/evp.h"))
        self.assertIsNotNone(fault("fleet", ROOT / "src/fleet/upload.c", "<", "openssl/evp.h"))
        self.assertIsNone(fault("crypto", ROOT / "src/crypto/keys_openssl.c", "<", "openssl/evp.h"))
        self.assertIsNotNone(fault("fleet", ROOT / "src/fleet/upload.c", "<", "unistd.h"))
        self.assertIsNotNone(fault("send", ROOT / "src/send/espota/sender.c", "<", "stdio.h"))


if __name__ == "__main__":
    unittest.main()
