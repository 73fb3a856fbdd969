# SPDX-License-Identifier: MIT
"""espota-c.exe beside espota-c: the same words and exit codes, and what Windows's users call."""

import json
import os
import pathlib
import shutil
import sys

import espota_test
import wine
from espota_test import Case, Stub, image, run
from fake_device import FakeDevice

COMMANDS = ("upload", "discover", "serve", "sign", "verify", "keygen", "header", "info",
            "password")
INSIDE = "ESPOTA_WINDOWS_NAMESPACE"
ADDRESS = "192.168.77.1"
POLICY = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
WINDOWS = None


def setUpModule():
    global WINDOWS
    WINDOWS = wine.Windows()


def tearDownModule():
    if WINDOWS is not None:
        WINDOWS.close()


class Same(Case):
    """Both are called alike; paths and remedies alone may differ."""

    def both(self, *argv, **options):
        here, there = run(*argv, cwd=self.dir, **options), WINDOWS.run(*argv, cwd=self.dir, **options)
        self.assertEqual(there.returncode, here.returncode, (argv, there.stderr, here.stderr))
        return here, there

    def test_help(self):
        lines = [("--help",), ("-h",), ("--mode", "sign", "-h"), ("arduino", "--help"),
                 ("arduino", "install", "--help"), ("arduino", "discovery", "--help"),
                 *(("password", verb, "--help") for verb in ("set", "list", "remove")),
                 *((name, "--help") for name in COMMANDS)]
        for line in lines:
            here, there = self.both(*line)
            self.assertEqual(there.stdout, here.stdout, line)
            self.assertGreater(len(here.stdout), 200, line)

    def test_what_is_wrong_is_told_in_the_same_words(self):
        self.file("not-an-image.bin", b"hello")
        self.file("cut.bin", image()[:1000])
        self.file("empty", b"")
        for line in ((), ("uplaod",), ("upload",), ("upload", "--host", "x"), ("info", "missing.bin"),
                     ("upload", "--host", "127.0.0.1:0", "cut.bin"), ("info", "empty"),
                     ("upload", "--host", "127.0.0.1", "--retries", "x", "cut.bin"),
                     ("info", "not-an-image.bin"), ("info", "cut.bin"), ("info", "cut.bin", "--json"),
                     ("upload", "--host", "127.0.0.1", "--password-file", "empty", "cut.bin"),
                     ("upload", "--host", "127.0.0.1", "cut.bin"), ("-i", "127.0.0.1"),
                     ("-i", "127.0.0.1", "-p", "nine"), ("-i", "127.0.0.1", "-f", "cut.bin"),
                     ("--mode", "sign"), ("--mode", "sign", "-s", "none", "-b", "none", "-o", "none"),
                     ("verify", "--publickey", "missing.key", "--bin", "cut.bin"),
                     ("sign", "--privatekey", "missing.key", "cut.bin"),
                     ("keygen", "--out", "empty", "--pub", "p.key"), ("serve",),
                     ("serve", "--dir", "missing"), ("arduino",), ("arduino", "install", "--core"),
                     ("discover", "--via", "x")):
            here, there = self.both(*line)
            self.assertEqual(there.stderr, here.stderr, line)
            self.assertEqual(there.stdout, here.stdout, line)

    def test_keys_signatures_and_headers(self):
        self.file("sketch.bin", image())
        for line in (("keygen", "--out", "private.key", "--pub", "public.key"),
                     ("sign", "--privatekey", "private.key", "--bin", "sketch.bin", "--out", "there.bin"),
                     ("header", "--publickey", "public.key", "--out", "there.h")):
            done = WINDOWS.run(*line, cwd=self.dir)
            self.assert_exit(done, 0)
        run("sign", "--privatekey", "private.key", "--bin", "sketch.bin", "--out", "here.bin", cwd=self.dir)
        run("header", "--publickey", "public.key", "--out", "here.h", cwd=self.dir)
        self.assertEqual((self.dir / "there.bin").read_bytes(), (self.dir / "here.bin").read_bytes())
        self.assertEqual((self.dir / "there.h").read_bytes(), (self.dir / "here.h").read_bytes())
        here, there = self.both("verify", "--publickey", "public.key", "--bin", "there.bin")
        self.assertEqual((there.stdout, there.stderr), (here.stdout, here.stderr))
        self.assert_exit(there, 0)
        here, there = self.both("info", "there.bin")
        self.assertEqual(there.stdout, here.stdout)
        done = WINDOWS.run("info", wine.Windows.path(self.dir / "there.bin"))
        self.assertIn(f"{wine.Windows.path(self.dir / 'there.bin')}\n", done.stdout)


