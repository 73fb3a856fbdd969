# SPDX-License-Identifier: MIT
"""espota-c serve seen by its clients: what each is told, and what none is ever given."""

import base64
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import espota_test as t
from espota_serve import (OLD, Nginx, Server, connect, esp32, esp8266, exchange, get, lines, pico, put,
                          read_all, Answer)


def readme_lines(section, first):
    """The indented lines of a section of the README from the one that begins so."""
    readme = pathlib.Path(__file__).resolve().parents[2] / "README.md"
    text = readme.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    found = [line for line in text.splitlines() if line.startswith("    ")]
    while not found[0].strip().startswith(first):
        found.pop(0)
    return "\n".join(found)


def md5(data):
    return hashlib.md5(data).hexdigest()


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


class Clients(Folder):
    """Every kind of client of PROTOCOL.md gets a file, and hears what there is to hear."""

    def test_an_esp8266(self):
        server = self.serve()
        self.assert_file(esp8266(server.address, "/door.bin", version="1.0"), self.door)
        event = server.request()
        self.assertEqual(
            {k: event[k] for k in ("address", "mac", "chip", "mode", "path", "version", "status",
                                   "file", "bytes")},
            {"address": "127.0.0.1", "mac": "18feaa000001", "chip": "esp8266", "mode": "sketch",
             "path": "/door.bin", "version": "1.0", "status": 200, "file": "door.bin",
             "bytes": len(self.door)})
        self.assert_nothing(esp8266(server.address, "/none.bin"), 404)
        self.assert_nothing(esp8266(server.address, "/door.bin", sketch_md5=md5(self.door)), 304)
        self.assertEqual(server.request(status=304)["why"], "it runs door.bin already")

    def test_headers_in_any_case(self):
        server = self.serve()
        answer = exchange(server.address, lines("GET /door.bin HTTP/1.0", "HOST: x",
                                                "X-ESP8266-SKETCH-MD5: " + md5(self.door).upper()))
        self.assert_nothing(answer, 304)

    def test_an_esp32(self):
        image = t.esp32_image()
        put(self.images, "lamp.bin", image)
        server = self.serve()
        self.assert_file(esp32(server.address, "/lamp.bin"), image)
        digest = image[-32:].hex().upper()
        self.assert_nothing(esp32(server.address, "/lamp.bin", sketch_sha256=digest), 304)
        self.assert_nothing(esp32(server.address, "/lamp.bin", sketch_md5=md5(image)), 304)
        self.assert_file(esp32(server.address, "/lamp.bin", sketch_sha256="0" * 64), image)

    def test_a_pico(self):
        image = (self.images_of_every_kind() / "pico.bin").read_bytes()
        put(self.images, "pump-1.2.bin", image)
        server = self.serve()
        self.assert_file(pico(server.address, "/pump"), image)
        self.assert_nothing(pico(server.address, "/pump", Version="1.2"), 304)

    def test_a_pico_is_not_updated_in_a_loop(self):
        """It says neither what it runs nor how much room it has."""
        put(self.images, "pump.bin", (self.images_of_every_kind() / "pico.bin").read_bytes())
        server = self.serve()
        with connect(server.address, window=4096) as sock:  # one that breaks off may ask again
            sock.sendall(lines("GET /pump.bin HTTP/1.0", "User-Agent: Pico-HTTP-Update",
                               "x-Pico-STA-MAC: 28:CD:C1:00:00:01"))
            sock.recv(100)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.wait_event("cut")
        self.assertEqual(pico(server.address, "/pump.bin").status, 200)
        for _ in range(3):
            self.assert_nothing(pico(server.address, "/pump.bin"), 304)
            server.say("asks again")
        self.assertEqual(pico(server.address, "/pump.bin", **{"STA-MAC": "28:CD:C1:00:00:02"}).status,
                         200)
        # another file is news
        put(self.images, "pump.bin", (self.images / "pump.bin").read_bytes() + b"\0" * 4096, OLD + 1)
        self.assertEqual(pico(server.address, "/pump.bin").status, 200)

    def test_chips_without_wifi(self):
        """They send their base MAC alone."""
        put(self.images, "240ac4000010.bin", t.esp32_image())
        server = self.serve()
        asking = ("x-ESP32-mode: sketch", "x-ESP32-BASE-MAC: 24:0A:C4:00:00:10")
        self.assert_file(get(server.address, "/x", *asking), t.esp32_image())
        self.assertEqual(server.request()["mac"], "240ac4000010")

    def images_of_every_kind(self):
        folder = os.environ.get("ESPOTA_IMAGES")
        if not folder:
            self.skipTest("ESPOTA_IMAGES is not set")
        return pathlib.Path(folder)

    def test_the_rtos_sdk(self):
        """PROTOCOL 8.3, byte for byte: no leading slash, and a NUL behind the request."""
        request = lines("GET door.bin HTTP/1.0", "Host: 192.168.1.1:8080",
                        "Accept: application/octet-stream", "Accept-Encoding: identity",
                        "User-Agent: esp8266-rtos-sdk/1.0 esp8266") + b"\0"
        server = self.serve()
        with connect(server.address) as sock:
            sock.sendall(request)
            first = sock.recv(1460)
            # its parser sees the first read alone: the header must be whole in it
            self.assertIn(b"\r\n\r\n", first)
            self.assertIn(b" 200 ", first.split(b"\r\n")[0])
            self.assertIn(b"Content-Length: ", first)
            self.assertIn(b"application/octet-stream", first)
            self.assert_file(Answer(first + read_all(sock)), self.door)

    def test_rtos_sdk_3(self):
        server = self.serve()
        with connect(server.address) as sock:
            sock.sendall(lines("GET /door.bin HTTP/1.0", "Host: x", "User-Agent: esp-idf/1.0 esp32"))
            first = sock.recv(1024)
            self.assertIn(b"\r\n\r\n", first)
            self.assert_file(Answer(first + read_all(sock)), self.door)

    def test_the_nonos_sdk(self):
        """PROTOCOL 8.2: the HEAD, and then the GET on the same connection or another."""
        server = self.serve()
        with connect(server.address) as sock:
            sock.sendall(lines("HEAD /door.bin HTTP/1.1", "Host: x", "Connection: close"))
            head = Answer(read_all(sock))
        self.assertEqual(head.status, 200)
        self.assertIn(b"\r\nContent-Length: %d" % len(self.door), head.head)
        self.assertEqual(head.body, b"")
        self.assertEqual(server.request()["bytes"], 0)
        with connect(server.address) as sock:
            sock.sendall(lines("GET /door.bin HTTP/1.1", "Host: x", "Connection: keep-alive"))
            first = sock.recv(1460)
            head, _, body = first.partition(b"\r\n\r\n")
            self.assertIn(b"HTTP/1.1 200 OK\r\n", head + b"\r\n")
            while len(body) < len(self.door):
                body += sock.recv(1 << 16)
            self.assertEqual(body, self.door)

    def test_keep_alive(self):
        server = self.serve()
        with connect(server.address) as sock:
            for _ in range(3):
                sock.sendall(lines("GET /door.bin HTTP/1.1", "Host: x"))
                data = b""
                while len(data.partition(b"\r\n\r\n")[2]) < len(self.door):
                    data += sock.recv(1 << 16)
                self.assert_file(Answer(data), self.door)
                sock.sendall(lines("HEAD /door.bin HTTP/1.1", "Host: x"))
                data = b""
                while b"\r\n\r\n" not in data:
                    data += sock.recv(1 << 16)
                self.assertTrue(data.endswith(b"\r\n\r\n"))
            sock.sendall(lines("GET /door.bin HTTP/1.1", "Host: x", "x-ESP8266-sketch-md5: "
                               + md5(self.door), "Connection: close"))
            self.assert_nothing(Answer(read_all(sock)), 304)

    def test_which_version_is_there(self):
        put(self.images, "pump-1.9.bin", self.door)
        put(self.images, "pump-1.10.bin", self.door)
        put(self.images, "pump-open-2.bin", self.door)
        server = self.serve()
        answer = esp8266(server.address, "/pump.bin", mode="version")
        self.assertEqual((answer.status, answer.fields["x-version"]), (200, "1.10"))
        self.assert_nothing(esp8266(server.address, "/door.bin", mode="version"), 404)
        answer = esp8266(server.address, "/pump.bin", version="1.9")
        self.assert_file(answer, self.door)
        self.assertEqual(answer.fields["x-version"], "1.10")
        # a version decides only for who does not say what it runs
        self.assert_nothing(esp8266(server.address, "/pump.bin", version="v1.10"), 304)
        self.assert_file(esp8266(server.address, "/pump.bin", version="1.10", sketch_md5="0" * 32),
                         self.door)

    def test_ranges(self):
        server = self.serve()
        for said, part in (("bytes=0-9", self.door[:10]), ("bytes=39000-", self.door[39000:]),
                           ("bytes=-7", self.door[-7:])):
            answer = get(server.address, "/door.bin", "Range: " + said)
            self.assertEqual((answer.status, answer.body), (206, part))
            self.assertTrue(answer.fields["content-range"].endswith(f"/{len(self.door)}"))
        self.assertEqual(get(server.address, "/door.bin", "Range: bytes=40000-").status, 416)
        self.assert_file(get(server.address, "/door.bin", "Range: bytes=0-1,5-6"), self.door)
        tag = answer.fields["etag"]
        self.assertEqual(get(server.address, "/door.bin", "Range: bytes=0-9",
                             "If-Range: " + tag).status, 206)
        self.assert_file(get(server.address, "/door.bin", "Range: bytes=0-9",
                             'If-Range: "other"'), self.door)

    def test_curl(self):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        server = self.serve("--dir", self.images, "--auth-file",
                            self.file("users", "door:open\n"))
        url = "http://%s:%d/door.bin" % server.address
        out = self.dir / "got.bin"

        def curl(*argv):
            return subprocess.run(["curl", "-sS", "-o", out, "-w", "%{http_code}", "--max-time",
                                   "30", *argv, url], capture_output=True, text=True, check=False)

        self.assertEqual(curl("-f").stdout, "401")
        self.assertEqual(curl("-u", "door:open").stdout, "200")
        self.assertEqual(out.read_bytes(), self.door)
        out.write_bytes(self.door[:12345])
        self.assertEqual(curl("-u", "door:open", "-C", "-").stdout, "206")
        self.assertEqual(out.read_bytes(), self.door)
        self.assertEqual(curl("-u", "door:open", "-I").returncode, 0)
        self.assertEqual(curl("-u", "door:open", "--http1.0", "--compressed").stdout, "200")
        self.assertEqual(out.read_bytes(), self.door)


