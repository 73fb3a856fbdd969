# SPDX-License-Identifier: MIT
"""espota-c serve seen by its clients: what each is told, and what none is ever given."""

import base64
import gzip
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading

import espota_test as t
from espota_host import md5
from espota_serve import (Answer, Folder, OLD, connect, esp32, esp8266, exchange, get, lines,
                          pico, put, read_all)


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
        self.file("users", "door:shut\n")
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
        server.say(t.others_can_read(self.dir / "shared"))

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


if __name__ == "__main__":
    t.main()