class Names(Case):
    def copy(self, name):
        path = self.dir / name
        shutil.copy(WINDOWS.exe, path)
        return path

    def test_by_the_name_it_is_started_under(self):
        for name, words in (("espota.exe", "--host_port"), ("ESPOTA.EXE", "--host_port"),
                            ("signing.py.exe", "--privatekey"), ("mdns-discovery.exe", "pluggable"),
                            ("other.exe", "COMMAND")):
            done = WINDOWS.run("--help", program=self.copy(name))
            self.assert_exit(done, 0)
            self.assertIn(words, done.stdout, name)

    def test_a_line_of_the_core_through_cmd(self):
        """As the esp32 core's espota.exe is called, from a folder with blanks in it."""
        folder = self.dir / "a core" / "tools"
        folder.mkdir(parents=True)
        exe = shutil.copy(WINDOWS.exe, folder / "espota.exe")
        self.file("a sketch.bin", image())
        with Stub("--password", "b c") as device:
            line = (f'@"{wine.Windows.path(exe)}" -r -i 127.0.0.1 -p {device.port} "--auth=b c" '
                    f'-f "{wine.Windows.path(self.dir)}/a sketch.bin"')
            for text, code in (line.replace("b c", "b d"), 1), (line, 0):
                self.file("line.bat", text + "\r\n")
                done = WINDOWS.run("/c", "line.bat", program="cmd", cwd=self.dir)
                self.assert_exit(done, code)
            device.wait_event("boot")


class Install(Case):
    def setUp(self):
        super().setUp()
        local, = (WINDOWS.prefix / "drive_c" / "users").glob("*/AppData/Local")
        self.data = local / "Arduino15"
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)
        self.core = self.data / "packages/esp32/hardware/esp32/3.3.0"
        self.discovery = self.data / "packages/builtin/tools/mdns-discovery/1.0.9"
        (self.core / "tools").mkdir(parents=True)
        self.discovery.mkdir(parents=True)
        (self.core / "platform.txt").write_text('tools.esp_ota.cmd.windows="espota.exe" -r\n')
        (self.core / "platform.local.txt").write_bytes(b"mine=1\r\n")
        for path in self.tools():
            path.write_bytes(b"MZ of theirs " + path.name.encode())

    def tools(self):
        return (self.core / "tools" / "espota.exe", self.core / "tools" / "espota.py",
                self.discovery / "mdns-discovery.exe")

    def install(self, *options, code=0):
        done = WINDOWS.run("arduino", "install", *options)
        self.assert_exit(done, code)
        return done

    def state(self):
        return {path: path.read_bytes() for path in sorted(self.data.rglob("*")) if path.is_file()}

    def test_it_comes_and_goes(self):
        before = self.state()
        told = self.install("--shim", "--discovery").stderr
        exe = pathlib.Path(WINDOWS.exe).read_bytes()
        local = (self.core / "platform.local.txt").read_bytes().decode()
        quoted = f'"{wine.Windows.path(os.path.realpath(WINDOWS.exe))}"'
        self.assertIn("C:" + wine.Windows.path(self.core / "platform.local.txt").split("drive_c")[1] +
                      " written", told)
        self.assertIn(f"tools.esp_ota.cmd.windows={quoted} -r\r\n", local)
        self.assertTrue(local.startswith("mine=1\r\n"))
        espota, script, discovery = self.tools()
        self.assertEqual(espota.read_bytes(), exe)
        self.assertEqual(discovery.read_bytes(), exe)
        self.assertIn("subprocess", script.read_text())
        done = WINDOWS.run(program=discovery, stdin=b'HELLO 1 "arduino-cli 1.3.0"\r\nQUIT\r\n')
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout[:done.stdout.index("}") + 1])["protocolVersion"], 1)
        self.assertNotIn("written", self.install("--shim", "--discovery").stderr)
        self.install("--remove")
        self.assertEqual(self.state(), before)

    def test_a_core_by_its_path(self):
        self.install("--core", wine.Windows.path(self.core))
        self.assertIn("espota-c", (self.core / "platform.local.txt").read_text())
        self.assertIn("no platform.txt", self.install("--core", r"C:\windows", code=8).stderr)