class WhatRuns(Folder):
    """304 is decided by what the device will report, which is not always the file's digest."""

    def told(self, server, path, digest):
        return esp8266(server.address, path, sketch_md5=digest).status

    def test_the_flash_mode_byte(self):
        server = self.serve()
        for mode in range(4):
            patched = bytearray(self.door)
            patched[2] = mode
            self.assertEqual(self.told(server, "/door.bin", md5(patched)), 304)
        patched[2] = 4
        self.assertEqual(self.told(server, "/door.bin", md5(patched)), 200)

    def test_signed_and_compressed(self):
        put(self.images, "signed.bin", t.signed(self.door))
        put(self.images, "packed.bin", gzip.compress(self.door))
        put(self.images, "both.bin", t.signed(gzip.compress(self.door)))
        server = self.serve()
        for name in ("/signed.bin", "/packed.bin", "/both.bin"):
            self.assertEqual(self.told(server, name, md5(self.door)), 304, name)
            self.assertEqual(self.told(server, name, md5(b"")), 200, name)
            self.assertEqual(server.request(status=200)["file"], name[1:])
        answer = esp8266(server.address, "/signed.bin")
        self.assert_file(answer, t.signed(self.door))  # x-MD5 is of what goes over the wire

    def test_a_file_system_is_not_a_sketch(self):
        fs = b"\xff" * 8192
        put(self.images, "door.fs.bin", fs)
        put(self.images, "door-1.2.fs.bin", fs + b"\xff" * 4096)
        server = self.serve()
        # one URL is for both of a device's files
        answer = esp8266(server.address, "/door.bin", mode="spiffs", sketch_md5=md5(self.door))
        self.assert_file(answer, fs)
        self.assertEqual(server.request()["file"], "door.fs.bin")
        self.assert_file(esp8266(server.address, "/door.fs.bin", mode="spiffs",
                                 sta_mac="18:FE:AA:00:00:02"), fs)
        (self.images / "door.fs.bin").unlink()
        answer = esp8266(server.address, "/door.bin", mode="spiffs", sketch_md5=md5(self.door))
        self.assert_file(answer, fs + b"\xff" * 4096)
        self.assert_nothing(esp8266(server.address, "/door.fs.bin"), 404)
        self.assert_nothing(esp8266(server.address, "/x", mode="spiffs", version="1.2"), 404)
        self.assert_nothing(esp8266(server.address, "/door", mode="spiffs", version="1.2"), 304)


