# SPDX-License-Identifier: MIT
"""Pulls that go on where they stopped: espota-stub --pull --resume through a line that breaks,
against espota-c serve, nginx, and servers that are played here; and after the device died."""

import re
import socket
import threading

import espota_test
from espota_host import md5
from espota_serve import Nginx
from espota_test import Case, Process, espota_c, espota_stub, events, image, run_program

LIMIT = 60  # seconds, only a bound
SIZE = 300_000
SECTOR = 4096


class Line:
    """Connections to a server that break: of the Nth answer only cuts[N] bytes pass, then the line
    is cut, or with `hold` nothing more comes. What is behind the last of them passes whole."""

    def __init__(self, server, cuts=(), hold=False):
        self.server = server
        self.cuts = list(cuts)
        self.hold = hold
        self.requests = []
        self.passed = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.done = False
        self.let_go = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.done = True
        self.let_go.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(LIMIT)

    def run(self):
        while not self.done:
            try:
                device, _ = self.socket.accept()
            except OSError:
                return
            device.settimeout(LIMIT)
            with device:
                self.play(device)

    def play(self, device):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = device.recv(4096)
            if not piece:
                return
            request += piece
        self.requests.append(request.decode())
        left = self.cuts.pop(0) if self.cuts else None
        self.passed.append(0)
        try:
            for piece in self.answer(request):
                piece = piece if left is None else piece[:left]
                device.sendall(piece)
                self.passed[-1] += len(piece)
                left = None if left is None else left - len(piece)
                if left == 0:
                    break
            if left == 0 and self.hold:
                self.let_go.wait(LIMIT)
        except OSError:
            pass  # the device has seen enough

    def answer(self, request):
        """The server's answer, piece by piece."""
        if callable(self.server):
            yield self.server(request)
            return
        host, port = self.server
        with socket.create_connection((host, int(port)), LIMIT) as server:
            server.sendall(request)
            while piece := server.recv(8192):
                yield piece


def header(request, name):
    found = re.search(rf"^{name}: (.*?)\r$", request, re.M)
    return found and found[1]


