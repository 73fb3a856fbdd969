# SPDX-License-Identifier: MIT
"""The passwords that are kept for devices: how they get into the file, and who gets them from it."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import espota_test
from espota_test import Case, Stub, Terminal, espota_c, image, run, start

HERE = "127.0.0.1"


class Kept(Case):
    """A folder for the user's settings, with the file in it if the test writes one."""

    def setUp(self):
        super().setUp()
        self.config = self.dir / "config"
        self.env = {"XDG_CONFIG_HOME": str(self.config)}
        self.path = self.config / "espota-c" / "passwords"
        self.shown = fr"{self.config}\espota-c\passwords" if espota_test.ON_WINDOWS else str(self.path)

    def keep(self, text, mode=0o600):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text)
        self.path.chmod(mode)

    def password(self, *argv, stdin=b"", **options):
        return run("password", *argv, stdin=stdin, env=self.env, **options)

    def set(self, host, password, **options):
        return self.password("set", "--password-stdin", host, stdin=password + "\n", **options)

    def hosts(self):
        done = self.password("list")
        self.assert_exit(done, 0)
        return done.stdout.split()


class Edit(Kept):
    def test_first_and_second(self):
        done = self.set("door", "geheim-1")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn(self.shown, done.stderr)
        self.assertEqual(self.path.read_text(), "door geheim-1\n")
        self.assert_private(self.path)
        if not espota_test.ON_WINDOWS:  # where the user's folders are private as a whole
            self.assert_private(self.path.parent, 0o700)
        self.assertEqual([name.name for name in self.path.parent.iterdir()], ["passwords"])
        self.assert_exit(self.password("set", "lamp", "--password-file",
                                       self.file("secret", "geheim 2\nrest")), 0)
        self.assert_exit(self.set("DOOR", "geheim-3"), 0)
        self.assertEqual(self.path.read_text(), "DOOR geheim-3\nlamp geheim 2\n")

    def test_what_was_written_by_hand_stays(self):
        self.keep("# mine\r\n\n  door\told  \n# all\n*  \" x \"\n")
        self.assert_exit(self.set("door", "new"), 0)
        self.assert_exit(self.set("lamp.local", " y"), 0)
        self.assertEqual(self.path.read_bytes().decode(),
                         "# mine\r\n\ndoor new\n# all\nlamp.local \" y\"\n*  \" x \"\n")
        self.assertEqual(self.hosts(), ["door", "lamp.local", "*"])

    def test_list(self):
        done = self.password("list")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn("No passwords are kept", done.stderr)
        self.assertFalse(self.config.exists())
        self.keep("door geheim-1\n# lamp geheim-2\n192.168.1.* geheim-3\n")
        done = self.password("list")
        self.assert_exit(done, 0)
        self.assertEqual((done.stdout, done.stderr), ("door\n192.168.1.*\n", ""))
        done = self.password("list", "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"file": self.shown, "hosts": ["door", "192.168.1.*"]})

    def test_remove(self):
        self.assert_one_line(self.password("remove", "door"), 1, "door", self.shown)
        self.assertFalse(self.config.exists())
        self.keep("door geheim-1\nlamp geheim-2\n* geheim-3\n")
        self.assert_one_line(self.password("remove", "dor"), 1, "did you mean door?")
        self.assert_exit(self.password("remove", "*"), 0)
        self.assert_exit(self.password("remove", "Door"), 0)
        self.assertEqual(self.path.read_text(), "lamp geheim-2\n")
        self.assert_exit(self.password("remove", "lamp"), 0)
        self.assertEqual(self.hosts(), [])

    def test_remove_what_was_written_by_hand(self):
        self.keep("router:* a\n[fe80::1] b\nfe80::2 c\nx:y d\n")
        for host in "router:*", "[fe80::1]", "[fe80::2]", "x:y":
            self.assert_exit(self.password("remove", host), 0)
        self.assertEqual(self.path.read_text(), "")

    def test_a_link_stays_one(self):
        """As those have it who keep their settings in a repository elsewhere."""
        elsewhere = self.file("elsewhere", "door old\n")
        self.path.parent.mkdir(parents=True)
        self.path.symlink_to(elsewhere)
        self.assert_exit(self.set("door", "new"), 0)
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(elsewhere.read_text(), "door new\n")

    def test_usage(self):
        for argv, words in (([], "what to do is missing"), (["show"], "'show'"),
                            (["set"], "HOST is missing"), (["remove"], "HOST is missing"),
                            (["set", ""], "HOST"), (["remove", ""], "HOST"), (["set", "my door"], "no blanks"),
                            (["set", "http://door/update"], "URL"), (["set", "#door"], "#"),
                            (["set", "door", "--password-stdin", "--password-file", "x"],
                             "exclude each other"),
                            (["list", "door"], "unexpected")):
            with self.subTest(argv=argv):
                done = self.password(*argv)
                self.assert_exit(done, 2)
                self.assertIn(words, done.stderr)
        self.assertFalse(self.config.exists())

    def test_not_on_the_command_line(self):
        done = self.password("set", "door", "geheim-1")
        self.assert_exit(done, 2)
        self.assertIn("--password-stdin", done.stderr)
        self.assertNotIn("geheim-1", done.stderr)

    def test_the_variable_of_upload_is_not_taken(self):
        """Who has it set for all and keeps one for a device means another one."""
        done = run("password", "set", "door", env={**self.env, "ESPOTA_PASSWORD": "geheim-1"})
        self.assert_one_line(done, 8, "no terminal", "--password-stdin")
        self.assertFalse(self.config.exists())

    def test_help(self):
        done = self.password("--help")
        self.assert_exit(done, 0)
        for verb in "set", "list", "remove":
            self.assertIn(f"espota-c password {verb}", done.stdout)
            self.assertIn("Exit codes:", self.password(verb, "--help").stdout)


class Asked(Kept):
    def ask(self, *typed):
        terminal = Terminal(espota_c(), "password", "set", "door", env=self.env, typed=typed,
                            columns=160)
        return terminal.run(), terminal.screen

    def test_twice_and_hidden(self):
        code, screen = self.ask(("Password for door: ", "geheim-1\n"), ("again: ", "geheim-1\n"))
        self.assertEqual(code, 0, screen)
        self.assertNotIn(b"geheim", screen)
        self.assertEqual(self.path.read_text(), "door geheim-1\n")

    def test_two_different_ones(self):
        self.keep("door old\n")
        code, screen = self.ask(("Password for door: ", "geheim-1\n"), ("again: ", "geheim-2\n"))
        self.assertEqual(code, 1, screen)
        self.assertIn(b"nothing was changed", screen)
        self.assertEqual(self.path.read_text(), "door old\n")

    def test_interrupted(self):
        self.keep("door old\n")
        for typed in ([("Password for door: ", "\x03")],
                      [("Password for door: ", "geheim-1\n"), ("again: ", "gehe\x03")]):
            code, screen = self.ask(*typed)
            self.assertIn(code, (-2, 130), screen)
            self.assertNotIn(b"gehe", screen)
        self.assertEqual(self.path.read_text(), "door old\n")
        self.assertEqual([name.name for name in self.path.parent.iterdir()], ["passwords"])

    def test_without_a_terminal(self):
        done = self.password("set", "door", stdin="geheim-1\n")
        self.assert_one_line(done, 8, "no terminal", "--password-stdin")


class Trouble(Kept):
    """Each is told in a line, and what was there stays as it was."""

    def each(self):
        return (("list", self.password("list")), ("remove", self.password("remove", "door")),
                ("set", self.set("door", "geheim-2")))

    def test_others_can_read_it(self):
        for mode in *espota_test.READERS, 0o666:
            self.keep("door geheim-1\n", mode)
            for verb, done in self.each():
                with self.subTest(verb, mode=oct(mode)):
                    self.assert_one_line(done, 8, "others can", espota_test.others_can_read(self.shown))
            self.assertEqual(self.path.read_text(), "door geheim-1\n")

    def test_the_command_helps(self):
        for name in "config", "my config", "it's $mine; `x` \\ \"y\"":
            with self.subTest(name):
                self.config = self.dir / name
                self.env = {"XDG_CONFIG_HOME": str(self.config)}
                self.path = self.config / "espota-c" / "passwords"
                self.keep("door geheim-1\n", 0o644)
                command = re.search("chmod .*", self.password("list").stderr)[0]
                subprocess.run(["sh", "-c", command], check=True)
                self.assertEqual(self.hosts(), ["door"])

    def test_bad_lines(self):
        for line in "geheim-1", "door", '"my door" geheim-1', "do\x01or geheim-1", "door ge\0heim":
            text = f"# mine\n{line}\n"
            self.keep(text)
            for verb, done in self.each():
                with self.subTest(verb, line=line):
                    self.assert_one_line(done, 8, f"{self.shown}: line 2: ")
                    self.assertNotIn("geheim", done.stderr)
            self.assertEqual(self.path.read_text(), text)

    def test_no_file(self):
        def is_folder():
            self.path.mkdir(parents=True)

        def is_pipe():
            self.path.parent.mkdir(parents=True)
            os.mkfifo(self.path, 0o600)

        def is_device():
            self.path.parent.mkdir(parents=True)
            self.path.symlink_to("/dev/zero")

        for make in is_folder, is_pipe, is_device:
            make()
            for verb, done in self.each():
                with self.subTest(make.__name__, verb=verb):
                    self.assert_one_line(done, 8, self.shown, "no file")
            shutil.rmtree(self.config)

    def test_too_large(self):
        text = "# " + "x" * (1 << 20)
        self.keep(text)
        for verb, done in self.each():
            with self.subTest(verb):
                self.assert_one_line(done, 8, self.shown, "longer than")
        self.assertEqual(self.path.read_text(), text)

    def test_a_folder_that_cannot_be_made(self):
        self.config.write_text("")
        self.assert_one_line(self.set("door", "geheim-1"), 8, self.config)

    def test_no_place(self):
        def with_env(**places):
            env = {name: value for name, value in espota_test.environment().items()
                   if name not in ("HOME", "XDG_CONFIG_HOME")} | places
            return subprocess.run([espota_c(), "password", "set", "door", "--password-stdin"],
                                  input=b"geheim\n", env=env, cwd=self.dir, capture_output=True,
                                  timeout=espota_test.TIMEOUT, check=False)

        done = with_env()
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertIn(b"HOME", done.stderr)
        self.assertEqual(with_env(HOME=str(self.dir)).returncode, 0)
        below = pathlib.Path(".config", "espota-c", "passwords")
        self.assertTrue((self.dir / below).exists())
        other = self.dir / "other"
        done = with_env(HOME=str(other), XDG_CONFIG_HOME="relative")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((other / below).exists())
        self.assertFalse((self.dir / "relative").exists())

    def test_a_full_disk(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        self.keep("".join(f"host-{i} geheim\n" for i in range(1000)))
        before = self.path.read_bytes()
        done = self.set("door", "geheim", preexec_fn=limit)
        self.assert_one_line(done, 8, self.shown)
        self.assertEqual(self.path.read_bytes(), before)
        self.assertEqual([name.name for name in self.path.parent.iterdir()], ["passwords"])

    def test_many_at_once(self):
        """Whoever finds it in use says so, and nobody's line is lost."""
        left = {f"door-{i}" for i in range(12)}
        while left:
            running = {}
            for host in left:
                running[host] = start([espota_c(), "password", "set", host, "--password-stdin"],
                                      env=self.env, stdin=subprocess.PIPE)
            told = {}
            for host, process in running.items():
                _, words = process.communicate(b"geheim\n", timeout=espota_test.TIMEOUT)
                told[host] = (process.returncode, words.decode())
            for host, (code, words) in told.items():
                self.assertIn(code, (0, 8), words)
                if code == 8:
                    self.assertIn("in use by another run", words)
            done = {host for host, (code, _) in told.items() if code == 0}
            self.assertTrue(done)
            left -= done
        self.assertEqual(set(self.hosts()), {f"door-{i}" for i in range(12)})


class Lines(Kept):
    """What the extension for file systems of Arduino IDE 2, and PlatformIO, call: none of these has
    a place for a password."""

    LINES = {
        "ide-rp2040": ["-I", "/core/tools/espota.py", "-i", "{ip}", "-p", "{port}", "-f", "{file}", "-s"],
        "ide-esp8266": ["-i", "{ip}", "-p", "{port}", "-f", "{file}", "-s"],
        "ide-esp32": ["-r", "-i", "{ip}", "-p", "{port}", "-f", "{file}", "-s"],
        "ide-empty": ["-i", "{ip}", "-p", "{port}", "--auth=", "-f", "{file}", "-s"],
        "pio-esp8266": ["--port={port}", "--debug", "--progress", "-i", "{ip}", "-s", "-f", "{file}"],
        "pio-esp32": ["--port={port}", "--debug", "--progress", "-i", "{ip}", "--spiffs", "-f",
                      "{file}"],
    }

    def setUp(self):
        super().setUp()
        self.image = self.file("littlefs.bin", bytes(range(256)) * 32)

    def line(self, words, device, *more, **env):
        return run(*[word.format(ip=HERE, port=device.port, file=self.image) for word in words],
                   *more, env={**self.env, **env})

    def test_lines(self):
        self.keep("192.* wrong\n127.0.0.? geheim-1\n* wrong\n")
        with Stub("--fast", "--password", "geheim-1") as device:
            for name, words in self.LINES.items():
                with self.subTest(name):
                    done = self.line(words, device)
                    self.assert_exit(done, 0)
                    self.assertEqual("127.0.0.?" in done.stderr, "--debug" in words, done.stderr)
                    self.assertNotIn("geheim", done.stderr)

    def test_what_is_given_comes_first(self):
        self.keep("* geheim-1\n")
        words = self.LINES["ide-esp8266"]
        with Stub("--fast", "--password", "geheim-1") as device:
            done = self.line(words, device, "--auth=wrong")
            self.assert_exit(done, 1)
            self.assertNotIn("espota-c password", done.stderr)
            self.assert_exit(self.line(words, device, ESPOTA_PASSWORD="wrong"), 1)
            self.assert_exit(self.line(words, device), 0)

    def test_none_is_kept(self):
        with Stub("--fast", "--password", "geheim-1") as device:
            for keep in False, True:
                if keep:
                    self.keep("lamp geheim-1\n")
                done = self.line(self.LINES["ide-esp8266"], device)
                self.assert_exit(done, 1)
                self.assertIn("wants a password and none was given", done.stderr)
                self.assertIn("espota-c password set HOST", done.stderr)

    def test_an_old_one(self):
        self.keep("* old\n")
        with Stub("--fast", "--password", "geheim-1") as device:
            done = self.line(self.LINES["ide-esp8266"], device)
            self.assert_exit(done, 1)
            self.assertIn("did not accept the password", done.stderr)
            self.assertIn(f"The password is from {self.shown}; 'espota-c password set HOST'",
                          done.stderr)

    def test_a_file_that_is_refused(self):
        words = self.LINES["ide-esp8266"]
        self.keep("* geheim-1\n", 0o644)
        with Stub("--fast", "--password", "geheim-1") as device:
            done = self.line(words, device)
            self.assert_exit(done, 1)
            self.assertIn(espota_test.others_can_read(self.shown), done.stderr)
            self.keep("* geheim-1\ndoor\n")
            self.assert_exit(self.line(words, device), 0)  # the first line counts
            self.keep("door\n* geheim-1\n")
            done = self.line(words, device)
            self.assert_exit(done, 1)
            self.assertIn(f"{self.shown}: line 1: ", done.stderr)
            self.path.unlink()
            os.mkfifo(self.path, 0o600)
            done = self.line(words, device)
            self.assert_exit(done, 1)
            self.assertIn(f"{self.shown} is no file", done.stderr)
        with Stub("--fast") as device:  # nobody looks into it for a device that wants none
            self.assert_exit(self.line(words, device), 0)


class Upload(Kept):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image())

    def upload(self, *argv, **options):
        return run("upload", *argv, self.image, env=self.env, **options)

    def test_each_device_has_its_own(self):
        with Stub("--fast", "--password", "geheim-1") as one, \
                Stub("--fast", "--password", "geheim-2") as two, \
                Stub("--fast", "--password", "geheim-3") as three:
            self.keep(f"{one.target} geheim-1\n{two.target} geheim-2\n")
            third = self.file("third", "geheim-3\n")
            targets = self.file("targets", f"{two.target}\n{three.target} password-file={third}\n")
            done = self.upload("--host", one.target, "--targets", targets)
            self.assert_exit(done, 0)
            self.assertNotIn("geheim", done.stderr)

    def test_a_person_is_asked_about_the_others(self):
        with Stub("--fast", "--password", "geheim-1") as one, \
                Stub("--fast", "--password", "geheim-2") as two:
            self.keep(f"{one.target} geheim-1\n")
            terminal = Terminal(espota_c(), "upload", "--host", one.target, "--host", two.target,
                                self.image, env=self.env,
                                typed=[(f"Password for {two.target}: ", "geheim-2\n")])
            self.assertEqual(terminal.run(), 0, terminal.screen)
            self.assertNotIn(f"Password for {one.target}".encode(), terminal.screen)

    def test_refused(self):
        with Stub("--fast", "--password", "geheim-1") as device:
            self.keep("* geheim-1\n", espota_test.READERS[0])
            done = self.upload("--host", device.target)
            self.assert_exit(done, 8)
            self.assertIn(espota_test.others_can_read(self.shown), done.stderr)
            self.keep("* old\n")
            done = self.upload("--host", device.target)
            self.assert_exit(done, 4)
            self.assertIn(self.shown, done.stderr)

    def test_not_for_web_updaters(self):
        """They are sent the password itself."""
        self.keep("* geheim-1\n")
        with Stub("--fast", "--http", "127.0.0.1:0", "--password", "geheim-1") as device:
            done = self.upload("--host", f"http://{device.ready['http']}/update")
            self.assert_exit(done, 4)
            self.assertIn("none was given", done.stderr)


if __name__ == "__main__":
    espota_test.main()
