# SPDX-License-Identifier: MIT
"""Every option and exit code: option tables, --help and man pages say the same."""

import json
import re
import shutil
import subprocess

import espota_test
import option_tables
from espota_test import Case, run
from option_tables import ROOT, TABLES

MAN = ROOT / "man"


def page(name):
    return (MAN / name).read_text()


def page_rows(text):
    """{(letter, name): value} of the .It lines that begin with Fl."""
    rows = {}
    for line in re.findall(r"^\.It (Fl .*)$", text, re.M):
        letter, name, value, want_flag, in_value = "", "", "", False, False
        for word in line.split():
            if word == "Fl":
                want_flag = True
            elif want_flag:
                letter, name = (letter, word[1:]) if word.startswith("-") else (word, name)
                want_flag = False
            elif word in ("Ar", "Cm"):
                in_value = True
            elif in_value:
                value += word
        rows[letter, name] = value
    return rows


def page_codes(text):
    """The numbers under EXIT STATUS."""
    part = re.search(r"^\.Sh EXIT STATUS\n(.*?)(?=^\.Sh|\Z)", text, re.M | re.S).group(1)
    return [int(code) for code in re.findall(r"^\.It (\d+)$", part, re.M)]


def section(text, title):
    return re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh)", text, re.M | re.S).group(1)


class Options(Case):
    def compare(self, left, right, what):
        self.assertTrue(left, what)
        self.assertEqual(set(left.items()) ^ set(right.items()), set(), what)

    def test_commands(self):
        names = option_tables.commands()
        self.assertEqual(set(names), {*TABLES, "help"})
        told = re.findall(r"^  (\w+) +\S", run("--help").stdout, re.M)
        self.assertEqual(told, names)
        listed = re.search(r"The commands are:(.*?)\.El", page("espota-c.1"), re.S).group(1)
        self.assertEqual(set(re.findall(r"^\.It Cm (\w+)$", listed, re.M)), set(names))

    def test_help_has_the_tables(self):
        for command, path in TABLES.items():
            with self.subTest(command=command):
                self.compare(option_tables.help_of(command), option_tables.tables(path), path)

    def test_pages_have_the_tables(self):
        for command in TABLES:
            with self.subTest(command=command):
                self.compare(page_rows(page(f"espota-c-{command}.1")),
                             option_tables.help_of(command), command)

    def test_stub(self):
        told = option_tables.printed(espota_test.espota_stub(), "--help")
        self.compare(told, option_tables.tables(option_tables.STUB), option_tables.STUB)
        self.compare(page_rows(page("espota-stub.1")), told, "espota-stub.1")

    def test_the_other_tools(self):
        both = page("espota-c-compat.1").split(".Ss signing.py")
        for text, argv in ((both[0], ["-h"]), (both[1], ["--mode", "sign", "-h"])):
            told = option_tables.printed(espota_test.espota_c(), *argv)
            self.compare(page_rows(text), told, argv)

    def test_help_fits_a_terminal(self):
        texts = [run(*command.split(), "--help").stdout for command in ("", *TABLES)]
        texts.append(espota_test.run_program(espota_test.espota_stub(), "--help").stdout)
        for line in "\n".join(texts).splitlines():
            self.assertLessEqual(len(line), 80, line)


class ExitCodes(Case):
    def test_all_are_told(self):
        wanted = option_tables.exit_codes()
        self.assertEqual(page_codes(page("espota-c.1")), sorted(wanted))
        self.assertEqual(page_codes(page("espota-c-upload.1")), sorted(wanted))
        notes = run("upload", "--help").stdout.split("Exit codes:")[1]
        notes = re.sub(r"\s+", " ", notes)
        told = re.findall(r"(?:^|;|and) (\d+)\b", notes)
        self.assertEqual({int(code) for code in told} | {143}, wanted)
        self.assertIn("143", notes)

    def test_pages_tell_no_other(self):
        wanted = option_tables.exit_codes()
        for path in sorted(MAN.glob("*.1")):
            with self.subTest(page=path.name):
                codes = page_codes(path.read_text())
                self.assertLessEqual({0, 2}, set(codes))
                self.assertLessEqual(set(codes), wanted)
                self.assertEqual(codes, sorted(set(codes)))

    def test_what_help_says_of_codes(self):
        """A code that --help of a command names stands in its page."""
        for command in TABLES:
            text = re.sub(r"\s+", " ", run(command, "--help").stdout)
            for part in re.findall(r"Exit codes? (\d+:[^.]*(?:; \d+:[^.]*)*)", text):
                for code in re.findall(r"(\d+):", part):
                    self.assertIn(int(code), page_codes(page(f"espota-c-{command}.1")), command)