class Refused(Folder):
    """What nobody gets, whatever he asks for."""

    def test_outside_the_folder(self):
        (self.dir / "secret.bin").write_bytes(b"secret")
        os.utime(self.dir / "secret.bin", (OLD, OLD))
        (self.images / "out.bin").symlink_to("../secret.bin")
        (self.images / "far.bin").symlink_to(self.dir / "secret.bin")
        (self.images / "up").symlink_to("..")
        (self.images / "inside.bin").symlink_to("door.bin")
        (self.images / "folder.bin").mkdir()
        os.mkfifo(self.images / "pipe.bin")
        server = self.serve()
        for path in ("/../secret.bin", "/%2e%2e/secret.bin", "/..%2fsecret.bin", "../secret.bin",
                     "/x/../../secret.bin", "//secret.bin", f"/{self.dir}/secret.bin",
                     "/..\\secret.bin", "/.%00./secret.bin", "/door.bin%00", "/door.bin%0a",
                     "/%", "/%2", "/%zz", "/./door.bin", "/door.bin/", "/out.bin", "/far.bin",
                     "/up/secret.bin", "/folder.bin", "/pipe.bin", "/", "/folder.bin/"):
            for answer in (get(server.address, path), esp8266(server.address, path)):
                self.assertIn(answer.status, (403, 404), (path, answer))
                self.assertNotIn(b"secret", answer.body)
        self.assert_file(get(server.address, "/inside.bin"), self.door)
        self.assert_file(get(server.address, "/%64oor.bin?v=1"), self.door)
        self.assert_nothing(get(server.address, "/" + "a" * 300), 403)

    def test_other_methods_and_bodies(self):
        server = self.serve()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            answer = get(server.address, "/door.bin", "Connection: close", method=method)
            self.assertEqual((answer.status, answer.fields["allow"]), (405, "GET, HEAD"))
        for more in (("Content-Length: 5",), ("Content-Length: 00",)):
            answer = exchange(server.address, lines("GET /door.bin HTTP/1.1", "Host: x",
                                                    "Content-Length: 0", *more) + b"hello")
            self.assertEqual((answer.status, answer.fields["connection"].lower()), (400, "close"))
        self.assert_file(get(server.address, "/door.bin", "Content-Length: 0", "Content-Length: 0"),
                         self.door)
        for header in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            answer = exchange(server.address,
                              lines("GET /door.bin HTTP/1.1", "Host: x", header) + b"hello")
            self.assertEqual(answer.status, 413)

    def test_what_would_harm_a_device(self):
        lamp = t.esp32_image()
        put(self.images, "lamp.bin", lamp)
        put(self.images, "lamp.bin.gz.bin", gzip.compress(lamp))
        put(self.images, "cut.bin", self.door[:-100])
        put(self.images, "notes.bin", b"not an image")
        put(self.images, "packed.fs.bin", gzip.compress(b"\xff" * 4096))
        put(self.images, "door.fs.bin", self.door)
        put(self.images, "empty.bin", b"")
        server = self.serve()
        for answer, why in (
                (esp8266(server.address, "/lamp.bin"), "another chip"),
                (esp32(server.address, "/door.bin"), "another chip"),
                (esp32(server.address, "/lamp.bin.gz.bin"), "does not unpack"),
                (esp8266(server.address, "/cut.bin"), "cut.bin is not given out"),
                (esp8266(server.address, "/notes.bin"), "no program"),
                (esp8266(server.address, "/none.bin", mode="spiffs"), "no file for"),
                (esp8266(server.address, "/door.fs.bin", mode="spiffs"), "a program"),
                (esp8266(server.address, "/empty.bin"), "is empty"),
                (esp8266(server.address, "/door.bin", free_space=39999), "has room for 39999")):
            self.assert_nothing(answer, 404)
            self.assertIn(why, server.request()["why"])
        self.assert_file(esp8266(server.address, "/door.bin", free_space=40000), self.door)
        # who only fetches files is no device
        self.assert_file(get(server.address, "/notes.bin"), b"not an image")

    def test_users(self):
        users = self.file("users", "# ours\n\ndoor:open\r\npump:a:b\n")
        server = self.serve("--dir", self.images, "--auth-file", users)

        def ask(credentials, path="/door.bin"):
            word = base64.b64encode(credentials.encode()).decode()
            return get(server.address, path, "Authorization: Basic " + word)

        answer = get(server.address, "/door.bin")
        self.assert_nothing(answer, 401)
        self.assertTrue(answer.fields["www-authenticate"].startswith("Basic realm="))
        for wrong in ("door:opens", "door:ope", "door", "", ":", "# ours", "pump:a", "door:open\r", "door:open\0", "door:open\0x",
                      "door\0:open", "\0"):
            self.assert_nothing(ask(wrong), 401)
        self.assert_nothing(get(server.address, "/door.bin", "Authorization: Digest x"), 401)
        self.assert_nothing(get(server.address, "/../x"), 401)  # a stranger learns nothing
        self.assert_nothing(get(server.address, "/none"), 401)
        self.assert_file(ask("door:open"), self.door)
        self.assert_file(ask("pump:a:b"), self.door)
        self.assert_nothing(ask("door:open", "/none"), 404)
        self.assert_nothing(ask("door:open", "/../x"), 403)
        # changed on SIGHUP
        self.file("users", "door:shut\n")
        server.signal(signal.SIGHUP)
        server.say("read again")
        self.assert_nothing(ask("door:open"), 401)
        self.assert_file(ask("door:shut"), self.door)
        said = "\n".join(server.out.lines + server.err.lines)
        for secret in ("open", "shut"):
            self.assertNotIn(secret, said)

    def test_bad_users(self):
        for content, code in (("door\n", 2), ("", 2), ("# none\n", 2), ("a:" + "x" * 2000, 2)):
            done = t.run("serve", "--dir", self.images, "--listen", "127.0.0.1:0", "--auth-file",
                         self.file("users", content))
            self.assert_one_line(done, code, "user:password")
        done = t.run("serve", "--dir", self.images, "--auth-file", self.dir / "none")
        self.assert_one_line(done, 8, "none")
        server = self.serve("--dir", self.images, "--auth-file",
                            self.file("shared", "a:b\n", mode=0o644))
        server.say("chmod 600")

    def test_log_lines_cannot_be_forged(self):
        server = self.serve()
        for path in ("/a%0a{}", "/\x1b[31m", "/\xff\xfe", "/%1b%5b2J", "/\u202e".encode().decode("latin-1")):
            get(server.address, path, "x-ESP8266-version: \x1b]0;x\x07", "User-Agent: ESP8266-http-Update")
            event = server.request()
            for value in event.values():
                self.assertTrue(str(value).isprintable() and str(value).isascii(), event)
        people = t.Process(t.espota_c(), "serve", "--dir", self.images, "--listen", "127.0.0.1:0")
        self.addCleanup(people.close)
        where = people.err.next().rpartition("http://")[2].strip("/")
        host, port = where.split(":")
        get((host, int(port)), "/\x1b[31m\xff%0a")
        line = people.err.next()
        self.assertTrue(line.isprintable(), line)
        self.assertIn(" 403 ", line)


