# SPDX-License-Identifier: MIT
"""Devices that ask a server: espota-stub --pull against espota-c serve, and against servers that
are played here to do what good ones do not."""

import base64
import json
import random
import shutil
import socket
import struct
import subprocess
import unittest
import zlib

import espota_test
from espota_host import md5
from espota_test import Case, Process, espota_c, espota_stub, events, image, run_program

LIMIT = 30  # seconds, only a bound
FS_START = 2 << 20
MAC = "18:FE:34:00:00:01"


class PullCase(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(20000)
        self.flash = self.dir / "flash"
        self.folder = self.dir / "fw"
        self.folder.mkdir()
        (self.folder / "door.bin").write_bytes(self.bytes)

    def serve(self, *argv):
        """The address of a server of the folder."""
        argv = argv or ("--dir", self.folder)
        server = Process(espota_c(), "serve", "--listen", "127.0.0.1:0", "--json", *argv)
        self.addCleanup(server.close)
        self.server = server
        return server.wait_event("ready")["address"]

    def pull(self, url, *argv):
        """Exit code, the pull event, all events."""
        done = run_program(espota_stub(), "--pull", url, "--flash", self.flash, "--json", *argv)
        seen = events(done.stdout)
        result = next((e for e in seen if e["event"] == "pull"), None)
        self.assertIsNotNone(result, done.stderr)
        return done.returncode, result, seen

    def assert_failed(self, pulled, code, error, message, status=None):
        returned, result, _ = pulled
        self.assertEqual((returned, result["result"], result["error"], result["message"]),
                         (code, "failed", error, message))
        if status is not None:
            self.assertEqual(result["status"], status)


class Served(PullCase):
    """By espota-c serve."""

    def test_update_then_nothing_new(self):
        host = self.serve()
        code, result, seen = self.pull(f"http://{host}/door.bin", "--version", "1.0")
        self.assertEqual((code, result["result"], result["status"]), (0, "updated", 200))
        names = list(dict.fromkeys(e["event"] for e in seen[1:]))
        self.assertEqual(names, ["start", "progress", "end", "pull", "boot"])
        boot = seen[-1]
        self.assertEqual((boot["ok"], boot["copied"], boot["md5"]), (True, True, md5(self.bytes)))
        self.assertEqual(self.flash.read_bytes()[: len(self.bytes)], self.bytes)
        request = self.server.wait_event("request")
        self.assertEqual((request["chip"], request["mac"], request["version"], request["mode"]),
                         ("esp8266", MAC.replace(":", "").lower(), "1.0", "sketch"))

        code, result, _ = self.pull(f"http://{host}/door.bin")
        self.assertEqual((code, result["result"], result["status"]), (0, "none", 304))
        self.assertEqual(self.server.wait_event("request")["md5"], md5(self.bytes))

        newer = image(24000, seed=9)
        (self.folder / "door.bin").write_bytes(newer)
        self.assertEqual(self.pull(f"http://{host}/door.bin")[0], 0)
        done = run_program(espota_stub(), "--boot", "--flash", self.flash, "--json")
        self.assert_exit(done, 0)
        self.assertEqual(events(done.stdout)[0]["md5"], md5(newer))

    def test_by_mac(self):
        other = image(16000, seed=3)
        (self.folder / "18fe34000001.bin").write_bytes(other)
        self.assertEqual(self.pull(f"http://{self.serve()}/door.bin")[0], 0)
        self.assertEqual(self.flash.read_bytes()[: len(other)], other)

    def test_not_there(self):
        self.assert_failed(self.pull(f"http://{self.serve()}/none.bin"), 5, -102,
                           "File Not Found (404)", 404)

    def test_password(self):
        auth = self.file("auth", "admin:geheim\n")
        host = self.serve("--dir", self.folder, "--auth-file", auth)
        self.assert_failed(self.pull(f"http://{host}/door.bin"), 4, -108, "Unauthorized (401)", 401)
        self.assert_failed(self.pull(f"http://{host}/door.bin", "--password", "falsch"), 4, -108,
                           "Unauthorized (401)")
        secret = self.file("secret", "geheim\n")
        self.assertEqual(self.pull(f"http://{host}/door.bin", "--password-file", secret)[0], 0)
        self.assertEqual(self.pull(f"http://admin:geheim@{host}/door.bin")[1]["result"], "none")

    def test_a_file_system(self):
        content = bytes(range(256)) * 32
        (self.folder / "door.fs.bin").write_bytes(content)
        code, result, seen = self.pull(f"http://{self.serve()}/door.fs.bin", "--fs")
        self.assertEqual((code, result["result"]), (0, "updated"))
        self.assertEqual(next(e for e in seen if e["event"] == "end")["command"], "filesystem")
        self.assertEqual(self.flash.read_bytes()[FS_START: FS_START + len(content)], content)
        self.assertEqual(self.server.wait_event("request")["mode"], "filesystem")

    def test_no_space(self):
        code, result, _ = self.pull(f"http://{self.serve()}/door.bin", "--fs-start", "16384")
        self.assertEqual((code, result["result"]), (5, "failed"))
        self.assertEqual(result["error"], -102, "a server that knows better says 404")

    def manifest(self, *rules):
        path = self.file("m.json", json.dumps({"images": str(self.folder), "rules": list(rules)}))
        return self.serve("--manifest", path)

    def test_manifest_and_the_question_for_the_version(self):
        host = self.manifest({"mac": "18:FE:34:*", "version": "<2.1", "file": "door.bin",
                              "give": "2.1.0"}, {"mac": "*", "stay": True})
        url = f"http://{host}/update"
        code, result, _ = self.pull(url, "--ask-version", "--version", "1.0")
        self.assertEqual((code, result["result"], result["version"]), (0, "version", "2.1.0"))
        self.assertEqual(self.server.wait_event("request")["mode"], "version")
        code, result, _ = self.pull(url, "--version", "1.0")
        self.assertEqual((code, result["result"], result["version"]), (0, "updated", "2.1.0"))
        code, result, _ = self.pull(url, "--version", "2.1.0")
        self.assertEqual((code, result["result"]), (0, "none"))

    def test_for_a_person(self):
        host = self.serve()
        done = run_program(espota_stub(), "--pull", f"http://{host}/none.bin")
        self.assert_exit(done, 5)
        self.assertIn("File Not Found (404) (-102)", done.stderr)

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl(self):
        host = self.serve()
        done = subprocess.run(["curl", "-sS", "-D", "-", "-o", self.dir / "out", "--http1.0",
                               f"http://{host}/door.bin"], capture_output=True, timeout=LIMIT,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.dir / "out").read_bytes(), self.bytes)
        self.assertIn(f"x-md5: {md5(self.bytes)}", done.stdout.decode().lower())


