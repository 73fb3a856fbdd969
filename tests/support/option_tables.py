# SPDX-License-Identifier: MIT
"""The options and exit codes of the programs, as their sources and their --help have them."""

import re
import subprocess

import espota_test
from espota_test import ROOT

# Command line up to --help: the file with its table. One row for each page espota-c-<name>(1).
TABLES = {
    "upload": "src/cli/cmd_upload.c",
    "discover": "src/cli/cmd_discover.c",
    "serve": "src/cli/cmd_serve.c",
    "sign": "src/cli/cmd_sign.c",
    "verify": "src/cli/cmd_verify.c",
    "keygen": "src/cli/cmd_keygen.c",
    "header": "src/cli/cmd_header.c",
    "info": "src/cli/cmd_info.c",
    "arduino": "src/cli/cmd_arduino.c",
    "password": "src/cli/cmd_password.c",
}
WITH_VERBS = ("arduino", "password")
STUB = "firmware-stub/port/posix/main.c"
COMMON = {("q", "quiet"), ("v", "verbose"), ("h", "help")}

_ROW = re.compile(r"\{\s*OPT_([A-Z]+),\s*(0|'.'),\s*(NULL|\"[^\"]*\"),\s*(NULL|\"[^\"]*\"),\s*(NULL)?")
_HELP = re.compile(r"^  (?:-(\w)(?:, )?|    )(?:--([\w-]+))?(?: (\S+))?(?:  +\S.*)?$")


def commands():
    """The names in the table of main.c."""
    text = (ROOT / "src/cli/main.c").read_text()
    table = re.search(r"commands\[\] = \{\n(.*?)\n\};", text, re.S).group(1)
    return re.findall(r'\{"([\w-]+)",', table)


def _unquoted(word):
    return "" if word == "NULL" else word.strip('"')


def tables(path):
    """{(letter, name): value} of all rows in a source file, without the hidden ones."""
    text = (ROOT / path).read_text()
    found = {}
    for kind, letter, name, value, hidden in _ROW.findall(text):
        if hidden or name == "NULL" and letter == "0":
            continue  # a hidden row, or an argument that is no option
        found["" if letter == "0" else letter[1], _unquoted(name)] = (
            "" if kind == "FLAG" else _unquoted(value))
    if "OPT_ROWS_OUTPUT" in text:
        found |= {row: "" for row in COMMON}
    return found


def printed(*argv):
    """The same as --help prints it."""
    done = subprocess.run([*map(str, argv)], env=espota_test.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=espota_test.TIMEOUT, check=True)
    rows = (_HELP.match(line) for line in done.stdout.decode().splitlines())
    return {(row[1] or "", row[2] or ""): row[3] or "" for row in rows if row and (row[1] or row[2])}


def verbs(command):
    """What may stand behind "arduino", as its --help tells it, and behind "password"."""
    done = espota_test.run(command, "--help")
    return re.findall(rf"(?m)^(?:Usage:)?\s+espota-c {command} (\w+)", done.stdout)


def help_of(command):
    """{(letter, name): value} of a command's --help; of all its verbs together."""
    if command in WITH_VERBS:
        return {row: value for verb in verbs(command)
                for row, value in printed(espota_test.espota_c(), command, verb, "--help").items()}
    return printed(espota_test.espota_c(), command, "--help")


def exit_codes():
    """The codes of the status table, and those of the two signals."""
    text = (ROOT / "src/wire/status.c").read_text()
    rows = re.findall(r"\[ESPOTA_\w+\] = \{[^}]*, (\d+)\}", text)
    return {int(code) for code in rows} | {128 + 15}