class Changes(Folder):
    """Files and rules that change while they are asked for."""

    def test_a_new_file_is_seen_at_once(self):
        server = self.serve()
        self.assert_file(get(server.address, "/door.bin"), self.door)
        other = t.image(41000, seed=5)
        put(self.images, "door.bin", other, age=OLD + 1)
        self.assert_file(get(server.address, "/door.bin"), other)
        put(self.images, "18-fe-aa-00-00-01.bin", self.door)
        self.assert_file(esp8266(server.address, "/door.bin"), self.door)
        (self.images / "18-fe-aa-00-00-01.bin").unlink()
        self.assert_file(esp8266(server.address, "/door.bin"), other)
        put(self.images, "18FEAA000001.bin", self.door)
        self.assert_file(esp8266(server.address, "/door.bin"), self.door)
        (self.images / "18FEAA000001.bin").rename(self.images / "x.bin")
        put(self.images, "18:fe:AA:00:00:01.bin", other)
        self.assert_file(esp8266(server.address, "/x.bin"), other)

    def test_a_half_written_file_is_waited_for(self):
        server = self.serve()
        path = self.images / "new.bin"
        path.write_bytes(self.door[:20000])  # just now
        answers = []
        asking = threading.Thread(target=lambda: answers.append(get(server.address, "/new.bin")))
        asking.start()
        with open(path, "ab") as file:
            file.write(self.door[20000:])
        asking.join()
        self.assert_file(answers[0], self.door)

    def test_a_file_that_goes_on_changing(self):
        server = self.serve()
        stop = threading.Event()

        def write():
            with open(self.images / "long.bin", "wb", buffering=0) as file:
                while not stop.wait(0.05):
                    file.write(b"x" * 1000)

        writing = threading.Thread(target=write)
        writing.start()
        try:
            while not (self.images / "long.bin").exists():
                pass
            answer = get(server.address, "/long.bin")
        finally:
            stop.set()
            writing.join()
        self.assert_nothing(answer, 503)
        self.assertIn("retry-after", answer.fields)

    def test_a_file_changed_during_a_download(self):
        big = t.image(8 << 20)
        path = put(self.images, "big.bin", big)
        server = self.serve()
        for change in (lambda: path.write_bytes(b"y" * len(big)),  # in place, as long
                       lambda: os.truncate(path, 10),
                       path.unlink):
            with connect(server.address, window=1 << 17) as sock:
                sock.sendall(lines("GET /big.bin HTTP/1.0"))
                first = sock.recv(1000)
                change()
                self.assert_file(Answer(first + read_all(sock)), big)
            put(self.images, "big.bin", big)

    def test_the_folder_is_replaced(self):
        new = self.dir / "new"
        new.mkdir()
        put(new, "door.bin", t.image(50000, seed=9))
        link = self.dir / "current"
        link.symlink_to("images")
        server = self.serve("--dir", link)
        self.assert_file(get(server.address, "/door.bin"), self.door)
        (self.dir / "next").symlink_to("new")
        (self.dir / "next").replace(link)
        server.say("read again")
        self.assert_file(get(server.address, "/door.bin"), t.image(50000, seed=9))

    def test_signals_do_not_stall_a_download(self):
        """A signal, or a stop and its continuation, in the midst of a send: it goes on at once."""
        big = t.image(8 << 20)
        put(self.images, "big.bin", big)
        server = self.serve()
        for numbers in ((signal.SIGHUP,), (signal.SIGSTOP, signal.SIGCONT)) * 3:
            with connect(server.address, window=1 << 17) as sock:
                sock.settimeout(15)  # the stall was as long as the server's patience, 20 s
                sock.sendall(lines("GET /big.bin HTTP/1.0"))
                data = bytearray()
                while piece := sock.recv(1 << 16):
                    data += piece
                    if len(data) % 5 == 0:
                        for number in numbers:
                            server.signal(number)
                self.assert_file(Answer(bytes(data)), big)
        server.say("read again")

    def test_what_happens_is_told_with_its_time(self):
        path = self.manifest([{"stay": True}])
        server = self.serve("--manifest", path, env={"TZ": "XYZ-5:30"})
        date = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30"
        self.assertRegex(server.ready["time"], date + "$")
        get(server.address, "/x")
        self.assertRegex(server.request()["time"], date + "$")
        server.signal(signal.SIGHUP)
        event = server.wait_event("reload")
        self.assertRegex(event["time"], date + "$")
        self.assertEqual((event["taken"], event["path"], event["why"]), (True, str(path), ""))
        self.assertRegex(server.say("read again"), date + " read again: ")
        self.manifest("{")
        event = server.wait_event("reload")
        self.assertFalse(event["taken"])
        self.assertIn("line 1", event["why"])
        people = t.Process(t.espota_c(), "serve", "--dir", self.images, "--listen", "127.0.0.1:0",
                           env={"TZ": "UTC"})
        self.addCleanup(people.close)
        self.assertRegex(people.err.next(), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 listening ")

    def test_a_manifest_is_read_again(self):
        path = self.manifest([{"mac": "*", "stay": True}])
        server = self.serve("--manifest", path)
        self.assert_nothing(get(server.address, "/x"), 304)
        self.manifest([{"file": "door.bin"}, {"stay": True}])
        server.say("read again")
        self.assert_file(get(server.address, "/x"), self.door)
        self.manifest('{"rules": [\n {"file": 3}]}')
        line = server.say("the old rules go on")
        self.assertIn('line 2, column 11: rule 1: "file"', line)
        self.assert_file(get(server.address, "/x"), self.door)
        path.unlink()
        server.signal(signal.SIGHUP)
        server.say("the old rules go on")
        self.assert_file(get(server.address, "/x"), self.door)
        self.manifest([{"stay": True}])
        server.say("read again")
        self.assert_nothing(get(server.address, "/x"), 304)

    def test_a_manifest_waits_for_what_else_is_read(self):
        """A good one that is saved while the credentials or its folder cannot be read."""
        users = self.dir / "users"
        users.write_text("anna:secret\n")
        users.chmod(0o600)
        anna = "Authorization: Basic " + base64.b64encode(b"anna:secret").decode()
        path = self.manifest([{"stay": True}])
        server = self.serve("--manifest", path, "--auth-file", users)
        away = users.rename(self.dir / "away")
        self.manifest([{"file": "door.bin"}])
        self.assertIn("users", server.say("the old rules go on"))
        self.assert_nothing(get(server.address, "/x", anna), 304)
        away.rename(users)
        server.say("read again")
        self.assert_file(get(server.address, "/x", anna), self.door)
        self.manifest([{"file": "gate.bin"}], images="later")
        self.assertIn("later", server.say("the old rules go on"))
        self.assert_file(get(server.address, "/x", anna), self.door)
        put(self.dir / "soon", "gate.bin", t.image(50000, seed=9))
        (self.dir / "soon").rename(self.dir / "later")
        server.say("read again")
        self.assert_file(get(server.address, "/x", anna), t.image(50000, seed=9))
        self.assertEqual(sum("the old rules go on" in line for line in server.err.lines), 2)

    def test_the_folder_is_replaced_under_a_bad_manifest(self):
        """That is said once, and the manifest that is good again brings the new folder."""
        put(self.dir / "new", "door.bin", t.image(50000, seed=9))
        (self.dir / "current").symlink_to("images")
        server = self.serve("--manifest", self.manifest([{"file": "door.bin"}], images="current"))
        self.manifest("{")
        server.say("the old rules go on")
        (self.dir / "next").symlink_to("new")
        (self.dir / "next").replace(self.dir / "current")
        server.say("the old rules go on")
        (self.dir / "clock").mkdir()
        other = self.dir / "clock" / "manifest.json"
        other.write_text('{"rules": []}')
        clock = self.serve("--manifest", other)
        for i in range(3):  # another server looks as often: a second each
            other.write_text('{"rules": []}' + " " * (i + 1))
            clock.say("read again")
        self.assert_file(get(server.address, "/x"), self.door)
        self.manifest([{"file": "door.bin"}], images="current")
        server.say("read again")
        self.assert_file(get(server.address, "/x"), t.image(50000, seed=9))
        self.assertEqual(sum("the old rules go on" in line for line in server.err.lines), 2)

    def test_a_download_goes_on_over_a_reload(self):
        big = t.image(8 << 20)
        put(self.images, "big.bin", big)
        server = self.serve()
        with connect(server.address, window=1 << 17) as sock:
            sock.sendall(lines("GET /big.bin HTTP/1.0"))
            first = sock.recv(1000)
            server.signal(signal.SIGHUP)
            server.say("read again")
            self.assert_file(Answer(first + read_all(sock)), big)


class Manifest(Folder):
    def test_the_first_rule_that_holds(self):
        put(self.images, "lamp.bin", t.esp32_image())
        path = self.manifest([
            {"mac": ["18:FE:AA:*", "5C:CF:7F:00:00:01"], "chip": "esp8266", "mode": "sketch",
             "path": "/update*", "version": "<2.1.0", "file": "door.bin", "give": "2.1.0"},
            {"chip": "esp32", "file": "lamp.bin"},
            {"path": "/closed", "from": "2001-01-01T00:00:00Z", "until": "2001-01-02T00:00:00Z",
             "file": "door.bin"},
            {"path": "/closed", "from": "2999-01-01T00:00:00+07:00", "file": "door.bin"},
            {"path": "/small", "file": "door.bin"},
            {"path": "/gone", "file": "none.bin"},
            {"path": "/quiet", "stay": True}], **{"no-space": 507})
        server = self.serve("--manifest", path)
        where = server.address
        answer = esp8266(where, "/update/x", version="2.0.9")
        self.assert_file(answer, self.door)
        self.assertEqual(answer.fields["x-version"], "2.1.0")
        self.assertEqual(server.request()["rule"], 1)
        self.assert_file(esp8266(where, "/update", version="1", sta_mac="5C:CF:7F:00:00:01"),
                         self.door)
        # only its version excludes it: nothing is wrong with it
        self.assert_nothing(esp8266(where, "/update", version="2.1.0"), 304)
        for answer in (esp8266(where, "/update", sta_mac="5C:CF:7F:00:00:02", version="1"),
                       esp8266(where, "/update"),
                       esp8266(where, "/update", version="1", mode="spiffs"),
                       esp8266(where, "/closed"), esp8266(where, "/gone")):
            self.assert_nothing(answer, 404)
        self.assert_file(esp32(where, "/update"), t.esp32_image())
        self.assert_nothing(esp8266(where, "/small", free_space=100), 507)
        self.assert_nothing(esp8266(where, "/quiet"), 304)
        answer = esp8266(where, "/update", mode="version", version="2.0")
        self.assertEqual((answer.status, answer.fields["x-version"]), (200, "2.1.0"))

    def test_a_rollout_stays_with_its_devices(self):
        macs = [f"18:FE:AA:00:{k // 256:02X}:{k % 256:02X}" for k in range(300)]

        def given(percent):
            path = self.manifest([{"rollout": percent, "file": "door.bin"}, {"stay": True}])
            server = Server("--manifest", path)
            with server:
                return {mac for mac in macs
                        if esp8266(server.address, "/", sta_mac=mac).status == 200}

        few, same, more = given(25), given(25), given(60)
        self.assertEqual(few, same)
        self.assertLess(few, more)
        self.assertTrue(45 <= len(few) <= 105 and 150 <= len(more) <= 210, (len(few), len(more)))
        self.assertEqual((given(0), len(given(100))), (set(), 300))

    def check(self, rules, code, *words, **top):
        done = t.run("serve", "--check", "--manifest", self.manifest(rules, **top))
        self.assert_exit(done, code)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_check(self):
        self.check([{"file": "door.bin"}], 0, "1 rule, 0 doubtful")
        self.check('{"rules": [\n  {"file": "door.bin",}\n]}', 2, "line 2, column")
        self.check('{"rules": [\n  {"file": "door.bin", "rollout": 101}\n]}', 2,
                   'manifest.json: line 2, column 35: rule 1: "rollout" must be')
        self.check([{"file": "door.bin", "mac": "18:FE:AA"}], 2, '"mac" must be')
        self.check([{"file": "door.bin", "give": "1\n"}], 2, '"give" must be')
        self.check([{"file": "../door.bin"}], 2, "below the folder")
        self.check([{"file": "door.bin", "form": "2026-01-01T00:00:00Z"}], 2, '"form" is not known')
        put(self.images, "cut.bin", self.door[:-9])
        put(self.images, "notes.txt", b"notes")
        put(self.images, "both.bin", t.signed(gzip.compress(self.door)))
        put(self.images, "huge.bin", t.image(1100000))
        self.check([{"mac": "18:*", "file": "none.bin"}, {"mac": "18:FE:*", "stay": True},
                    {"path": "/a", "file": "cut.bin"}, {"path": "/b", "file": "notes.txt"},
                    {"path": "/c", "chip": "esp32", "file": "door.bin"},
                    {"path": "/d", "mode": "filesystem", "file": "door.bin"},
                    {"path": "/e", "file": "both.bin"}, {"path": "/f", "file": "huge.bin"}], 7,
                   "rule 1: there is no file none.bin", "rule 2 can never match: rule 1",
                   "rule 3: cut.bin", "rule 4: notes.txt is no image",
                   "rule 5: door.bin is for esp8266", "rule 6: door.bin is no file system",
                   "rule 7: both.bin is compressed and signed", "rule 8: huge.bin has 1100000",
                   "8 rules, 8 doubtful")
        self.check([{"stay": True}], 8, "nowhere", images="nowhere")
        done = t.run("serve", "--check", "--dir", self.images)
        self.assert_exit(done, 2)
        users = self.dir / "users"
        users.write_text("anna\n")
        done = t.run("serve", "--check", "--manifest", self.manifest([{"stay": True}]),
                     "--auth-file", users)
        self.assert_exit(done, 2)
        self.assertIn("users:1: must be user:password", done.stderr)

    def test_check_lists_every_fault(self):
        rules = ('\ufeff{"rules": [\n  {"file": "door.bin", "version": "~2"},\n'
                 '  {"stay": true, "rollout": "all", "form": 1},\n'
                 '  {"file": "door.bin", "version": "2.0 || 2.1"}]}')
        self.check(rules, 2, "line 2, column 36: rule 1", '"rollout" must be', '"form" is not known',
                   'column 40: rule 3: "version"', "4 mistakes")
        for version in ("^2", "2.*", "latest", "<", ">=1<2"):
            self.check([{"file": "door.bin", "version": version}], 2, '"version" must be')
        # the mark itself is nothing
        self.check('\ufeff{"images": "images", "rules": [{"file": "door.bin"}]}', 0)

    def test_check_finds_what_never_matches(self):
        self.check([{"file": "door.bin", "version": ">=2 <1"}, {"path": "/a", "file": "door.bin",
                                                                "rollout": 0},
                    {"path": "/b", "file": "door.bin", "until": "2001-01-01T00:00:00Z"},
                    {"path": "c", "file": "door.bin"},
                    {"path": "/d", "file": "door.bin", "rollout": 50},
                    {"path": "/d", "file": "door.bin", "rollout": 25}], 7,
                   "rule 1 can never match: no version", 'rule 2 can never match: its "rollout"',
                   'rule 3 can never match: its "until"', "rule 4 can never match: a path",
                   "rule 6 can never match: rule 5", "6 rules, 5 doubtful")

    def test_the_canary(self):
        """Up and down for ever: found before, and not done."""
        put(self.images, "door-2.0.0.bin", self.door)
        put(self.images, "door-2.1.0.bin", t.image(41000, seed=3))
        rules = [{"chip": "esp8266", "version": "<2.1.0", "file": "door-2.1.0.bin"},
                 {"chip": "esp8266", "file": "door-2.0.0.bin"}]
        self.check(rules, 7, "rule 2 gives 2.0.0 to devices that rule 1 has brought to 2.1.0")
        server = self.serve("--manifest", self.manifest(rules))
        self.assertEqual(esp8266(server.address, "/", version="2.0.0").status, 200)
        self.assert_nothing(esp8266(server.address, "/", version="2.1.0"), 304)
        self.assertEqual(server.request(status=304)["rule"], 2)
        rules[1]["downgrade"] = True
        self.check(rules, 7, "rules 1 and 2 update a device up and down for ever")
        server = self.serve("--manifest", self.manifest(rules))
        self.assertEqual(esp8266(server.address, "/", version="2.1.0").status, 200)

    def test_what_a_device_would_get(self):
        rules = [{"mac": "18:FE:AA:*", "chip": "esp8266", "version": "<2.1.0", "file": "door.bin",
                  "give": "2.1.0"}, {"chip": "esp32", "stay": True}]
        path = self.manifest(rules)

        def ask(*argv):
            done = t.run("serve", "--check", *argv)
            self.assert_exit(done, 0)
            return done.stdout

        device = ("--manifest", path, "--mac", "18:fe:aa:00:00:01")
        self.assertEqual(ask(*device, "--version", "2.0", "--chip", "esp8266"),
                         "esp8266: 200 door.bin, 40000 bytes (rule 1)\n")
        self.assertIn("304 rule 1 is for versions <2.1.0", ask(*device, "--version", "2.2", "--chip",
                                                             "esp8266"))
        told = ask(*device, "--version", "2.0").splitlines()
        self.assertEqual([line.split()[:2] for line in told],
                         [["esp8266:", "200"], ["esp32:", "304"], ["pico:", "404"]])
        event = json.loads(ask(*device, "--version", "2.0", "--chip", "esp8266", "--json"))
        self.assertEqual((event["status"], event["rule"], event["file"]), (200, 1, "door.bin"))
        self.assertIn("200 door.bin", ask("--dir", self.images, "--path", "/door.bin", "--chip",
                                          "esp8266"))
        for wrong in (("--mac", "x"), ("--chip", "esp99"), ("--md5", "x"), ("--path", "/../x"),
                      ("--mode", "x")):
            self.assert_exit(t.run("serve", "--check", "--manifest", path, *wrong), 2)
        self.assert_exit(t.run("serve", "--dir", self.images, "--mac", "18:fe:aa:00:00:01"), 2)

    def test_start_with_a_bad_manifest(self):
        done = t.run("serve", "--listen", "127.0.0.1:0", "--manifest", self.manifest("{"))
        self.assert_one_line(done, 2, "line 1")
        done = t.run("serve", "--listen", "127.0.0.1:0", "--manifest", self.dir / "none")
        self.assert_one_line(done, 8, "none")


class Service(Folder):
    """The program as a service."""

    def test_it_ends_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve()
            with connect(server.address) as sock:  # somebody is there
                sock.sendall(b"GET /door")
                server.signal(number)
                self.assertEqual(server.wait(), 0)

    def slow_download(self, server, size):
        """A client in the midst of /big.bin."""
        put(self.images, "big.bin", t.image(size))
        sock = connect(server.address, window=4096)
        self.addCleanup(sock.close)
        sock.sendall(lines("GET /big.bin HTTP/1.0", "x-ESP8266-STA-MAC: 18:FE:AA:00:00:01"))
        first = sock.recv(1000)
        return sock, first

    def test_it_finishes_what_is_under_way(self):
        server = self.serve()
        sock, first = self.slow_download(server, 16 << 20)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait_event("ending")["transfers"], 1)
        with self.assertRaises(OSError):  # nobody new comes in
            connect(server.address)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.assert_file(Answer(first + read_all(sock)), t.image(16 << 20))
        self.assertEqual(server.wait(), 0)
        self.assertNotIn("cut", [event["event"] for event in server.events()])

    def test_a_second_signal_ends_it_at_once(self):
        server = self.serve()
        self.slow_download(server, 16 << 20)
        server.signal(signal.SIGTERM)
        server.wait_event("ending")
        server.signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)
        event = next(event for event in server.events() if event["event"] == "cut")
        self.assertEqual((event["address"], event["mac"], event["file"], event["size"]),
                         ("127.0.0.1", "18feaa000001", "big.bin", 16 << 20))
        self.assertTrue(1000 <= event["bytes"] < 16 << 20, event)
        server = self.serve()
        self.slow_download(server, 16 << 20)
        server.signal(signal.SIGTERM)
        server.wait_event("ending")
        server.signal(signal.SIGTERM)
        self.assertIn(server.wait(), (143, -signal.SIGTERM))

    def test_a_client_that_goes_is_told(self):
        for size in (16 << 20, 200000):  # more than the socket takes, and all of it
            server = self.serve()
            sock, _ = self.slow_download(server, size)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            event = server.wait_event("cut")
            self.assertEqual(event["size"], size)
            self.assertLess(event["bytes"], size)
            server.say(f"big.bin was cut off after {event['bytes']} of {size} bytes")

    def test_usage(self):
        for argv in ((), ("--dir", self.images, "--manifest", "x")):
            self.assert_exit(t.run("serve", *argv), 2)
        for listen in ("localhost.invalid:80", "127.0.0.1:99999", "127.0.0.1", "x", ""):
            done = t.run("serve", "--dir", self.images, "--listen", listen)
            self.assertEqual(done.returncode, 2, (listen, done.stderr))
        self.assert_one_line(t.run("serve", "--dir", self.dir / "none"), 8, "none")
        for accel in ("images/", "/a b", "/" + "x" * 300, "/a\r\nX: y"):
            done = t.run("serve", "--dir", self.images, "--listen", "127.0.0.1:0", "--accel", accel)
            self.assertEqual(done.returncode, 2, (accel, done.stderr))
        server = self.serve()
        done = t.run("serve", "--dir", self.images, "--listen", "%s:%d" % server.address)
        self.assert_one_line(done, 8, str(server.address[1]))

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        server = self.serve("--dir", self.images, listen="[::1]:0")
        self.assert_file(get(server.address, "/door.bin"), self.door)
        self.assertEqual(server.request()["address"], "::1")

    def inherit(self, sock, pid=True):
        """As systemd hands a socket over: descriptor 3, and the environment says whose it is."""
        command = ('exec 3<&%d; LISTEN_FDS=1 LISTEN_PID=%s LISTEN_FDNAMES=x exec "$@"'
                   % (sock.fileno(), "$$" if pid else "1"))
        process = subprocess.Popen(
            ["bash", "-c", command, "sh", t.espota_c(), "serve", "--dir", str(self.images),
             "--json", "--listen", "127.0.0.1:0"], pass_fds=[sock.fileno()], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=t.environment())

        def end():
            if process.poll() is None:
                process.terminate()
            process.communicate()

        self.addCleanup(end)
        return process

    def test_a_socket_of_systemd(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            where = listener.getsockname()
            process = self.inherit(listener)
            ready = json.loads(process.stdout.readline())
            self.assertEqual(ready["address"], "%s:%d" % where)
            self.assert_file(get(where, "/door.bin"), self.door)
            # one that is for another process is left alone
            process = self.inherit(listener, pid=False)
            ready = json.loads(process.stdout.readline())
            self.assertNotEqual(ready["address"], "%s:%d" % where)

    def test_an_inherited_file_is_no_socket(self):
        with open(self.images / "door.bin", "rb") as file:
            process = self.inherit(file)
            self.assertEqual(process.wait(t.TIMEOUT), 8)
            self.assertIn("socket", process.stderr.read())

    def test_behind_nginx(self):
        """With the very lines of the README."""
        put(self.images, "sub/a b.bin", self.door)
        big = t.image(3 << 20)
        put(self.images, "big.bin", big)
        server = self.serve("--dir", self.images, "--accel", "/_images/")
        block = readme_lines("Serving behind nginx", "location")
        self.assertIn("http://127.0.0.1:8080", block)
        self.assertIn("/srv/images/", block)
        block = block.replace("127.0.0.1:8080", "%s:%d" % server.address)
        with Nginx(self.dir, block.replace("/srv/images/", f"{self.images}/")) as nginx:
            for path, content in (("/door.bin", self.door), ("/sub/a%20b.bin", self.door),
                                  ("/big.bin", big)):
                self.assert_file(esp8266(nginx.address, path, free_space=4 << 20), content)
                event = server.request()
                self.assertEqual((event["address"], event["mac"], event["status"]),
                                 ("127.0.0.1", "18feaa000001", 200))
            answer = esp8266(nginx.address, "/door.bin", sketch_md5=md5(self.door))
            self.assertEqual((answer.status, answer.body), (304, b""))
            self.assertEqual(esp8266(nginx.address, "/none.bin").status, 404)
            self.assertEqual(esp32(nginx.address, "/door.bin").status, 404)
            # nobody gets behind the decision
            self.assertEqual(get(nginx.address, "/_images/door.bin").status, 404)
            answer = esp8266(nginx.address, "/door.bin", method="HEAD")
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.fields["content-length"], str(len(self.door)))

    def test_accel(self):
        put(self.images, "sub/a b+\u00e9.bin", self.door)
        server = self.serve("--dir", self.images, "--accel", "/_images")
        answer = esp8266(server.address, "/sub/a%20b+%C3%A9.bin")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.fields["x-accel-redirect"], "/_images/sub/a%20b%2B%C3%A9.bin")
        self.assertEqual(answer.fields["x-md5"], md5(self.door))
        self.assertEqual(answer.body, b"")
        get(server.address, "/door.bin", "X-Real-IP: 192.0.2.7")
        self.assertEqual(server.request(path="/door.bin")["address"], "192.0.2.7")
        get(server.address, "/door.bin", "X-Real-IP: <script>")
        self.assertEqual(server.request(path="/door.bin")["address"], "127.0.0.1")
        bare = self.serve()  # without a server in front nobody is believed
        get(bare.address, "/door.bin", "X-Real-IP: 192.0.2.7")
        self.assertEqual(bare.request()["address"], "127.0.0.1")