class Firewall(Case):
    """A device on a network that takes the invitation and does not call back."""

    def setUp(self):
        if os.environ.get(INSIDE) != "1":
            self.skipTest("needs root for a network namespace")
        super().setUp()

    def reg(self, *words):
        done = WINDOWS.run(*words, program="reg")
        self.assert_exit(done, 0)

    def ask(self, rules, enabled=1):
        """The complaint, with these rules in the registry."""
        for profile in ("PublicProfile", "StandardProfile", "DomainProfile"):
            self.reg("add", rf"{POLICY}\{profile}", "/v", "EnableFirewall", "/t", "REG_DWORD", "/d",
                     str(enabled), "/f")
        self.reg("add", rf"{POLICY}\FirewallRules", "/f")
        self.reg("delete", rf"{POLICY}\FirewallRules", "/va", "/f")
        for number, rule in enumerate(rules):
            self.reg("add", rf"{POLICY}\FirewallRules", "/v", f"rule{number}", "/d", rule, "/f")
        with FakeDevice(lambda device: (device.invited(), device.say(b"OK")), ADDRESS) as device:
            done = WINDOWS.run("upload", "--host", device.target, "--timeout", "1", "--retries", "0",
                               self.file("sketch.bin", image()))
        self.assert_exit(done, 3)
        return done.stderr

    def test_the_command_that_lets_it_in(self):
        exe = wine.Windows.path(os.path.realpath(WINDOWS.exe))
        rule = f"v2.31|Action=%s|Active=TRUE|Dir=In|Protocol=6|App={exe.lower()}|Name=x|"
        add = (f'netsh advfirewall firewall add rule name="espota-c" dir=in action=allow program="{exe}" '
               "enable=yes profile=public")
        told = self.ask([])
        self.assertIn(f"has no rule that lets {exe} in on this network, whose profile is public", told)
        self.assertIn(add, told)
        told = self.ask([rule % "Allow", rule % "Block"])
        self.assertIn(f"A rule of Windows Defender Firewall keeps {exe} out", told)
        self.assertIn("delete rule name=all", told)
        self.assertIn(add, told)
        told = self.ask([rule % "Allow"])
        self.assertIn(f"Windows Defender Firewall lets {exe} in", told)
        self.assertNotIn("netsh", told)
        told = self.ask([], enabled=0)
        self.assertIn("No firewall was found", told)


def go_inside():
    """Everything once more in a namespace, in which a network can be made."""
    if os.geteuid() != 0 or os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "1"
    script = ("ip link set lo up && ip link add espota0 type veth peer name espota1 && "
              f"ip addr add {ADDRESS}/24 dev espota0 && ip link set espota0 up && "
              'ip link set espota1 up && exec "$@"')
    os.execvp("unshare", ["unshare", "-n", "sh", "-ec", script, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    go_inside()
    espota_test.main()