class Json(Case):
    """What the programs print is what espota-c-json(5) lists."""

    def members(self, text):
        words = re.findall(r"^\.It Cm (.*)$", text, re.M)
        return {word for line in words for word in line.replace(",", " ").split()}

    def assert_told(self, objects, title):
        told = self.members(section(page("espota-c-json.5"), title)) | {"event", "target"}
        self.assertTrue(objects)
        for event in objects:
            self.assertLessEqual(set(event) | {event.get("event", "event")}, told, event)

    def test_upload_and_stub(self):
        image = self.file("door.bin", espota_test.image())
        with espota_test.Stub("--fast", "--uploads", "1", "--password", "x") as stub:
            done = run("upload", "--json", "--host", stub.target, "--auth", "x", image)
            self.assert_exit(done, 0)
            self.assertEqual(stub.wait(), 0)
            self.assert_told(stub.events(), "STUB")
        self.assert_told(espota_test.events(done.stdout), "UPLOAD")
        for event in ("start", "invited", "auth", "connected", "result", "summary"):
            self.assertIn(f'"event":"{event}"', done.stdout.replace(" ", ""))

    def test_every_member_of_upload_is_told(self):
        source = (ROOT / "src/fleet/tell.c").read_text()
        keys = set(re.findall(r'\(object, "(\w+)"', source))
        self.assertLessEqual(keys, self.members(section(page("espota-c-json.5"), "UPLOAD"))
                             | {"event", "target"})

    def test_every_member_of_the_others_is_told(self):
        for title, path in (("DISCOVER", "src/mdns/discover.c"), ("SERVE", "src/serve/json.c"),
                            ("INFO", "src/image/info.c"), ("VERIFY", "src/sign/verify.c"),
                            ("PASSWORD", "src/cli/cmd_password.c"),
                            ("STUB", "firmware-stub/port/posix/log.c")):
            text = section(page("espota-c-json.5"), title)
            words = set(re.findall(r"\b\w+\b", text))
            keys = set(re.findall(r'\(&?(?:\w+(?:->|\.))?(?:object|json|member|segment|of), "(\w+)"',
                                  (ROOT / path).read_text()))
            self.assertTrue(keys, path)
            self.assertEqual(keys - {"event"} - words, set(), path)

    def test_info(self):
        done = run("info", "--json", self.file("door.bin", espota_test.image()))
        self.assert_exit(done, 0)
        self.assert_told([json.loads(done.stdout)], "INFO")


class Lint(Case):
    def test_mandoc(self):
        mandoc = shutil.which("mandoc")
        if mandoc is None:
            self.skipTest("no mandoc")
        for path in sorted(MAN.glob("*.[1-9]")):
            with self.subTest(page=path.name):
                done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", path],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual((done.returncode, done.stdout.decode()), (0, ""))

    def test_pages_that_are_referred_to_are_there(self):
        ours = {path.name for path in MAN.glob("*.[1-9]")}
        for path in sorted(MAN.glob("*.[1-9]")):
            for name, number in re.findall(r"^\.Xr (\S+) (\d)", path.read_text(), re.M):
                if name.startswith(("espota", "libespota")):
                    self.assertIn(f"{name}.{number}", ours, path.name)


if __name__ == "__main__":
    espota_test.main()
