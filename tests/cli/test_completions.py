# SPDX-License-Identifier: MIT
"""Completions in the real shells: each option of the tables, files by kind, devices last seen."""

import os
import pathlib
import re
import shutil
import subprocess

import espota_test
import option_tables
from espota_test import Case
from option_tables import ROOT, TABLES, WITH_VERBS

FOLDER = ROOT / "completions"
DEVICES = ("kitchen.local\tkitchen\n"
           "192.0.2.7\tkitchen\n"
           "door.local:9000\tdoor at $(touch ran)\n"
           "[2001:db8::7]:9000\tdoor\n"
           "$(touch\tran)\n"
           "`touch\tran`\n"
           "a;b\tran\n"
           "http://192.0.2.9:65280/sketch\tblinds\n")
FILES = ("door.bin", "door.bin.gz", "door.bin.signed", "private.key", "public.pem", "notes.txt",
         "my door.bin")
ZSH = pathlib.Path(__file__).resolve().parents[1] / "support" / "ask_zsh.zsh"


class Bash:
    """The words of a line are split as readline splits them, and the function is called."""

    needs = "bash"
    any_file_if_none = False
    script = r"""
        source "$1/espota-c.bash"
        shift
        COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        read -r _ _ run _ < <(complete -p "${COMP_WORDS[0]}")
        "$run" "${COMP_WORDS[0]}"
        ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
    """

    @staticmethod
    def split(line):
        words = re.findall(r"[=:]+|(?:\\.|[^\s=:])+", line)
        return words if words and not line.endswith((" ", "\t")) else [*words, ""]

    def ask(self, lines, folder, env):
        for line in lines:
            done = subprocess.run(
                ["bash", "--norc", "-c", self.script, "bash", FOLDER, line, *self.split(line)],
                env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=espota_test.TIMEOUT, check=True)
            assert done.stderr == b"", done.stderr
            yield done.stdout.decode().splitlines()


class Fish:
    needs = "fish"
    any_file_if_none = False
    script = """
        source $argv[1]/espota-c.fish
        source $argv[1]/espota-stub.fish
        for line in $argv[2..]
            complete -C $line
            echo .
        end
    """

    def ask(self, lines, folder, env):
        done = subprocess.run(["fish", "--no-config", "-c", self.script, FOLDER, *lines], env=env,
                              cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=espota_test.TIMEOUT, check=True)
        assert done.stderr == b"", done.stderr
        return answers(done.stdout.decode(), len(lines))


class Zsh:
    needs = "zsh"
    any_file_if_none = True  # zsh's own manner

    def ask(self, lines, folder, env):
        done = subprocess.run(["zsh", "-f", ZSH, FOLDER], input="\n".join([*lines, ""]).encode(),
                              env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=espota_test.TIMEOUT, check=True)
        text = re.sub(r"\\([^\n])", r"\1", done.stdout.decode())  # quoted as it goes into the line
        return answers(text, len(lines))


def answers(text, count):
    """What stands before each "." alone; descriptions (behind a tab) are left out."""
    parts = re.findall(r"((?:.*\n)*?)\.\n", text)
    assert len(parts) == count, text
    return [[word.split("\t")[0] for word in part.splitlines()] for part in parts]


def wanted(command):
    """The options of a command line as far as the verb, from the program itself."""
    words = command.split()
    path = espota_test.espota_stub() if words[0] == "espota-stub" else espota_test.espota_c()
    table = option_tables.printed(path, *words[1:], "--help")
    return {f"-{letter}" for letter, _ in table if letter} | {f"--{name}" for _, name in table}


def command_lines():
    verbs = [f"espota-c {command} {verb}" for command in WITH_VERBS
             for verb in option_tables.verbs(command)]
    return [f"espota-c {command}" for command in TABLES if command not in WITH_VERBS] + verbs + [
        "espota-stub"]


