# SPDX-License-Identifier: MIT
"""The library's messages name no option of the program: how a thing is done is worded by cli alone.

What stands between quotes in src, outside src/cli, has neither an option nor a variable of the
program in it. The exceptions write other programs' lines."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
# What these write or run are command lines of Arduino's configuration and of the system's firewall
# programs, and style sheets.
EXCEPTIONS = {"arduino/lines.c", "send/firewall.c", "serve/admin.c"}
# Elsewhere: what must stand in the text itself for its options to be another program's.
OTHER_PROGRAMS = re.compile(r"firewall-cmd|iptables|-I INPUT -p|ulimit|--unblockapp")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
NAMES = re.compile(r"(?:^|[\s(,;:'=])--[a-z][a-z0-9-]*\b|[\s(;:']-[A-Za-z]\b"
                   r"|\bESPOTA_(?:FORCE|PASSWORD|PASSPHRASE)\b|\bespota-c (?:sign|keygen|verify|upload --)")


def faults(text):
    text = COMMENT.sub("", text)
    return [literal for literal in LITERAL.findall(text)
            if NAMES.search(literal) and not OTHER_PROGRAMS.search(literal)]


class Messages(unittest.TestCase):
    def test_no_option_outside_cli(self):
        looked_at = 0
        for path in sorted((ROOT / "src").rglob("*.[ch]")):
            name = path.relative_to(ROOT / "src").as_posix()
            if name.startswith("cli/") or name in EXCEPTIONS:
                continue
            looked_at += 1
            with self.subTest(file=name):
                self.assertEqual(faults(path.read_text(encoding="utf-8")), [])
        self.assertGreater(looked_at, 50)

    def test_exceptions_are_there(self):
        for name in EXCEPTIONS:
            self.assertNotEqual(faults((ROOT / "src" / name).read_text(encoding="utf-8")), [], name)

    def test_the_check_finds_faults(self):
        for text in ('"add --fs to it"', '"(--force)"', '"; use -s"', '"--listen"',
                     '"ESPOTA_FORCE=1 does"', '"compress first (espota-c sign)"'):
            self.assertNotEqual(faults(text), [], text)
        for text in ('"a - b"', '"self-made"', '/* "--force" */', '"%-10s"'):
            self.assertEqual(faults(text), [], text)


if __name__ == "__main__":
    unittest.main()