class Resume(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(SIZE)
        self.flash = self.dir / "flash"
        self.folder = self.dir / "fw"
        self.folder.mkdir()
        (self.folder / "door.bin").write_bytes(self.bytes)

    def serve(self):
        server = Process(espota_c(), "serve", "--listen", "127.0.0.1:0", "--json", "--dir",
                         self.folder)
        self.addCleanup(server.close)
        return server.wait_event("ready")["address"].rsplit(":", 1)

    def line(self, server, *cuts, **more):
        line = Line(server, cuts, **more)
        self.addCleanup(line.close)
        return line

    def pull(self, line, *argv, path="door.bin"):
        done = run_program(espota_stub(), "--pull", f"http://{line.host}/{path}", "--flash",
                           self.flash, "--json", "--resume", "--fast", *argv)
        seen = events(done.stdout)
        return done.returncode, next(e for e in seen if e["event"] == "pull"), seen

    def assert_runs(self, pulled, content):
        code, result, seen = pulled
        self.assertEqual((code, result["result"]), (0, "updated"), result)
        self.assertEqual((seen[-1]["event"], seen[-1]["md5"]), ("boot", md5(content)))

    def assert_spared(self, line, connections):
        """Nothing but heads came twice."""
        self.assertEqual(len(line.requests), connections)
        self.assertLess(sum(line.passed), SIZE + connections * 1000)


class Broken(Resume):
    def test_serve(self):
        line = self.line(self.serve(), 100_000, 50_000)
        pulled = self.pull(line)
        self.assert_runs(pulled, self.bytes)
        self.assert_spared(line, 3)
        self.assertIsNone(header(line.requests[0], "Range"))
        for request in line.requests[1:]:
            self.assertRegex(header(request, "Range"), r"^bytes=\d+-$")
            self.assertEqual(header(request, "If-Range"), f'"{md5(self.bytes)}"')
        self.assertEqual(pulled[1]["status"], 206)
        self.assertEqual(header(line.requests[-1], "Range"), f"bytes={pulled[1]['resumed']}-")
        self.assertEqual([e["event"] for e in pulled[2]].count("start"), 1)

    def test_nginx(self):
        with Nginx(self.dir, f"location / {{ root {self.folder}; }}") as nginx:
            line = self.line(nginx.address, 100_000, 50_000)
            self.assert_runs(self.pull(line), self.bytes)
        self.assert_spared(line, 3)

    def test_a_file_system(self):
        content = bytes(range(256)) * (SIZE // 256)
        (self.folder / "door.fs.bin").write_bytes(content)
        line = self.line(self.serve(), 100_000)
        code, result, _ = self.pull(line, "--fs", path="door.fs.bin")
        self.assertEqual((code, result["result"]), (0, "updated"))
        self.assertEqual(self.flash.read_bytes()[2 << 20:][:len(content)], content)
        self.assert_spared(line, 2)

    def test_a_head_that_is_cut(self):
        line = self.line(self.serve(), 20, 100_000, 20)
        self.assert_runs(self.pull(line), self.bytes)
        self.assert_spared(line, 4)

    def test_it_gives_up_where_nothing_more_comes(self):
        line = self.line(self.serve(), *[20] * 6)
        code, result, _ = self.pull(line)
        self.assertEqual((code, result["result"], result["error"]), (6, "failed", -5))
        self.assertEqual(len(line.requests), 6)

    def test_without_it_one_connection_is_all(self):
        line = self.line(self.serve(), 100_000)
        done = run_program(espota_stub(), "--pull", f"http://{line.host}/door.bin", "--json")
        self.assert_exit(done, 6)
        self.assertEqual(len(line.requests), 1)


class Played(Resume):
    """Servers that do not do what is asked, or do it wrongly."""

    def head(self, content, etag, status="200 OK", *lines):
        return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(content)}",
                            f"ETag: {etag}", *lines, "", ""]).encode() + content

    def part(self, request, content, etag, whole=None):
        at = int(header(request, "Range")[len("bytes="):-1])
        return self.head(content[at:], etag, "206 Partial Content",
                         f"Content-Range: bytes {at}-{len(content) - 1}/{whole or len(content)}")

    def test_one_that_knows_no_ranges_sends_all_again(self):
        line = self.line(lambda _: self.head(self.bytes, '"a"'), 100_000)
        pulled = self.pull(line)
        self.assert_runs(pulled, self.bytes)
        self.assertEqual(pulled[1]["status"], 200)
        self.assertGreater(pulled[1]["resumed"], 90_000)
        self.assertEqual([e["event"] for e in pulled[2]].count("start"), 1)

    def test_without_a_strong_etag_it_begins_anew(self):
        for etag in ('W/"a"', ""):
            line = self.line(lambda _, etag=etag: self.head(self.bytes, etag), 100_000)
            self.assert_runs(self.pull(line), self.bytes)
            self.assertIsNone(header(line.requests[1], "Range"))
            self.flash.unlink()

    def test_an_etag_as_hawkbit_writes_it(self):
        """Without quotes; and only the same without them vouches there for the rest."""
        def answer(request):
            text = request.decode()
            if header(text, "If-Range") == "5eed":
                return self.part(text, self.bytes, "5eed")
            return self.head(self.bytes, "5eed")
        line = self.line(answer, 100_000)
        pulled = self.pull(line)
        self.assert_runs(pulled, self.bytes)
        self.assertEqual(pulled[1]["status"], 206)

    def test_another_image_in_the_meantime(self):
        newer = image(SIZE - 5000, seed=9)

        def answer(request):
            return self.head(newer, '"b"') if b"If-Range" in request else \
                self.head(self.bytes, '"a"')
        line = self.line(answer, 100_000)
        pulled = self.pull(line)
        self.assert_runs(pulled, newer)
        self.assertNotIn("resumed", pulled[1])

    def test_a_part_of_another_image_is_not_taken(self):
        newer = image(SIZE, seed=9)

        def answer(request):
            text = request.decode()
            if header(text, "Range"):
                return self.part(text, newer, '"b"')
            return self.head(self.bytes, '"a"')
        line = self.line(answer, 100_000)
        self.assert_runs(self.pull(line), self.bytes)
        self.assertEqual([header(r, "Range") is not None for r in line.requests],
                         [False, True, False])

    def test_a_part_that_is_not_the_one(self):
        for broken in (lambda text: text.replace(b"Content-Range: bytes ", b"Content-Range: bytes 1"),
                       lambda text: re.sub(rb"/(\d+)\r", rb"/\g<1>0\r", text, count=1),
                       lambda text: re.sub(rb"Content-Range: [^\r]*", b"X: y", text)):
            def answer(request, broken=broken):
                text = request.decode()
                if header(text, "Range"):
                    return broken(self.part(text, self.bytes, '"a"'))
                return self.head(self.bytes, '"a"')
            line = self.line(answer, 100_000)
            self.assert_runs(self.pull(line), self.bytes)
            self.assertEqual(len(line.requests), 3)
            self.flash.unlink()

    def test_no_such_range(self):
        def answer(request):
            if b"\r\nRange: " in request:
                return self.head(b"", '"a"', "416 Range Not Satisfiable")
            return self.head(self.bytes, '"a"')
        line = self.line(answer, 100_000)
        self.assert_runs(self.pull(line), self.bytes)


