# SPDX-License-Identifier: MIT
"""espota-c serve against clients that are slow, silent, greedy, rude or many: each loses its own
connection at most, and a good client beside them is answered all the while."""

import contextlib
import os
import resource
import select
import socket
import struct
import time

import espota_test as t
from espota_serve import Answer, Folder, Server, connect, get, lines, put, read_all

MANY = 300


class Hostile(Folder):
    def setUp(self):
        super().setUp()
        self.held = contextlib.ExitStack()
        self.addCleanup(self.held.close)

    def serve(self, *argv, **options):
        return super().serve("--dir", self.images, *argv, **options)

    def hold(self, server, data=b"", **options):
        sock = self.held.enter_context(connect(server.address, **options))
        sock.sendall(data)
        return sock

    def assert_served(self, server):
        self.assertEqual(get(server.address, "/door.bin").body, self.door)

    def test_pipelining(self):
        server = self.serve()
        ask = lines("GET /door.bin HTTP/1.1", "Host: x", "Range: bytes=0-9")
        end = lines("GET /none HTTP/1.1", "Host: x", "Connection: close")
        with connect(server.address) as sock:
            sock.sendall(ask * 20 + end)
            data = read_all(sock)
        self.assertEqual(data.count(b"HTTP/1.1 206 "), 20)
        self.assertEqual(data.count(self.door[:10]), 20)
        self.assertEqual(data.count(b"HTTP/1.1 404 "), 1)
        self.assertLess(data.rindex(b" 206 "), data.index(b" 404 "))

    def test_byte_by_byte(self):
        server = self.serve()
        with connect(server.address) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in lines("GET /door.bin HTTP/1.0", "Host: x"):
                sock.sendall(bytes([byte]))
            self.assertEqual(Answer(read_all(sock)).body, self.door)

    def test_half_closing(self):
        server = self.serve()
        with connect(server.address) as sock:
            sock.sendall(lines("GET /door.bin HTTP/1.0"))
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(Answer(read_all(sock)).body, self.door)

    def test_oversized(self):
        server = self.serve()
        for request in (lines("GET /" + "a" * 100000 + " HTTP/1.0"),
                        lines("GET /door.bin HTTP/1.0", "X: " + "a" * 100000),
                        lines("GET /door.bin HTTP/1.0", *("X: a" for _ in range(20000))),
                        b"\r\n" * 50000 + b"x",
                        b"G" * 1000000,
                        lines("GET /door.bin HTTP/1.0", "Content-Length: 99999999999999999999")):
            with connect(server.address) as sock:
                data = b""
                try:
                    sock.sendall(request)
                    data = read_all(sock)
                except OSError:
                    pass  # it hung up on us
            self.assertNotIn(b" 200 ", data[:40])
        self.assert_served(server)

    def test_nonsense(self):
        server = self.serve()
        held = []
        # where the end comes together with half a request, libmicrohttpd waits for its time to be
        # over: all of them at once
        for data in (b"GET /door.bin HT", b"\0" * 100 + b"\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\r\n\r\n",
                     b"GET\r\n\r\n", b"GET /door.bin HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n",
                     b"GET /door.bin HTTP/1.1\r\n\r\n\r\n", b"GET  HTTP/1.0\r\n\r\n",
                     b"GET /door.bin HTTP/1.0\r\n: x\r\n\r\n", b"GET /door.bin HTTP/1.0\r\nx\r\n\r\n",
                     b"GET /door.bin HTTP/1.0\r\n x: folded\r\n\r\n",
                     b"GET /door.bin HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
                     b"GET /door.bin HTTP/1.0\r\nHost: \xff\0\xfe\r\n\r\n",
                     b"GET /door.bin HTTP/1.1\r\nHost: a\r\nHost: b\r\nRange: bytes=9-1\r\n\r\n"):
            sock = self.hold(server, data)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            held.append((data, sock))
            self.assert_served(server)
            self.assertIsNone(server.process.poll(), data)
        for data, sock in held:
            with contextlib.suppress(ConnectionError):
                if data.startswith(b"GET /door.bin HT") and len(data) < 20:
                    self.assertEqual(read_all(sock), b"")  # half a request is none
                else:
                    read_all(sock)
        self.assert_served(server)

    def test_gone_in_the_middle(self):
        put(self.images, "big.bin", t.image(8 << 20))
        server = self.serve()
        for _ in range(20):
            sock = connect(server.address, window=4096)
            sock.sendall(lines("GET /big.bin HTTP/1.0"))
            sock.recv(1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()  # a reset
        self.assert_served(server)

    def test_those_who_take_their_time_are_cut_off(self):
        """Silent, trickling, never reading, idle between requests: all in the same half minute."""
        put(self.images, "big.bin", t.image(16 << 20))
        server = self.serve()
        start = time.monotonic()
        silent = self.hold(server)
        unfinished = self.hold(server, b"GET /door.bin HTTP/1.0\r\n")
        idle = self.hold(server, lines("HEAD /door.bin HTTP/1.1", "Host: x"))
        greedy = self.hold(server, lines("GET /big.bin HTTP/1.0"), window=4096)
        trickling = [self.hold(server, b"GET /door.bin HTTP/1.0\r\nX: ") for _ in range(20)]
        waiting = {silent: b"", unfinished: b"", idle: b""}
        while trickling or waiting:
            self.assertLess(time.monotonic() - start, t.TIMEOUT + 60)
            asked = time.monotonic()
            self.assert_served(server)
            self.assertLess(time.monotonic() - asked, 5)
            for sock in trickling[:]:
                try:
                    sock.sendall(b"x")
                except OSError:
                    trickling.remove(sock)
            for sock in select.select(list(waiting) + trickling, [], [], 0.5)[0]:
                data = sock.recv(4096)
                if data:
                    waiting[sock] += data
                    continue
                waiting.pop(sock, None)
                if sock in trickling:
                    trickling.remove(sock)
        self.assertGreater(time.monotonic() - start, 10)  # a slow link is no crime
        while not self.closed(server, greedy):
            self.assertLess(time.monotonic() - start, t.TIMEOUT + 60)
            time.sleep(0.2)
        self.assert_served(server)

    @staticmethod
    def closed(server, sock):
        """True once the server has no such connection any more."""
        ends = (":%04X" % server.address[1], ":%04X" % sock.getsockname()[1])
        with open("/proc/net/tcp", encoding="ascii") as table:
            states = [fields[3] for fields in map(str.split, table)
                      if (fields[1][-5:], fields[2][-5:]) == ends]
        return "01" not in states  # established

    def test_many_connections(self):
        """Hundreds that trickle do not keep a good client waiting, nor do they cost much."""
        server = self.serve()
        clients = [self.hold(server, b"GET /door.bin HTTP/1.0\r\nX: ") for _ in range(MANY)]
        for _ in range(3):
            for sock in clients:
                sock.sendall(b"x")
            self.assert_served(server)
        with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
            memory = int(next(l for l in status if l.startswith("VmRSS")).split()[1])
        if not os.environ.get("ESPOTA_SANITIZED"):
            self.assertLess(memory, 32 * 1024)
        for sock in clients:  # they all mean well in the end
            sock.sendall(b"\r\n\r\n")
        for sock in clients:
            self.assertEqual(Answer(read_all(sock)).body, self.door)

    def test_more_connections_than_there_are(self):
        """Where descriptors run out, who has waited longest without asking makes room."""

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

        server = Limited(few, "--dir", self.images)
        self.addCleanup(server.close)
        for _ in range(MANY):
            self.hold(server, b"GET /door.bin HTTP/1.0\r\nX: ")
        for _ in range(5):
            self.assert_served(server)

    def test_a_flood_of_devices_is_bounded(self):
        """Invented MACs fill the record up to its bound and not beyond."""
        server = self.serve("--admin", "127.0.0.1:0")
        with connect(server.address) as sock:
            for k in range(2000):
                sock.sendall(lines("GET /none HTTP/1.1", "Host: x", f"x-ESP8266-STA-MAC: {k:012x}",
                                   *(["Connection: close"] if k == 1999 else [])))
            data = read_all(sock)
        self.assertEqual(data.count(b"HTTP/1.1 404 "), 2000)
        page = get(server.admin, "/")
        self.assertEqual(page.status, 200)
        self.assertIn(b"Devices (2000)", page.body)


class Limited(Server):
    """A server that may open few files."""

    def __init__(self, limit, *argv):
        self.limit = limit
        original = t.start

        def start(program, env=None, **options):
            return original(program, env=env, preexec_fn=limit, **options)

        t.start = start
        try:
            super().__init__(*argv)
        finally:
            t.start = original


if __name__ == "__main__":
    t.main()