class Completions:
    """The same questions to each shell."""

    def setUp(self):
        super().setUp()
        if shutil.which(self.shell.needs) is None:
            self.skipTest(f"no {self.shell.needs}")
        self.env = espota_test.environment({"HOME": str(self.dir), "TERM": "xterm",
                                            "XDG_CACHE_HOME": str(self.dir / "cache"),
                                            "XDG_CONFIG_HOME": str(self.dir / "config"),
                                            "XDG_DATA_HOME": str(self.dir / "data")})
        (self.dir / "cache/espota-c").mkdir(parents=True)
        self.file("cache/espota-c/devices", DEVICES)
        self.work = self.dir / "work"
        self.work.mkdir()
        (self.work / "sub").mkdir()
        for name in FILES:
            (self.work / name).touch()

    def ask(self, *lines):
        return [{word.rstrip("=") if word.startswith("-") else word for word in answer}
                for answer in self.shell().ask(lines, self.work, self.env)]

    def test_commands(self):
        first, some, helped, *verbs = self.ask("espota-c ", "espota-c up", "espota-c help ",
                                               *(f"espota-c {command} " for command in WITH_VERBS))
        names = set(option_tables.commands())
        self.assertEqual({word for word in first if not word.startswith("-")}, names)
        self.assertEqual(some, {"upload"})
        self.assertEqual(helped, names)
        for command, offered in zip(WITH_VERBS, verbs):
            self.assertEqual({word for word in offered if not word.startswith("-")},
                             set(option_tables.verbs(command)))

    def test_every_option(self):
        lines = command_lines()
        for line, offered in zip(lines, self.ask(*(f"{line} --" for line in lines))):
            with self.subTest(line=line):
                long_ones = {word for word in wanted(line) if word.startswith("--")}
                self.assertEqual({word for word in offered if word.startswith("--")}, long_ones)

    def test_letters(self):
        lines = command_lines()
        for line, offered in zip(lines, self.ask(*(f"{line} -" for line in lines))):
            with self.subTest(line=line):
                letters = {word for word in wanted(line) if not word.startswith("--")}
                self.assertLessEqual(letters, offered)

    def test_choices(self):
        for line in command_lines():
            words = line.split()
            path = espota_test.espota_stub() if words[0] == "espota-stub" else (
                espota_test.espota_c())
            table = option_tables.printed(path, *words[1:], "--help")
            choices = {name: value for (_, name), value in table.items() if "|" in value}
            asked = self.ask(*(f"{line} --{name} " for name in choices)) if choices else []
            for (name, value), offered in zip(choices.items(), asked):
                self.assertEqual(offered, set(value.split("|")), f"{line} --{name}")

    def test_devices(self):
        every, some, letter, kept = self.ask(
            "espota-c upload --host ", "espota-c upload --host kit", "espota-c upload -i kit",
            "espota-c password set kit")
        self.assertEqual(every, {"kitchen.local", "192.0.2.7", "door.local:9000",
                                 "[2001:db8::7]:9000", "http://192.0.2.9:65280/sketch"})
        self.assertEqual(some, {"kitchen.local"})
        self.assertEqual(letter, {"kitchen.local"})
        self.assertEqual(kept, {"kitchen.local"})
        self.assertFalse((self.work / "ran").exists())

    def test_no_discovery_yet(self):
        shutil.rmtree(self.dir / "cache")
        self.assertEqual(self.ask("espota-c upload --host "), [set()])

    def test_files_by_kind(self):
        images = {"door.bin", "door.bin.gz", "door.bin.signed"}
        keys = {"private.key", "public.pem"}
        lines = ("espota-c upload --host x d", "espota-c upload --file d",
                 "espota-c sign --privatekey p", "espota-c verify --publickey p",
                 "espota-c info d", "espota-c upload --targets n", "espota-c info n",
                 "espota-c upload --host x s", "espota-c serve --dir ")
        others = {"notes.txt"} if self.shell.any_file_if_none else set()
        for line, right, offered in zip(
                lines, (images, images, keys, keys, images, {"notes.txt"}, others, {"sub"},
                        {"sub"}),
                self.ask(*lines)):
            with self.subTest(line=line):
                self.assertEqual({word.rstrip("/") for word in offered}, right)

    def test_value_behind_an_equals_sign(self):
        offered, hosts = self.ask("espota-c upload --progress=b", "espota-c upload --host=kit")
        self.assertEqual({word.split("=")[-1] for word in offered}, {"bar"})
        self.assertEqual({word.split("=")[-1] for word in hosts}, {"kitchen.local"})


class InBash(Completions, Case):
    shell = Bash

    def test_behind_a_colon(self):
        """readline replaces what stands behind the last colon only."""
        self.assertEqual(self.ask("espota-c upload --host door.local:9"), [{"9000"}])
        self.assertEqual(self.ask("espota-c upload --host http://192"), [{"//192.0.2.9:65280/sketch"}])

    def test_shellcheck(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("no shellcheck")
        done = subprocess.run(["shellcheck", "-s", "bash", FOLDER / "espota-c.bash"],
                              stdout=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout.decode()), (0, ""))


class InFish(Completions, Case):
    shell = Fish


class InZsh(Completions, Case):
    shell = Zsh


if __name__ == "__main__":
    os.umask(0o022)
    espota_test.main()