class Server:
    """Answers one request with these bytes, then closes. `request` is what came."""

    def __init__(self, answer, split=()):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.answer = answer
        self.split = split
        self.request = b""

    def play(self):
        conn, _ = self.socket.accept()
        conn.settimeout(LIMIT)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with conn:
            while b"\r\n\r\n" not in self.request:
                piece = conn.recv(4096)
                if not piece:
                    return
                self.request += piece
            at = 0
            try:
                for end in (*self.split, len(self.answer)):
                    conn.sendall(self.answer[at:end])
                    if end in self.split:
                        self.wait_until_read(conn)
                    at = end
                conn.shutdown(socket.SHUT_WR)
                while conn.recv(4096):
                    pass
            except OSError:
                pass  # it may go when it has seen enough

    def wait_until_read(self, conn):
        """Until the other side has taken all from its socket: nothing is in flight, on loopback."""
        port = conn.getpeername()[1]
        deadline = LIMIT * 1000
        while deadline > 0:
            with open("/proc/net/tcp", encoding="ascii") as table:
                rows = [line.split() for line in table]
            queues = [row[4] for row in rows if row[1].endswith(f":{port:04X}")]
            if not queues or queues[0].split(":")[1] == "00000000":
                return
            deadline -= 1


class Played(PullCase):
    def ask(self, answer, *argv, split=()):
        import threading
        server = Server(answer, split)
        thread = threading.Thread(target=server.play, daemon=True)
        thread.start()
        try:
            pulled = self.pull(f"http://{server.host}/up?x=1", *argv)
        finally:
            thread.join(LIMIT)
            server.socket.close()
        self.request = server.request
        self.host = server.host
        return pulled

    def head(self, *lines, status="200 OK", length=None):
        if length is not None:
            lines = (*lines, f"Content-Length: {length}")
        return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()

    def test_the_request_byte_for_byte(self):
        self.ask(self.head(status="304 Not Modified"), "--version", "1.0 beta", "--password", "x")
        expected = "\r\n".join([
            "GET /up?x=1 HTTP/1.0", f"Host: {self.host}", "User-Agent: ESP8266-http-Update",
            "Authorization: Basic " + base64.b64encode(b"admin:x").decode(), "Connection: close",
            "x-ESP8266-Chip-ID: 1", f"x-ESP8266-STA-MAC: {MAC}",
            "x-ESP8266-AP-MAC: 1A:FE:34:00:00:01", f"x-ESP8266-free-space: {FS_START}",
            "x-ESP8266-sketch-size: 0",
            f"x-ESP8266-sketch-md5: {md5(b'')}", "x-ESP8266-chip-size: 4194304",
            "x-ESP8266-sdk-version: 2.2.2-dev(38a443e)", "x-ESP8266-mode: sketch",
            "x-ESP8266-version: 1.0 beta", "Content-Length: 0", "", ""])
        self.assertEqual(self.request.decode(), expected)
        self.ask(self.head(status="304 Not Modified"), "--fs")
        self.assertIn(b"\r\nx-ESP8266-mode: spiffs\r\nContent-Length: 0\r\n\r\n", self.request)
        self.assertNotIn(b"Authorization", self.request)

    def test_what_it_says_of_a_program_that_runs(self):
        self.assertEqual(self.ask(self.head(length=len(self.bytes)) + self.bytes)[0], 0)
        self.ask(self.head(status="304 Not Modified"))
        self.assertIn(b"x-ESP8266-sketch-size: %d\r\nx-ESP8266-sketch-md5: %s\r\n" %
                      (len(self.bytes), md5(self.bytes).encode()), self.request)
        self.assertIn(b"x-ESP8266-free-space: %d\r\n" % (FS_START - 20480), self.request)

    def test_refusals(self):
        for status, code, error, message in (
                ("301 Moved Permanently", 5, -104, "Wrong HTTP Code"),
                ("302 Found", 5, -104, "Wrong HTTP Code"),
                ("206 Partial Content", 5, -104, "Wrong HTTP Code"),
                ("500 Oh", 5, -104, "Wrong HTTP Code"),
                ("401 Unauthorized", 4, -108, "Unauthorized (401)"),
                ("403 Forbidden", 5, -103, "Forbidden (403)"),
                ("404 Not Found", 5, -102, "File Not Found (404)")):
            answer = self.head("Location: /door.bin", status=status, length=len(self.bytes))
            self.assert_failed(self.ask(answer + self.bytes), code, error, message,
                               int(status[:3]))

    def test_lengths(self):
        no_size = (5, -101, "Server Did Not Report Size")
        self.assert_failed(self.ask(self.head() + self.bytes), *no_size)
        self.assert_failed(self.ask(self.head(length=0)), *no_size)
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.bytes), self.bytes)
        self.assert_failed(self.ask(self.head("Transfer-Encoding: chunked") + chunk), *no_size)
        self.assert_failed(self.ask(self.head("Transfer-Encoding: gzip", length=9) + b"x" * 9), 5,
                           -9, "HTTP error: Transfer-Encoding not supported")
        self.assert_failed(self.ask(self.head(length=FS_START + 1) + self.bytes), 5, -100,
                           "Not Enough space")
        self.assert_failed(self.ask(self.head(length=3 << 20) + self.bytes, "--fs"), 5, -100,
                           "Not Enough space")

    def test_images(self):
        for body, error, message in (
                (b"\x00" + self.bytes[1:], -106, "Verify Bin Header Failed"),
                (b"\xe9\x01\x02", -106, "Verify Bin Header Failed"),
                (b"\xe9\x01\x02\x90" + self.bytes[4:], -107, "New Binary Does Not Fit Flash Size"),
                (b"\x1f\x00" + self.bytes[2:], 10,
                 "Update error: ERROR[10]: Magic byte is not 0xE9")):
            self.assert_failed(self.ask(self.head(length=len(body)) + body), 7, error, message)

    def test_md5(self):
        good = self.head(f"x-MD5: {md5(self.bytes).upper()}", length=len(self.bytes)) + self.bytes
        self.assertEqual(self.ask(good)[0], 0)
        wrong = self.head(f"X-md5: {md5(b'x')}", length=len(self.bytes)) + self.bytes
        self.assert_failed(self.ask(wrong), 7, 7,
                           f"Update error: ERROR[7]: MD5 verification failed: expected: {md5(b'x')}"
                           f", calculated: {md5(self.bytes)}")
        short = self.head("x-MD5: 1234", length=len(self.bytes)) + self.bytes
        self.assert_failed(self.ask(short), 7, -105, "Wrong MD5")
        long = self.head(f"x-MD5: {md5(self.bytes)}0", length=len(self.bytes)) + self.bytes
        self.assert_failed(self.ask(long), 7, -105, "Wrong MD5")

    def test_cut(self):
        whole = self.head(length=len(self.bytes)) + self.bytes
        self.assert_failed(self.ask(whole[:-1]), 6, 6,
                           "Update error: ERROR[6]: Stream Read Timeout")
        self.assert_failed(self.ask(self.head(length=100)), 7, -106, "Verify Bin Header Failed")
        self.assert_failed(self.ask(whole[:30]), 6, -5, "HTTP error: connection lost")
        self.assert_failed(self.ask(b""), 6, -5, "HTTP error: connection lost")
        self.assert_failed(self.ask(b"SSH-2.0-OpenSSH\r\n\r\n"), 3, -7,
                           "HTTP error: no HTTP server")
        done = run_program(espota_stub(), "--boot", "--flash", self.flash, "--json")
        self.assert_exit(done, 7)  # nothing was installed

    def test_more_than_announced(self):
        answer = self.head(length=len(self.bytes)) + self.bytes + b"more"
        self.assertEqual(self.ask(answer)[0], 0)
        self.assertEqual(self.flash.read_bytes()[: len(self.bytes)], self.bytes)

    def test_the_version_question(self):
        code, result, _ = self.ask(self.head("x-version: 3.1", length=0), "--ask-version")
        self.assertEqual((code, result["version"]), (0, "3.1"))
        self.assertIn(b"\r\nx-ESP8266-mode: version\r\n", self.request)
        self.assert_failed(self.ask(self.head(length=3) + b"3.1", "--ask-version"), 5, -109, "")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.assert_failed(self.pull(f"http://127.0.0.1:{port}/"), 3, -1,
                           "HTTP error: connection failed", 0)


