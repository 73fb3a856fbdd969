# SPDX-License-Identifier: MIT
"""`espota-c serve` under test, and the clients that ask it: as bytes on a socket, because that is
what the devices send (PROTOCOL 1.7, 2, 5.6, 8.3)."""

import json
import os
import shutil
import socket
import subprocess
import time
import unittest

import espota_test as t
from espota_host import md5

OLD = 1_600_000_000  # a time of last change that no file still being written has


class Server(t.Process):
    """espota-c serve on a free port of loopback, with its events."""

    def __init__(self, *argv, listen="127.0.0.1:0", **options):
        where = ["--listen", listen] if listen else []
        super().__init__(t.espota_c(), "serve", "--json", *where, *argv, **options)
        try:
            self.ready = self.wait_event("ready")
        except BaseException:
            self.close()
            raise
        self.address = address(self.ready["address"])
        self.admin = address(self.ready["admin"]) if self.ready["admin"] else None

    def request(self, **fields):
        """The next request event."""
        return self.wait_event("request", **fields)

    def say(self, text):
        """Waits for a line on standard error in which this stands."""
        while True:
            line = self.err.next()
            if line is None:
                raise AssertionError(f"ended without saying {text!r}: {self.err.lines}")
            if text in line:
                return line


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def put(folder, name, content, age=OLD):
    """A file that was not changed just now, there from one moment to the next."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name("." + path.name + ".new")
    fresh.write_bytes(content)
    os.utime(fresh, (age, age))
    fresh.replace(path)
    return path


class Answer:
    """A response: status, headers (lower case), body, and the header's bytes as they were."""

    def __init__(self, raw):
        self.raw = raw
        self.head, found, self.body = raw.partition(b"\r\n\r\n")
        if not found:
            raise AssertionError(f"no whole header: {raw[:200]!r}")
        lines = self.head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.lower()] = value.strip()

    def __repr__(self):
        return f"{self.head!r} and {len(self.body)} bytes"


def connect(where, window=None):
    sock = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET)
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    sock.settimeout(t.TIMEOUT)
    try:
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


def read_all(sock):
    data = bytearray()
    while True:
        piece = sock.recv(1 << 16)
        if not piece:
            return bytes(data)
        data += piece


def exchange(where, data):
    """Sends these bytes and takes what comes until the server closes."""
    with connect(where) as sock:
        sock.sendall(data)
        return Answer(read_all(sock))


def lines(first, *headers):
    return "\r\n".join([first, *headers, "", ""]).encode("latin-1")


def get(where, path, *headers, method="GET"):
    return exchange(where, lines(f"{method} {path} HTTP/1.0", f"Host: {where[0]}", *headers))


def esp8266(where, path, method="GET", **said):
    """As ESP8266httpUpdate asks; said: version, sketch_md5, mode, sta_mac, free_space, …"""
    fields = {"sta_mac": "18:FE:AA:00:00:01", "free_space": 1000000, "sketch_size": 300000,
              "chip_size": 4194304, "sdk_version": "2.2.2-dev", "mode": "sketch", **said}
    return exchange(where, lines(
        f"{method} {path} HTTP/1.0", f"Host: {where[0]}:{where[1]}",
        "User-Agent: ESP8266-http-Update", "Connection: close", "x-ESP8266-Chip-ID: 12345",
        *(f"x-ESP8266-{name.replace('sta_mac', 'STA-MAC').replace('_', '-')}: {value}"
          for name, value in fields.items() if value is not None), "Content-Length: 0"))


def esp32(where, path, **said):
    fields = {"STA-MAC": "24:0A:C4:00:00:01", "AP-MAC": "24:0A:C4:00:00:02",
              "free-space": 1310720, "mode": "sketch",
              **{name.replace("_", "-"): value for name, value in said.items()}}
    return exchange(where, lines(
        f"GET {path} HTTP/1.0", "Host: x", "User-Agent: ESP32-http-Update",
        "Cache-Control: no-cache", *(f"x-ESP32-{n}: {v}" for n, v in fields.items())))


def pico(where, path, **said):
    fields = {"Chip-ID": "e66038b713", "STA-MAC": "28:CD:C1:00:00:01", "Mode": "sketch", **said}
    return exchange(where, lines(
        f"GET {path} HTTP/1.0", "Host: x", "User-Agent: Pico-HTTP-Update", "Connection: close",
        *(f"x-Pico-{n}: {v}" for n, v in fields.items())))


class Nginx:
    """A real nginx with one worker on a free port of loopback: `block` is what stands in its server
    block. Use it with `with`; SkipTest where it is not installed."""

    def __init__(self, folder, block):
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not program:
            raise unittest.SkipTest("nginx is not installed")
        for _ in range(5):  # the port is free when it is chosen, and may not be so any more
            self.address = self._free_address()
            self.process = subprocess.Popen([program, "-c", self._config(folder, block), "-e",
                                             folder / "nginx-error.log"],
                                            stderr=subprocess.DEVNULL)
            if self._is_up():
                return
        raise AssertionError((folder / "nginx-error.log").read_text())

    @staticmethod
    def _free_address():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()

    def _config(self, folder, block):
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind}; "
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = folder / "nginx.conf"
        path.write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid;
{"user root;" if os.getuid() == 0 else ""}
events {{ worker_connections 8192; }}
http {{
    access_log {folder}/nginx-access.log; sendfile on; tcp_nopush on;
    keepalive_requests 1000000;
    {temporary}
    server {{
        listen {self.address[0]}:{self.address[1]};
{block}
    }}
}}
""")
        return path

    def _is_up(self):
        while self.process.poll() is None:
            try:
                connect(self.address).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    @property
    def worker(self):
        """The process that does the work."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            return int(file.read().split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Folder(t.Case):
    """A folder of images, and servers of it."""

    def setUp(self):
        super().setUp()
        self.images = self.dir / "images"
        self.images.mkdir()
        self.door = t.image(40000)
        put(self.images, "door.bin", self.door)

    def serve(self, *argv, **options):
        server = Server(*(argv or ("--dir", self.images)), **options)
        self.addCleanup(server.close)
        return server

    def manifest(self, rules, **top):
        path = self.dir / "manifest.json"
        fresh = self.dir / "manifest.new"
        fresh.write_text(rules if isinstance(rules, str)
                         else json.dumps({"images": "images", "rules": rules, **top}, indent=1))
        fresh.replace(path)
        return path

    def assert_file(self, answer, content, status=200):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.body, content)
        self.assertEqual(answer.fields["content-length"], str(len(content)))
        self.assertEqual(answer.fields["x-md5"], md5(content))
        self.assertEqual(answer.fields["content-type"], "application/octet-stream")
        self.assertNotIn("transfer-encoding", answer.fields)
        self.assertNotIn("content-encoding", answer.fields)

    def assert_nothing(self, answer, status):
        self.assertEqual(answer.status, status, answer)
        self.assertIn("content-length", answer.fields)
        self.assertEqual(len(answer.body), int(answer.fields["content-length"]))
        self.assertNotIn("x-md5", answer.fields)