class Admin(Folder):
    def start(self, *more):
        return self.serve("--dir", self.images, "--admin", "127.0.0.1:0", *more)

    def test_the_page_and_the_metrics(self):
        server = self.start()
        esp8266(server.address, "/door.bin", version='1.0<b>"&')
        esp8266(server.address, "/none.bin", sta_mac="18:FE:AA:00:00:02", version="2\\")
        esp32(server.address, "/none.bin", sketch_md5="ab" * 16)
        get(server.address, "/door.bin")
        page = get(server.admin, "/").body.decode()
        self.assertIn("18:fe:aa:00:00:01", page)
        self.assertIn("1.0&#60;b&#62;&#34;&#38;", page)
        self.assertNotIn("<b>", page)
        self.assertIn("md5 abababab", page)
        self.assertIn("Devices (3)", page)
        self.assertIn("<svg", page)
        for outside in ("http:", "https:", "<script", "src=", "@import", "url("):
            self.assertNotIn(outside, page)
        self.assertIn("default-src 'none'", get(server.admin, "/").fields["content-security-policy"])
        metrics = get(server.admin, "/metrics").body.decode()
        self.assertIn('espota_requests_total{status="200"} 2\n', metrics)
        self.assertIn('espota_requests_total{status="404"} 2\n', metrics)
        self.assertIn(f"espota_image_bytes_total {2 * len(self.door)}\n", metrics)
        self.assertIn("espota_devices 3\n", metrics)
        self.assertIn('espota_devices_by_version{version="2\\\\"} 1\n', metrics)
        for line in metrics.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) |[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"\})? \d+$)')

    def test_in_a_browser(self):
        """Headless Chromium lays the page out: the chart has its bands, the table its rows."""
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            self.skipTest("chromium is not installed")
        now = int(time.time())
        history = [{"at": now - 600 * k, "counts": {"1.0": k, "2.0<": 40 - k}}
                   for k in range(40, 0, -1)]
        state = self.file("state.json", json.dumps({"espota-c": "serve", "devices": [],
                                                    "history": history}))
        server = self.start("--state", state)
        for k in range(3):
            esp8266(server.address, "/door.bin", sta_mac=f"18:FE:AA:00:00:0{k}", version="2.0<")
        url = "http://%s:%d/" % server.admin
        flags = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
                 "--disable-background-networking --disable-component-update --disable-sync")
        picture = self.dir / "page.png"

        def browse(*argv):
            return subprocess.run([browser, *flags.split(), f"--user-data-dir={self.dir}/profile",
                                   "--window-size=1200,1000", *argv, url], capture_output=True,
                                  timeout=2 * t.TIMEOUT, check=True).stdout.decode()

        dom = browse("--dump-dom")
        self.assertEqual(dom.count("<polygon"), 2)
        self.assertEqual(dom.count("<tr>"), 1 + 3)
        self.assertIn("2.0&lt;", dom)
        self.assertIn("Devices (3)", dom)
        self.assertNotIn("NaN", dom)
        browse(f"--screenshot={picture}")
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        self.assertEqual((width, height), (1200, 1000))
        self.assertGreater(picture.stat().st_size, 5000)

    def test_a_name_that_somebody_else_gave(self):
        """A page elsewhere can give our address a name of its own: it is not answered by that."""
        server = self.start("--admin-host", "fleet.example.org")
        port = server.admin[1]
        own = socket.gethostname()
        for host in ("evil.example", "127.0.0.1.evil.example", f"evil.example:{port}", "", "[::1", "x:y"):
            for path in ("/", "/metrics"):
                answer = exchange(server.admin, lines(f"GET {path} HTTP/1.0", "Host: " + host))
                self.assertEqual(answer.status, 421, host)
                self.assertNotIn(b"espota_", answer.body)
        for host in ("127.0.0.1", f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}",
                     f"Fleet.example.org:{port}", f"{own}:{port}", own.upper()):
            answer = exchange(server.admin, lines("GET / HTTP/1.0", "Host: " + host))
            self.assertEqual(answer.status, 200, host)
        self.assertEqual(exchange(server.admin, lines("GET / HTTP/1.0")).status, 200)

    def test_only_on_its_own_port(self):
        server = self.start()
        self.assert_nothing(get(server.address, "/"), 404)
        self.assert_nothing(get(server.address, "/metrics"), 404)
        self.assertEqual(get(server.admin, "/door.bin").status, 404)
        self.assertEqual(get(server.admin, "/", method="POST").status, 405)
        head = get(server.admin, "/", method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_the_record_survives(self):
        state = self.dir / "state.json"
        server = self.start("--state", state)
        for k in range(20):
            esp8266(server.address, "/door.bin", sta_mac=f"18:FE:AA:00:00:{k:02X}",
                    version=f"1.{k % 3}")
        before = get(server.admin, "/").body
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(stat.S_IMODE(state.stat().st_mode), 0o600)
        self.assertEqual([p.name for p in self.dir.iterdir() if "state" in p.name], ["state.json"])
        json.loads(state.read_text())
        server = self.start("--state", state)
        after = get(server.admin, "/").body
        self.assertIn(b"Devices (20)", after)
        for k in range(20):
            self.assertIn(b"18:fe:aa:00:00:%02x" % k, after)
        self.assertEqual(before.count(b"<tr>"), after.count(b"<tr>"))
        self.assertIn(b"<polygon", after)

    def test_a_state_file_that_is_none(self):
        state = self.file("state.json", '{"other": 1}')
        done = t.run("serve", "--dir", self.images, "--listen", "127.0.0.1:0", "--state", state)
        self.assert_one_line(done, 8, "no state file")
        self.assertEqual(state.read_text(), '{"other": 1}')


if __name__ == "__main__":
    t.main()
