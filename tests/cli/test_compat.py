# SPDX-License-Identifier: MIT
"""espota.py's command lines, as the cores, the IDE and PlatformIO type them."""

import hashlib
import os
import re
import signal
import socket
import threading

import espota_test
from espota_test import (Case, Stub, esp32_image, espota_c, image, run, run_program,
                         signed, start)
from fake_device import FakeDevice, ended


class Compat(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(20000)
        self.image = self.file("Sketch.ino.bin", self.bytes)

    def sent_md5(self, device):
        return device.wait_event("boot")["md5"]

    def linked(self, name):
        link = self.dir / name
        if not link.exists():
            link.symlink_to(espota_c())
        return link


class Lines(Compat):
    """What stands behind the interpreter and the script's name there."""

    LINES = {
        "esp8266-ide": ["-i", "{ip}", "-p", "{port}", "--auth=secret", "-f", "{file}"],
        "esp8266-nopw": ["-i", "{ip}", "-p", "{port}", "--auth=", "-f", "{file}"],
        "esp32-ide": ["-r", "-i", "{ip}", "-p", "{port}", "--auth=secret", "-f", "{file}"],
        "rp2040-ide": ["-i", "{ip}", "-p", "{port}", "--auth=", "-f", "{file}"],
        "pio-auth": ["--auth=secret", "--port={port}", "--host_port=0", "--debug", "--progress",
                     "-i", "{ip}", "-f", "{file}"],
        "py-shim": ["-I", "/core/tools/espota.py", "-i", "{ip}", "-p", "{port}", "--auth=", "-f",
                    "{file}"],
        "clusters": ["-rd", "-p{port}", "-i{ip}", "-f{file}"],
        "prefixes": ["--i", "{ip}", "--po={port}", "--fi", "{file}", "--prog"],
        "strays": ["-i", "{ip}", "stray", "more", "-p", "{port}", "-f", "{file}", "--", "-x"],
    }

    def test_lines(self):
        with Stub("--fast") as device:
            for name, line in self.LINES.items():
                with self.subTest(name):
                    done = run(*[word.format(ip="127.0.0.1", port=device.port, file=self.image)
                                 for word in line])
                    self.assert_exit(done, 0)
                    self.assertEqual(done.stdout, "")
                    self.assertEqual(self.sent_md5(device), hashlib.md5(self.bytes).hexdigest())

    def test_hexadecimal_port(self):
        with Stub("--fast") as device:
            self.assert_exit(run("-i", "127.0.0.1", "-p", hex(device.port), "-f", self.image), 0)

    def test_file_systems(self):
        content = bytes(range(256)) * 32
        path = self.file("littlefs.bin", content)
        with Stub("--fast") as device:
            for option in "-s", "--spiffs":
                done = run("--debug", "--progress", "-i", "127.0.0.1", "-p", device.port, option,
                           "-f", path)
                self.assert_exit(done, 0)
                self.assertEqual(device.wait_event("end")["command"], "filesystem")

    def test_under_the_name_of_the_script(self):
        with Stub("--fast") as device:
            for name in "espota.py", "espota":
                done = run_program(self.linked(name), "-i", "127.0.0.1", "-p", device.port, "-f",
                                   self.image)
                self.assert_exit(done, 0)
        done = run_program(self.linked("espota.py"))
        self.assert_exit(done, 1)
        self.assertIn("-i ADDRESS and -f FILE are needed", done.stderr)

    def test_md5_target(self):
        with Stub("--fast", "--password", "geheim", "--auth-method", "sha256") as device:
            done = run("-i", "127.0.0.1", "-p", device.port, "-f", self.image, "-a", "geheim")
            self.assert_exit(done, 0)


class Ports(Compat):
    """Without -p: by the image's chip, else 3232 with --spiffs, else 8266. The port stands in the
    text of the failure: nobody listens at this address."""

    def test_ports(self):
        esp32 = self.file("esp32.bin", esp32_image())
        other = self.file("fs.bin", b"no known file system" * 100)
        runs = [(port, start([espota_c(), "-i", "127.77.88.99", "-t", "1", *argv]))
                for port, argv in (
                    (8266, ["-f", self.image]),
                    (3232, ["-f", esp32]),
                    (8266, ["-s", "-f", other]),
                    (3232, ["--spiffs", "-f", other]),
                    (3232, ["-p", "{upload.port.properties.port}", "-f", esp32]),
                    (2040, ["-p", "2040", "-f", other]))]
        for port, process in runs:
            with self.subTest(argv=process.args):
                _, told = process.communicate(timeout=espota_test.TIMEOUT)
                self.assertEqual(process.returncode, 1)
                self.assertIn(f"invitation to 127.77.88.99:{port}\n", told.decode())


class ExitCodes(Compat):
    def test_not_enough_arguments(self):
        for argv in (["-i", "127.0.0.1"], ["-f", "x"], ["-r"], ["-i", "", "-f", "x"]):
            with self.subTest(argv=argv):
                self.assert_one_line(run(*argv), 1, "-i ADDRESS and -f FILE are needed")

    def test_bad_usage(self):
        for argv in (["--bogus"], ["-x"], ["-p"], ["-p", "x"], ["-i", "a", "--p", "1"],
                     ["-p", "08"], ["--debug=1"], ["-i", "a", "-f", "b", "-t", "0"]):
            with self.subTest(argv=argv):
                done = run(*argv)
                self.assert_exit(done, 2)
                self.assertIn("espota-c: error: ", done.stderr)
                self.assertIn("Try 'espota-c -h'", done.stderr)

    def test_failures(self):
        self.assert_one_line(run("-i", "127.0.0.1", "-f", self.dir / "no"), 1, "no")
        with Stub("--fast", "--password", "geheim") as device:
            for argv in ([], ["--auth=wrong"], ["--auth="]):
                done = run("-i", "127.0.0.1", "-p", device.port, "-f", self.image, *argv)
                self.assert_exit(done, 1)
                self.assertIn("error: ", done.stderr)
        with Stub("--fast", "--fs-start", "262144") as device:
            done = run("-i", "127.0.0.1", "-p", device.port, "-f",
                       self.file("big.bin", image(400000)))
            self.assert_exit(done, 1)
            self.assertIn("Not Enough Space", done.stderr)

    def test_no_password(self):
        with Stub("--fast", "--password", "geheim") as device:
            for argv in [], ["--auth="]:
                done = run("-i", "127.0.0.1", "-p", device.port, "-f", self.image, *argv)
                self.assert_exit(done, 1)
                self.assertIn("wants a password and none was given", done.stderr)
                self.assertNotIn("did not accept", done.stderr)

    def test_an_absent_device_is_waited_for_once(self):
        """espota.py gives up after one wait."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
            quiet.bind(("127.0.0.1", 0))
            done = run("-i", "127.0.0.1", "-p", quiet.getsockname()[1], "-f", self.image, "-t", "1")
        self.assert_exit(done, 1)
        self.assertEqual(done.stderr.count("Sending invitation"), 1, done.stderr)

    def test_help(self):
        for name in "-h", "--hel":
            done = run(name)
            self.assert_exit(done, 0)
            self.assertIn("--host_ip", done.stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 80)
        self.assertIn("--host_ip", run_program(self.linked("espota.py"), "--help").stdout)

    def test_signal(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read(stream, 1460)
            begun.set()
            while not ended(stream):
                pass
        begun = threading.Event()
        with FakeDevice(play) as device:
            with start([espota_c(), "-i", "127.0.0.1", "-p", device.port, "-f",
                        self.file("big.bin", image(16 << 20))],
                       env={"ESPOTA_FORCE": "1"}) as upload:
                self.assertTrue(begun.wait(espota_test.TIMEOUT))
                upload.send_signal(signal.SIGINT)
                upload.communicate(timeout=espota_test.TIMEOUT)
            self.assertEqual(upload.returncode, 130)


class Secrets(Compat):
    def test_debug_masks_the_password(self):
        with Stub("--fast", "--password", "geheim-55") as device:
            for argv in (["--auth=geheim-55"], ["-a", "geheim-55"], ["--au", "geheim-55"]):
                done = run("-d", "-r", *argv, "-i", "127.0.0.1", "-p", device.port, "-f",
                           self.image)
                self.assert_exit(done, 0)
                self.assertIn("'auth': '***'", done.stderr)
                self.assertNotIn("geheim-55", done.stderr)

    def test_process_list(self):
        with Stub("--rate", "4k", "--password", "geheim-56") as device:
            with start([espota_c(), "--auth=geheim-56", "-i", "127.0.0.1", "-p", device.port, "-f",
                        self.image]) as upload:
                device.wait_event("auth")
                with open(f"/proc/{upload.pid}/cmdline", "rb") as shown:
                    self.assertNotIn(b"geheim-56", shown.read())
                upload.kill()

    def test_an_empty_one_is_none(self):
        """The IDE passes --auth= for every board: the environment may still know better."""
        with Stub("--fast", "--password", "geheim") as device:
            done = run("--auth=", "-i", "127.0.0.1", "-p", device.port, "-f", self.image,
                       env={"ESPOTA_PASSWORD": "geheim"})
            self.assert_exit(done, 0)

    def test_the_empty_password(self):
        def play(device):
            device.invited()
            assert device.challenge("")
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        for argv in ([], ["--auth="]):
            with FakeDevice(play) as device:
                done = run("-i", "127.0.0.1", "-p", device.port, "-f", self.image, *argv)
                self.assert_exit(done, 0)

    def test_a_value_may_begin_with_a_dash(self):
        for password in "-x", "--mode", "--":
            with Stub("--fast", "--password", password) as device:
                self.assert_exit(run("-a", password, "-i", "127.0.0.1", "-p", device.port, "-f",
                                     self.image), 0)


class Images(Compat):
    def upload(self, *argv, env=None, path=None):
        with Stub("--fast") as device:
            done = run("-i", "127.0.0.1", "-p", device.port, "-f", path or self.image, *argv,
                       env=env)
            end = device.wait_event("end") if done.returncode == 0 else None
        return done, end

    def test_signed_is_sent_instead(self):
        self.file("Sketch.ino.bin.signed", signed(self.bytes))
        done, end = self.upload()
        self.assert_exit(done, 0)
        self.assertEqual(end["bytes"], len(self.bytes) + 260)

    def test_a_stale_signed_file_is_refused(self):
        self.file("Sketch.ino.bin.signed", signed(image(20000, seed=5)))
        done, _ = self.upload()
        self.assert_one_line(done, 1, "Sketch.ino.bin.signed")

    def test_the_native_command_sends_the_file_that_it_was_given(self):
        self.file("Sketch.ino.bin.signed", signed(self.bytes))
        with Stub("--fast") as device:
            done = run("upload", "--host", device.target, self.image)
            self.assert_exit(done, 0)
            self.assertEqual(device.wait_event("end")["bytes"], len(self.bytes))
        self.assertIn("warning", done.stderr)
        self.assertIn("Sketch.ino.bin.signed", done.stderr)


class Progress(Compat):
    def upload(self, *argv, rate="40k"):
        """Its exit code, and standard error in the pieces in which it came."""
        with Stub("--fast", "--rate", rate, "--tcp-window", "5840") as device:
            with start([espota_c(), "-i", "127.0.0.1", "-p", device.port, "-f",
                        self.file("big.bin", image(60000)), *argv]) as upload:
                pieces = []
                while piece := os.read(upload.stderr.fileno(), 65536):
                    pieces.append((piece.decode(), upload.poll() is None))
                return upload.wait(), pieces

    def test_bar(self):
        code, pieces = self.upload("--debug", "--progress")
        text = "".join(piece for piece, _ in pieces)
        self.assertEqual(code, 0, text)
        self.assertIn("Uploading: [" + "=" * 60 + "] 100%\n", text)
        self.assertNotIn("\r", text)
        # On a terminal PlatformIO holds a line back until four equal characters come in a row.
        bar = next(line for line in text.splitlines() if line.startswith("Uploading"))
        self.assertEqual(re.search(r"(\S)\1{3}", bar).start(), len("Uploading: ["))
        bars = [piece for piece, _ in pieces if "=" in piece]
        self.assertGreater(len(bars), 3)  # it grew

    def test_dots(self):
        code, pieces = self.upload()
        text = "".join(piece for piece, _ in pieces)
        self.assertEqual(code, 0, text)
        self.assertIn("Uploading" + "." * 60 + " 100%\n", text)

    def test_not_100_without_the_verdict(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"ERROR[7]: MD5 Failed\n")
        for argv in ["-r"], []:
            with FakeDevice(play) as device:
                done = run("-i", "127.0.0.1", "-p", device.port, "-f", self.image, *argv)
            self.assert_exit(done, 1)
            self.assertNotIn("100", done.stderr)
            self.assertIn("\nespota-c: error: ", done.stderr)


if __name__ == "__main__":
    espota_test.main()