class Died(Resume):
    """The device ends in the middle; what it had written is in its flash."""

    def die(self, server, path="door.bin", *argv):
        line = self.line(server, 150_000, hold=True)
        with Process(espota_stub(), "--pull", f"http://{line.host}/{path}", "--flash", self.flash,
                     "--json", "--resume", *argv) as stub:
            while stub.wait_event("progress")["bytes"] < 130_000:
                pass
            stub.process.kill()
            stub.process.wait()
        line.let_go.set()
        line.requests.clear()
        line.passed.clear()
        return line

    def test_it_goes_on(self):
        line = self.die(self.serve())
        pulled = self.pull(line)
        self.assert_runs(pulled, self.bytes)
        self.assertGreaterEqual(pulled[1]["resumed"], 100_000)
        self.assertEqual(pulled[1]["resumed"] % SECTOR, 0)
        self.assert_spared(line, 1)
        self.assertLess(line.passed[0], SIZE - 100_000 + 1000)

    def test_nothing_is_left_of_it_afterwards(self):
        line = self.die(self.serve())
        self.assert_runs(self.pull(line), self.bytes)
        newer = image(SIZE, seed=4)
        (self.folder / "door.bin").write_bytes(newer)
        self.assert_runs(self.pull(line), newer)
        self.assertIsNone(header(line.requests[-1], "Range"))

    def test_another_image_in_the_meantime(self):
        line = self.die(self.serve())
        newer = image(SIZE - 9000, seed=4)
        (self.folder / "door.bin").write_bytes(newer)
        self.assert_runs(self.pull(line), newer)

    def test_another_question(self):
        line = self.die(self.serve())
        (self.folder / "hall.bin").write_bytes(self.bytes)
        self.assert_runs(self.pull(line, path="hall.bin"), self.bytes)
        self.assertIsNone(header(line.requests[-1], "Range"))

    def test_what_is_in_flash_is_looked_at(self):
        line = self.die(self.serve())
        flash = bytearray(self.flash.read_bytes())
        at = flash.index(self.bytes[20_000:20_032])
        flash[at] ^= 1
        self.flash.write_bytes(flash)
        self.assert_runs(self.pull(line), self.bytes)
        self.assertIsNone(header(line.requests[-1], "Range"))

    def test_a_bookmark_that_was_cut(self):
        """Whatever is left of its last page, the one before it counts."""
        line = self.die(self.serve())
        flash = bytearray(self.flash.read_bytes())
        pages = [at for at in range(SECTOR, 2 * SECTOR, 256) if any(b != 0xFF for b in
                                                                    flash[at:at + 256])]
        self.assertGreater(len(pages), 3)
        flash[pages[-1] + 8: pages[-1] + 256] = b"\xff" * 248
        self.flash.write_bytes(flash)
        pulled = self.pull(line)
        self.assert_runs(pulled, self.bytes)
        self.assertGreater(pulled[1]["resumed"], 80_000)

    def test_the_rtos_sdk(self):
        import test_pull
        content = self.bytes + test_pull.appended_crc(self.bytes)
        (self.folder / "user2.2048.new.5.bin").write_bytes(content)
        line = self.die(self.serve(), "", "--rtos", "user1")
        code, result, _ = self.pull(line, "--rtos", "user1", path="")
        self.assertEqual((code, result["result"]), (0, "updated"))
        self.assertGreater(result["resumed"], 80_000)
        self.assertEqual(self.flash.read_bytes()[257 * SECTOR:][:len(content)], content)


if __name__ == "__main__":
    espota_test.main()