def appended_crc(data):
    z = zlib.crc32(data)
    return struct.pack("<I", ~z & 0xFFFFFFFF if z & 0x80000000 else z + 1)


class Rtos(Played):
    """The demo of the RTOS SDK."""

    def setUp(self):
        super().setUp()
        body = random.Random(4).randbytes(30001)
        self.program = body + appended_crc(body)
        self.type = "Content-Type: application/octet-stream"

    def test_from_the_server(self):
        """Both slots; the second image's CRC has its highest bit set, the first one's has not."""
        host = self.serve()
        for running, slot, sector in (("user1", "user2", 257), ("user2", "user1", 1)):
            seed = next(s for s in range(99) if bool(zlib.crc32(random.Random(s).randbytes(5000)) >>
                                                     31) == (slot == "user1"))
            body = random.Random(seed).randbytes(5000)
            program = body + appended_crc(body)
            (self.folder / f"{slot}.2048.new.5.bin").write_bytes(program)
            code, result, seen = self.pull(f"http://{host}/", "--rtos", running)
            self.assertEqual((code, result["result"], result["slot"]), (0, "updated", slot))
            at = sector * 4096
            self.assertEqual(self.flash.read_bytes()[at: at + len(program)], program)
            self.assertEqual(seen[-1]["event"], "pull", "it does not restart by Arduino's loader")
            self.assertEqual(self.server.wait_event("request")["chip"], "plain")

    def test_raw_socket(self):
        """The request as a program of its own, without the stub."""
        (self.folder / "user2.2048.new.5.bin").write_bytes(self.program)
        host, port = self.serve().rsplit(":", 1)
        request = (f"GET user2.2048.new.5.bin HTTP/1.0\r\nHost: {host}:{port}\r\n"
                   "Accept: application/octet-stream\r\nAccept-Encoding: identity\r\n"
                   "User-Agent: esp8266-rtos-sdk/1.0 esp8266\r\n\r\n\0")
        with socket.create_connection((host, int(port)), LIMIT) as sock:
            sock.sendall(request.encode())
            first = sock.recv(1460)
            got = first
            while piece := sock.recv(65536):
                got += piece
        head, body = got.split(b"\r\n\r\n", 1)
        self.assertTrue(first.startswith(head), "the head comes in one piece")
        self.assertEqual(body, self.program)

    def test_the_request_byte_for_byte(self):
        self.ask(self.head(self.type, length=len(self.program)) + self.program, "--rtos", "user1")
        expected = (f"GET up?x=1 HTTP/1.0\r\nHost: {self.host}\r\n"
                    "Accept: application/octet-stream\r\nAccept-Encoding: identity\r\n"
                    "User-Agent: esp8266-rtos-sdk/1.0 esp8266\r\n\r\n\0")
        self.assertEqual(self.request.decode(), expected)

    def test_refusals(self):
        rtos = ("--rtos", "user2")
        size = len(self.program)
        bad = self.program[:-1] + bytes([self.program[-1] ^ 1])
        for answer, code, error in (
                (self.head(self.type, length=size) + bad, 7, -204),
                (self.head(length=size) + self.program, 5, -202),
                (self.head("Content-Type: text/plain", length=size) + self.program, 5, -202),
                (self.head(self.type) + self.program, 5, -101),
                (self.head(self.type, length=4096) + self.program[:4096], 7, -203),
                (self.head(self.type, status="404 Not Found", length=3) + b"no\n", 5, -104),
                (self.head(self.type, length=2 << 20) + self.program, 5, -100),
                (self.head(self.type, length=size) + self.program[:-1], 6, 6)):
            returned, result, _ = self.ask(answer, *rtos)
            self.assertEqual((returned, result["result"], result["error"]),
                             (code, "failed", error), result)

    def test_a_head_in_pieces(self):
        answer = self.head(self.type, length=len(self.program)) + self.program
        line = answer.index(b"\r\n") + 2
        code, result, _ = self.ask(answer, "--rtos", "user1", split=(line,))
        self.assertEqual((code, result["result"]), (0, "updated"))
        returned, result, _ = self.ask(answer, "--rtos", "user1", split=(line + 5,))
        self.assertEqual((returned, result["error"]), (5, -201))

    # what the Arduino client does was tested above
    test_what_it_says_of_a_program_that_runs = None
    test_lengths = test_images = test_md5 = test_cut = test_more_than_announced = None
    test_the_version_question = test_nobody_there = None


class Usage(Case):
    def test_what_does_not_go_together(self):
        for argv in (("--version", "1"), ("--fs",), ("--ask-version",), ("--rtos", "user1"),
                     ("--user", "x"),
                     ("--pull", "http://127.0.0.1/", "--count", "2"),
                     ("--pull", "http://127.0.0.1/", "--http", "127.0.0.1:0"),
                     ("--pull", "http://127.0.0.1/", "--fs", "--ask-version"),
                     ("--pull", "http://127.0.0.1/", "--fs", "--rtos", "user1"),
                     ("--pull", "https://127.0.0.1/"), ("--pull", "127.0.0.1"),
                     ("--pull", "http://127.0.0.1/" + "x" * 900, "--version", "v" * 900),
                     ("--http", "nowhere"), ("--http", "127.0.0.1"),
                     ("--http", "127.0.0.1:0", "--user", "a:b"),
                     ("--http", "127.0.0.1:0", "--count", "2")):
            done = run_program(espota_stub(), "--port", "0", *argv)
            self.assertEqual(done.returncode, 2, (argv, done.stderr))
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    espota_test.main()
