# SPDX-License-Identifier: MIT
"""The device on lwIP, on emulated boards and as a process, updated by espota-c over Linux's TCP.

Counterparts that nobody here wrote: lwIP on the device, Linux on the host, openssl for keys and
signatures, qemu's cards and chips.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys

import boards
import espota_test
import signing
from board_case import Case
from boards import DEVICE, DEVICE6, PORT

PASSWORD = "correct horse"


class Common:
    def test_upload(self):
        flash, new = self.chip(), self.image(2)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(new), 0)
        said = device.wait(r"end, ms \d+, changes \d+, stack (\d+)")
        print(f"{self.board}, {self.lwip}: stack of an upload {said[1]} bytes")
        self.assert_runs(device, flash, new)

    def test_signed_with_a_password(self):
        private, public = signing.key("rsa-2048")
        unsigned = self.image(2)
        signed = self.file("signed.bin", signing.esp8266_signed(unsigned.read_bytes(), private))
        secret = self.file("password", PASSWORD)
        flash = self.chip(password=PASSWORD, key=boards.rsa_numbers(public))
        device = self.device(flash)
        device.up(1)
        wrong = self.upload(signed, "--password-file", self.file("wrong", "wrong horse"))
        self.assert_exit(wrong, 4)
        refused = self.upload(unsigned, "--password-file", secret, "--force")
        self.assertEqual(refused.returncode, 5, refused.stderr)
        self.assertIn("ERROR[12]", refused.stderr)
        self.assert_exit(self.upload(signed, "--password-file", secret), 0)
        said = device.wait(r"end, ms \d+, changes \d+, stack (\d+)")
        print(f"{self.board}, {self.lwip}: stack with a signature {said[1]} bytes")
        self.assert_runs(device, flash, signed)


    def test_gzip(self):
        """The loader unpacks; zlib does it there, too."""
        flash, new = self.chip(), self.image(2)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(new, "--gzip"), 0)
        self.assert_runs(device, flash, new)
        self.assertIn(b"\x1f\x8b\x08", flash.read_bytes()[512 << 10:2 << 20])


class Everything(Common):
    def test_pbkdf2(self):
        flash, new = self.chip(password=PASSWORD, digits=64), self.image(2)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(new, "--password-file", self.file("p", PASSWORD)), 0)
        self.assert_runs(device, flash, new)

    def test_file_system(self):
        content = hashlib.shake_128(b"files").digest(64 * 1024)
        flash, files = self.chip(), self.file("files.bin", content)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(files, "--fs", "--force"), 0)
        device.up(1)  # the same program
        self.assertEqual(flash.read_bytes()[2 << 20:(2 << 20) + len(content)], content)

    def test_again_and_again(self):
        """Nothing is used up: pbufs, pcbs, timers. With the waits of a real device left out."""
        flash, new = self.chip(), self.image(2)
        device = self.device(flash)
        device.up(1)
        for _ in range(20):
            self.assert_exit(self.upload(new), 0)
            device.up(1 if self.board == "host" else 2)

    def test_page(self):
        flash, new = self.chip(flags=boards.PAGE), self.image(2)
        device = self.device(flash)
        device.up(1)
        url = f"http://{DEVICE}/update"
        form = subprocess.run(self.air.argv("curl", "-sS", url), capture_output=True, text=True,
                              check=True)
        self.assertIn("<form", form.stdout.lower())
        done = subprocess.run(self.air.argv("curl", "-sS", "-F", f"firmware=@{new}", url),
                              capture_output=True, text=True, check=True)
        self.assertIn("Update Success", done.stdout)
        self.assert_runs(device, flash, new)

    def test_asks_a_server(self):
        """A real `espota-c serve`."""
        folder = self.dir / "images"
        folder.mkdir()
        new = self.image(2)
        shutil.copy(new, folder / "program-2.bin")
        argv = self.air.argv(espota_test.espota_c(), "serve", "--json", "--dir", folder, "--listen",
                             f"{boards.HOST}:0")
        server = espota_test.Process(*argv)
        self.addCleanup(server.close)
        port = int(server.wait_event("ready")["address"].rpartition(":")[2])
        flash = self.chip(flags=boards.PULL, pull=(f"{boards.HOST}:{port}", port))
        device = self.device(flash)
        self.assertIsNotNone(device.wait(r"end, ms \d+"), device.out.lines)
        self.assert_runs(device, flash, new)

    def test_found(self):
        device = self.device(self.chip(flags=boards.MDNS))
        device.up(1)
        for _ in range(10):  # it asks whether its names are free, and again for its IPv6 address
            found = self.espota_c("discover", "--json", "--name", "emulated")
            if found.returncode == 0:
                break
        self.assertIn('"name":"emulated"', found.stdout, found.stderr)
        self.assertIn(DEVICE, found.stdout)


class WithIpv6(Everything):
    def test_ipv6(self):
        flash, new = self.chip(), self.image(2)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(new, host=DEVICE6), 0)
        self.assert_runs(device, flash, new)


# A server that gives only a part of its first answer, and tells what it was asked for.
BREAKS = """
import re, socket, sys
image = open(sys.argv[2], "rb").read()
listener = socket.create_server((sys.argv[1], 0))
print(listener.getsockname()[1], flush=True)
for most in (len(image) // 2, len(image)):
    line, _ = listener.accept()
    asked = line.recv(4096).decode()
    at = int((re.search("Range: bytes=([0-9]+)-", asked) or [0, 0])[1])
    print(at, flush=True)
    head = f"Content-Length: {len(image) - at}\\r\\nETag: \\"1\\"\\r\\n\\r\\n"
    if at > 0:
        head = f"Content-Range: bytes {at}-{len(image) - 1}/{len(image)}\\r\\n" + head
    line.sendall(f"HTTP/1.1 {206 if at > 0 else 200} OK\\r\\n{head}".encode() + image[at:most])
    line.close()
"""


class Process(WithIpv6, Case):
    """What is about TCP, in a process: quick, and the same code."""

    board = "host"

    def test_a_line_that_breaks_while_it_asks(self):
        new = self.image(2)
        server = subprocess.Popen(self.air.argv(sys.executable, "-c", BREAKS, boards.HOST, new),
                                  stdout=subprocess.PIPE, text=True)
        for cleanup in (server.stdout.close, server.wait, server.kill):
            self.addCleanup(cleanup)
        port = int(server.stdout.readline())
        flash = self.chip(flags=boards.PULL, pull=(f"{boards.HOST}:{port}", port))
        device = self.device(flash)
        self.assertIsNotNone(device.wait(r"end, ms \d+"), device.out.lines)
        first, then = (int(line) for line in server.stdout)
        self.assertEqual(first, 0)
        self.assertGreater(then, 0)
        self.assert_runs(device, flash, new)

    def test_reset_in_the_middle(self):
        flash, new = self.chip(), self.image(2)
        device = self.device(flash, cuts=(700, 0))
        device.up(1)
        self.assertNotEqual(self.upload(new, "--timeout", "2").returncode, 0)
        self.assertIsNone(device.wait("never said"))
        self.assertEqual(device.process.wait(), 0)
        device = self.device(flash)
        device.up(1)
        self.assert_exit(self.upload(new), 0)
        self.assert_runs(device, flash, new)


class ProcessTwoTwo(Process):
    lwip = "lwip-2.2"


class ProcessThread(Process):
    """lwIP in a thread of its own, which it ends the program over where it is called from another."""

    lwip, options = "lwip-2.2", "NO_SYS=0"


class ProcessLossy(Common, Case):
    """Real delays: the waits of a device are part of it, and what is lost is sent again."""

    board = "host"
    air_of = {"delay": 5, "jitter": 3, "loss": 2}

    def test_last_words(self):
        """The OK on the connection is lost now and then; the device waits until it has arrived."""
        flash, new = self.chip(), self.image(2)
        device = self.device(flash)
        device.up(1)
        for _ in range(8):
            self.assert_exit(self.upload(new, "--retries", "2"), 0)
            device.up(1)


# Emulated processors, their cards and their chips: what was uploaded is loaded and runs.


class Sf2(Common, Case):
    board = "sf2"


class Slow:
    """Before the other bases: what this machine is spared by default."""

    takes = "builds and runs for minutes"

    @classmethod
    def setUpClass(cls):
        espota_test.only_with("slow", cls.takes)
        super().setUpClass()


class Mps2(Slow, WithIpv6, Case):
    board, lwip = "mps2", "lwip-2.2"


class Rv32(Slow, WithIpv6, Case):
    board = "rv32"


class Lx106(Common, Case):
    board = "lx106"

    def test_size(self):
        """The whole program: lwIP, BearSSL with RSA, mDNS, the device, the board; for either loader."""
        for name in ("program-1", "safe-program-1"):
            size = subprocess.run(["xtensa-lx106-elf-size", self.programs / name],
                                  capture_output=True, text=True, check=True).stdout.split()
            text, data = int(size[6]), int(size[7])
            print(f"whole {name} on an lx106: {text + data} bytes (limit 65536)")
            self.assertGreater(text, 32768)
            self.assertLessEqual(text + data, 65536)


class Lx106Roads(Slow, Everything, Case):
    """With the page and the question to a server, which lx106 leaves out to fit 64 KiB."""

    board, options = "lx106", "ROADS"


class Thousand(Slow, Case):
    """Again and again over an air that delays and loses, as a fleet does it: retries as usual."""

    board = "lx106"
    air_of = {"delay": 5, "jitter": 3, "loss": 1}
    takes = "takes half an hour"

    def test_uploads(self):
        count = int(os.environ.get("ESPOTA_UPLOADS", "1000"))
        images = [self.image(1), self.image(2)]
        device = self.device(self.chip())
        device.up(1)
        again, seconds = 0, []
        for i in range(1, count + 1):
            done = self.espota_c("upload", "--json", "--host", DEVICE, "--port", PORT, images[i % 2])
            self.assert_exit(done, 0)
            events = espota_test.events(done.stdout)
            again += sum(event["event"] == "retry" for event in events)
            seconds.append(float(device.wait(r"end, ms (\d+)")[1]) / 1000)
            device.up(i % 2 + 1)
        print(f"{count} uploads, {count} good, {again} tried again; stream of 300 KiB: median "
              f"{statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")


class LostOk(Case):
    """An address that is not known any more: what waits for it while it is asked for."""

    board = "host"

    def answers(self, options):
        programs = boards.build(self.board, self.lwip, options)
        flash = self.chip(flags=boards.FAST | boards.FORGETS)
        with boards.Device(self.board, programs, flash, self.air) as device:
            device.up(1)
            done = subprocess.run(self.air.argv(sys.executable, boards.__file__, "ok", "1024"),
                                  capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_queue(self):
        self.assertEqual(self.answers(""), ["OK", "connected"])

    def test_lwip_s_default_loses_it(self):
        self.assertEqual(self.answers("ARP_QUEUEING=0"), ["connected"])


class Restarts(Case):
    """A device that has said all, and waits with its restart until that has arrived."""

    board = "host"

    def test_invited_meanwhile(self):
        """It must not answer: the upload that it takes up then has no end."""
        for rule in ("table ip host", "chain ip host out { type filter hook output priority 0; }",
                     "rule ip host out ip length 40 tcp flags == ack drop"):  # what only acknowledges
            self.air.run("nft", "add", *rule.split())
        self.addCleanup(self.air.run, "nft", "delete", "table", "ip", "host")
        device = self.device(self.chip())
        device.up(1)
        done = subprocess.run(self.air.argv(sys.executable, boards.__file__, "ok", "1024", self.image(2)),
                              capture_output=True, text=True, check=True)
        starts = sum("up" in line for line in device.out.lines)
        self.assertTrue(done.stdout == "" or starts == 2, (done.stdout, device.out.lines))
        device.up(1)


if __name__ == "__main__":
    espota_test.main()
