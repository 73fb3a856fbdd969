# SPDX-License-Identifier: MIT
"""Uploads through a device's web page: the program against espota-stub --http, and against the
pages of other cores, played here to the letter of what they insist on."""

import base64
import gzip
import hashlib
import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
import unittest

import espota_test
from espota_test import Case, Process, Stub, espota_c, events, image, result_of, run
from fake_device import reset
from images import esp8266_image
from web_devices import Request, Server, answer, authorized, challenge, parts

LIMIT = 30  # seconds, only a bound
FS_START = 2 << 20
SUCCESS = "Update Success! Rebooting..."


class WebCase(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(20000)
        self.image = self.file("door.bin", self.bytes)

    def stub(self, *argv):
        stub = Stub("--fast", "--http", "127.0.0.1:0", *argv)
        self.addCleanup(stub.close)
        stub.url = f"http://{stub.ready['http']}/update"
        return stub

    def upload(self, *argv, **options):
        return run("upload", *argv, self.image, **options)


class Good(WebCase):
    def test_to_the_flash_and_started(self):
        flash = self.dir / "flash"
        stub = self.stub("--flash", flash, "--uploads", "1")
        done = self.upload("--host", stub.url)
        self.assert_exit(done, 0)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(stub.wait(), 0)
        self.assertEqual((boot["ok"], boot["md5"], boot["bytes"], boot["problems"]),
                         (True, hashlib.md5(self.bytes).hexdigest(), len(self.bytes), []))
        self.assertEqual(flash.read_bytes()[: len(self.bytes)], self.bytes)

    def test_the_host_alone(self):
        stub = self.stub("--password", "geheim")
        done = self.upload("--host", f"http://{stub.ready['http']}", "--auth", "geheim", "--json")
        self.assert_exit(done, 0)
        self.assertEqual(result_of(done)["web"], "arduino")
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(boot["md5"], hashlib.md5(self.bytes).hexdigest())

    def test_with_password_and_user(self):
        for user in ([], ["--user", "door"]):
            stub = self.stub("--password", "geheim", *user)
            self.assert_exit(self.upload("--host", stub.url, "--auth", "geheim", *user), 0)
            stub.wait_event("boot", copied=True)
            self.assertNotIn("geheim", "".join(stub.out.lines + stub.err.lines))

    def test_password_in_the_url(self):
        stub = self.stub("--password", "geheim")
        url = stub.url.replace("http://", "http://admin:geheim@")
        done = self.upload("--host", url, "--json")
        self.assert_exit(done, 0)
        self.assertNotIn("geheim", done.stdout + done.stderr)

    def test_a_file_system(self):
        content = bytes(range(256)) * 32
        flash = self.dir / "flash"
        stub = self.stub("--flash", flash)
        done = run("upload", "--fs", "--force", "--host", stub.url, self.file("fs.bin", content))
        self.assert_exit(done, 0)
        self.assertEqual(stub.wait_event("end")["command"], "filesystem")
        self.assertEqual(flash.read_bytes()[FS_START: FS_START + len(content)], content)

    def test_events_of_both_sides(self):
        stub = self.stub("--password", "geheim", "--uploads", "1")
        done = self.upload("--host", stub.url, "--auth", "geheim", "--json")
        self.assert_exit(done, 0)
        told = events(done.stdout)
        names = list(dict.fromkeys(event["event"] for event in told))
        self.assertEqual(names, ["start", "auth", "connected", "progress", "result", "summary"])
        for event in told[1:-1]:
            self.assertEqual(event["target"], stub.url)
        self.assertEqual(told[1]["scheme"], "basic")
        progress = [event["bytes"] for event in told if event["event"] == "progress"]
        self.assertEqual((progress[-1], progress), (len(self.bytes), sorted(progress)))
        self.assertEqual(stub.wait(), 0)
        seen = stub.events()
        self.assertEqual(list(dict.fromkeys(event["event"] for event in seen)),
                         ["boot", "ready", "auth", "start", "progress", "end"]
                         if seen[0]["event"] == "boot" else
                         ["ready", "auth", "start", "progress", "end", "boot"])
        end = next(event for event in seen if event["event"] == "end")
        self.assertEqual((end["bytes"], end["command"]), (len(self.bytes), "flash"))

    def test_again_and_by_espota_in_between(self):
        stub = self.stub()
        for host in (stub.url, stub.target, stub.url):
            self.assert_exit(self.upload("--host", host), 0)
            stub.wait_event("boot", copied=True)

    def test_a_fleet_of_both_kinds(self):
        espota = Stub("--fast", "--password", "geheim")
        self.addCleanup(espota.close)
        web = self.stub("--password", "geheim")
        wrong = self.stub("--password", "anders")
        done = self.upload("--json", "--auth", "geheim", "--host", espota.target, "--host",
                           web.url, "--host", wrong.url)
        self.assert_exit(done, 4)
        results = {e["target"]: (e["ok"], e["code"]) for e in events(done.stdout)
                   if e["event"] == "result"}
        self.assertEqual(results, {espota.target: (True, 0), web.url: (True, 0),
                                   wrong.url: (False, 4)})
        summary = events(done.stdout)[-1]
        self.assertEqual((summary["targets"], summary["ok"], summary["failed"]), (3, 2, 1))

    def test_a_fleet_in_one_process(self):
        with socket.socket() as free:
            free.bind(("127.1.0.1", 0))
            port = free.getsockname()[1]
        with Stub("--fast", "--count", "3", "--http", f"127.0.0.1:{port}", bind=None) as stub:
            hosts = [f"http://127.1.0.{k}:{port}/update" for k in (1, 2, 3)]
            done = self.upload(*[a for host in hosts for a in ("--host", host)])
            self.assert_exit(done, 0)
            stub.wait_event("boot", device=2, copied=True)


class Packed(WebCase):
    """A web updater puts an image one sector above the program that runs, and unpacks from there."""

    def setUp(self):
        super().setUp()
        self.flash = self.dir / "flash"
        self.device = self.stub("--flash", self.flash)
        self.image = self.file("small.bin", image(270_000))
        self.boot("--host", self.device.url)
        self.bytes = esp8266_image(995_000, packs=True)
        self.image = self.file("large.bin", self.bytes)

    def boot(self, *argv):
        self.assert_exit(self.upload(*argv), 0)
        return self.device.wait_event("boot", copied=True)

    def test_refused(self):
        packed = self.file("large.bin.gz", gzip.compress(self.bytes, 9))
        for argv in (["--gzip", self.image], [packed]):
            done = run("upload", "--json", "--host", self.device.url, *argv)
            self.assert_exit(done, 7)
            self.assertEqual(result_of(done)["reason"], "image")
            for word in ("destroy the device", "uncompressed", "in place of the URL", "--force"):
                self.assertIn(word, result_of(done)["message"])
        self.assertEqual([e["event"] for e in self.device.events()].count("start"), 1)

    def test_why(self):
        boot = self.boot("--gzip", "--force", "--host", self.device.url)
        self.assertEqual(boot["source"], 270336 + 4096)
        self.assertIn("it would run over itself", boot["problems"][0])
        self.device.close()
        self.device = self.stub("--flash", self.flash, "--quirks")
        boot = self.boot("--gzip", "--force", "--host", self.device.url)
        self.assertFalse(boot["ok"], "the original looks at nothing first")

    def test_what_to_do_instead(self):
        for argv in (["--host", self.device.url], ["--gzip", "--host", self.device.target]):
            boot = self.boot(*argv)
            self.assertEqual((boot["ok"], boot["md5"]),
                             (True, hashlib.md5(self.bytes).hexdigest()))


class Refused(WebCase):
    def refused(self, done, code, reason, *words):
        self.assert_exit(done, code)
        result = result_of(done)
        self.assertEqual((result["ok"], result["code"], result["reason"]), (False, code, reason))
        for word in words:
            self.assertIn(word, result["message"])

    def test_wrong_and_missing_password(self):
        stub = self.stub("--password", "geheim")
        self.refused(self.upload("--host", stub.url, "--auth", "falsch", "--json"), 4, "auth")
        self.refused(self.upload("--host", stub.url, "--json"), 4, "auth", "--password-file")
        self.refused(self.upload("--host", stub.url, "--auth", "geheim", "--user", "x", "--json"),
                     4, "auth")
        self.assertNotIn("start", [e["event"] for e in stub.events()], "it cost no upload")

    def test_no_program(self):
        stub = self.stub()
        self.image = self.file("door.bin", b"\x00" + self.bytes[1:])
        done = self.upload("--force", "--host", stub.url, "--json")
        self.refused(done, 5, "refused", "ERROR[10]: Magic byte is not 0xE9")
        error = stub.wait_event("error")
        self.assertEqual((error["error"], error["step"]), (10, "end"))

    def test_no_space(self):
        stub = self.stub("--fs-start", "65536")
        done = run("upload", "--force", "--host", stub.url, "--json",
                   self.file("large.bin", image(200000)))
        self.refused(done, 5, "refused", "ERROR[4]: Not Enough Space")
        self.assertEqual(stub.wait_event("error")["error"], 4)
        self.assert_exit(self.upload("--host", stub.url), 0)

    def test_no_file_system(self):
        stub = self.stub("--flash-size", "1M", "--fs-start", str((1 << 20) - 20480))
        done = run("upload", "--force", "--fs", "--host", stub.url, "--json",
                   self.file("fs.bin", bytes(8192)))
        self.refused(done, 5, "refused", "ERROR[5]: Bad Size Given")

    def test_while_espota_updates(self):
        large = self.file("large.bin", image(500_000))
        stub = self.stub("--rate", "50k", "--tcp-window", "5840")
        with Process(espota_c(), "upload", "--json", "--host", stub.target, large):
            stub.wait_event("start")
            done = self.upload("--host", stub.url, "--json", "--retries", "0")
            self.refused(done, 5, "refused", "ERROR[15]: Update already running")
            stub.wait_event("error", step="begin")
        stub.wait_event("error")

    def test_espota_meanwhile(self):
        stub = self.stub()
        with part_of_an_upload(stub, self.bytes):
            stub.wait_event("start")
            done = self.upload("--host", stub.target, "--json", "--retries", "0")
            self.refused(done, 5, "refused", "ERROR[15]: Update already running")
            stub.wait_event("error", step="begin")
        error = stub.wait_event("error", step="receive")
        self.assertEqual((error["error"], error["message"]), (0, "the client broke off"))
        for host in (stub.target, stub.url):
            self.assert_exit(self.upload("--host", host), 0)
            boot = stub.wait_event("boot", copied=True)
            self.assertEqual(boot["md5"], hashlib.md5(self.bytes).hexdigest())


def form(field, data, boundary=b"xXx"):
    return (b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + field +
            b'"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n' + data +
            b"\r\n--" + boundary + b"--\r\n")


def part_of_an_upload(stub, data, password=None):
    """A connection on which an upload has begun."""
    host, port = stub.ready["http"].rsplit(":", 1)
    auth = b""
    if password:
        auth = b"Authorization: Basic " + base64.b64encode(b"admin:" + password) + b"\r\n"
    sock = socket.create_connection((host, int(port)), LIMIT)
    sock.sendall(b"POST /update HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n" + auth +
                 b"Content-Type: multipart/form-data; boundary=xXx\r\n\r\n" +
                 form(b"firmware", data)[:10000])
    return sock


class Page(WebCase):
    """What the page itself says, to a client that can get any step wrong."""

    def ask(self, stub, method, body=None, path="/update", **headers):
        """(status, headers, text) of one request."""
        conn = http.client.HTTPConnection(stub.ready["http"], timeout=LIMIT)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "multipart/form-data; boundary=xXx")
        conn.request(method, path, body, headers)
        answer = conn.getresponse()
        text = answer.read().decode()
        conn.close()
        return answer.status, dict(answer.getheaders()), text

    def raw(self, stub, data, half_close=False):
        """All that comes back for these bytes."""
        host, port = stub.ready["http"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), LIMIT) as sock:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                piece = sock.recv(65536)
                if not piece:
                    return got
                got += piece

    def test_the_form(self):
        stub = self.stub()
        status, headers, text = self.ask(stub, "GET")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html"))
        for word in ("enctype='multipart/form-data'", "name='firmware'", "name='filesystem'"):
            self.assertIn(word, text)
        self.assertEqual(self.ask(stub, "GET", path="/update?x=1")[0], 200)
        self.assertEqual(self.ask(stub, "HEAD")[::2], (200, ""))
        for path in ("/", "/updates", "/updat"):
            self.assertEqual(self.ask(stub, "GET", path=path)[0], 404)
        self.assertEqual(self.ask(stub, "DELETE")[0], 404)

    def test_options(self):
        status, headers, text = self.ask(self.stub("--password", "x"), "OPTIONS")
        self.assertEqual((status, text), (200, "y"))
        self.assertEqual(headers["Access-Control-Allow-Headers"], "*")
        self.assertEqual(headers["Access-Control-Allow-Origin"], "*")

    def test_unauthorized(self):
        stub = self.stub("--password", "geheim")
        right = "Basic " + base64.b64encode(b"admin:geheim").decode()
        for value in (None, right.replace("Basic", "basic"), right + "A", right[:-1], "Basic",
                      right.replace("Basic ", "Basic  "), 'Digest username="admin"', ""):
            headers = {} if value is None else {"Authorization": value}
            for method, body in (("GET", None), ("POST", form(b"firmware", self.bytes))):
                status, got, text = self.ask(stub, method, body, **headers)
                self.assertEqual((status, text), (401, ""), value)
                self.assertEqual(got["WWW-Authenticate"], 'Basic realm="Login Required"')
        self.assertEqual(self.ask(stub, "GET", Authorization=right)[0], 200)
        self.assertNotIn("start", [e["event"] for e in stub.events()])

    def test_401_only_after_the_body(self):
        stub = self.stub("--password", "geheim")
        host, port = stub.ready["http"].rsplit(":", 1)
        body = form(b"firmware", self.bytes)
        with socket.create_connection((host, int(port)), LIMIT) as sock:
            sock.sendall(b"POST /update HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                         b"Content-Type: multipart/form-data; boundary=xXx\r\n\r\n" % len(body))
            sock.sendall(body[:-1])
            # another connection is not served meanwhile, so this one is known to be alive
            sock.setblocking(False)
            with self.assertRaises(BlockingIOError):
                sock.recv(100)
            sock.settimeout(LIMIT)
            sock.sendall(body[-1:])
            self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 401 "))

    def test_verdicts(self):
        stub = self.stub()
        status, headers, text = self.ask(stub, "POST", form(b"other", self.bytes))
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html"))
        self.assertEqual(text, f'<META http-equiv="refresh" content="15;URL=/">{SUCCESS}')
        stub.wait_event("boot", copied=True)
        self.assertEqual(self.ask(stub, "POST", form(b"firmware", b"no program"))[2],
                         "Update error: ERROR[10]: Magic byte is not 0xE9\n")
        self.assertEqual(self.ask(stub, "POST", form(b"firmware", b""))[2],
                         "Update error: ERROR[13]: No data supplied\n")

    def test_split_anywhere(self):
        stub = self.stub()
        body = form(b"firmware", b"\r\n--xX\r\n-" * 3)  # no program, and full of almost boundaries
        head = (b"POST /update HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                b"Content-Type: multipart/form-data; boundary=xXx\r\n\r\n" % len(body))
        host, port = stub.ready["http"].rsplit(":", 1)
        for cut in range(1, len(head) + len(body), 7):
            with socket.create_connection((host, int(port)), LIMIT) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.sendall((head + body)[:cut])
                sock.sendall((head + body)[cut:])
                self.assertIn(b"HTTP/1.1 200 ", sock.recv(4096))
        self.assertEqual([e["bytes"] for e in stub.events() if e["event"] == "error"][0], 27)

    def test_a_form_of_another_site(self):
        stub = self.stub()
        body = form(b"firmware", self.bytes)
        for origin in ("http://evil.example", "null", "https://" + stub.ready["http"],
                       "http://" + stub.ready["http"] + ".evil.example"):
            self.assertEqual(self.ask(stub, "POST", body, Origin=origin)[2],
                             "Update error: Wrong origin received!")
        own = "http://" + stub.ready["http"]
        self.assertIn(SUCCESS, self.ask(stub, "POST", body, Origin=own)[2])

    def test_bad_requests(self):
        stub = self.stub()
        for request, status in ((b"nonsense\r\n\r\n", 400), (b"GET /update HTTP/9.9\r\n\r\n", 400),
                                (b"\0" * 100 + b"\n", 400),
                                (b"GET /update HTTP/1.1\r\nno colon\r\n\r\n", 400),
                                (b"GET /update HTTP/1.1\r\n" + b"a: b\r\n" * 2000, 400),
                                (b"POST /update HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
                                (b"POST /update HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
                                (b"POST /update HTTP/1.1\r\n\r\n", 411)):
            self.assertTrue(self.raw(stub, request).startswith(b"HTTP/1.1 %d " % status), request)
        self.assertEqual(self.ask(stub, "GET")[0], 200)

    def test_a_half_closed_connection_gets_its_answer(self):
        stub = self.stub()
        got = self.raw(stub, b"GET /update HTTP/1.0\r\n\r\n", half_close=True)
        self.assertTrue(got.endswith(b"</html>\n"), got)

    def test_a_body_that_ends_within_the_file(self):
        stub = self.stub()
        self.assertEqual(self.ask(stub, "POST", form(b"firmware", self.bytes)[:-50])[2],
                         "Update error: ERROR[6]: Stream Read Timeout\n")
        self.assertNotIn("end", [e["event"] for e in stub.events()])

    def test_no_file_no_restart(self):
        stub = self.stub()
        body = b'--xXx\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--xXx--\r\n'
        self.abort(stub)
        self.assertEqual(self.ask(stub, "POST", body)[2],
                         "Update error: ERROR[13]: No data supplied\n")
        self.assertEqual(self.ask(stub, "POST", b"a=b", Content_Type="text/plain")[2],
                         "Update error: ERROR[13]: No data supplied\n")

    def abort(self, stub, password=None):
        """A part of an upload, and then nothing more."""
        with part_of_an_upload(stub, self.bytes, password):
            stub.wait_event("start")
        stub.wait_event("error")

    def test_quirks_keep_what_was_true_before(self):
        stub = self.stub("--quirks", "--password", "geheim")
        body = b'--xXx\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--xXx--\r\n'
        self.assertEqual(self.ask(stub, "POST", body)[0], 401)
        self.abort(stub, b"geheim")
        self.assertIn(SUCCESS, self.ask(stub, "POST", body)[2], "nothing was installed")
        self.assertFalse(stub.wait_event("boot")["copied"])

    def test_quirks_ask_for_a_password_that_there_is_not(self):
        stub = self.stub("--quirks")
        self.assertEqual(self.ask(stub, "POST", b"a=b", Content_Type="text/plain")[0], 401)
        self.assertIn("ERROR[10]", self.ask(stub, "POST", form(b"firmware", b"no program"))[2])
        self.assertIn("ERROR[10]", self.ask(stub, "POST", b"", Content_Type="text/plain")[2])


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Curl(WebCase):
    def curl(self, *argv):
        done = subprocess.run(["curl", "-sS", *argv], capture_output=True, timeout=LIMIT,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_upload(self):
        stub = self.stub("--password", "geheim")
        text = self.curl("-u", "admin:geheim", "-F", f"firmware=@{self.image}", stub.url)
        self.assertTrue(text.endswith(SUCCESS), text)
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(boot["md5"], hashlib.md5(self.bytes).hexdigest())
        text = self.curl("-o", self.dir / "out", "-w", "%{http_code}", "-u", "admin:falsch", "-F",
                         f"firmware=@{self.image}", stub.url)
        self.assertEqual(text, "401")


class Esp32(WebCase):
    """arduino-esp32's HTTPUpdateServer: the guard of the origin, Basic or Digest."""

    def page(self, scheme=None, password="geheim"):
        taken = {}

        def play(conn):
            request = Request(conn)
            method = request.first.split()[0]
            body = request.body()
            if scheme is not None and not authorized(request, scheme, "admin", password):
                answer(conn, "401 Unauthorized", "", challenge(scheme))
            elif method == "GET":
                answer(conn, "200 OK", "<form></form>")
            elif request.headers.get("origin") != "http://" + request.headers["host"]:
                answer(conn, "200 OK", "Update error: Wrong origin received!")
            else:
                taken.update(parts(request, body))
                taken["expect"] = request.headers.get("expect")
                answer(conn, "200 OK", '<META http-equiv="refresh" content="15;URL=/">' + SUCCESS)
        return Server(play), taken

    def test_open_basic_and_digest(self):
        for scheme in (None, "Basic", "Digest"):
            server, taken = self.page(scheme)
            with server:
                auth = ["--auth", "geheim"] if scheme else []
                done = self.upload("--host", f"http://{server.host}/update", *auth, "--json")
            self.assert_exit(done, 0)
            self.assertEqual(taken["firmware"], self.bytes)
            self.assertIsNone(taken["expect"])
            told = [e["scheme"] for e in events(done.stdout) if e["event"] == "auth"]
            self.assertEqual(told, [scheme.lower()] if scheme else [])

    def test_wrong_password(self):
        for scheme in ("Basic", "Digest"):
            server, taken = self.page(scheme)
            with server:
                done = self.upload("--host", f"http://{server.host}/update", "--auth", "falsch")
            self.assert_exit(done, 4)
            self.assertEqual(taken, {})


class EspHome(WebCase):
    def run_against(self, text, *argv):
        taken = {}

        def play(conn):
            request = Request(conn)
            body = request.body()
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "<html></html>")
            else:
                taken.update(parts(request, body))
                answer(conn, "200 OK", text, "Content-Type: text/plain")
        with Server(play) as server:
            done = self.upload("--host", f"http://{server.host}/update", *argv)
        self.assertEqual(list(taken.values()), [self.bytes])
        return done

    def test_verdicts(self):
        self.assert_exit(self.run_against("Update Successful!"), 0)
        self.assert_exit(self.run_against("Update Failed!"), 5)
        done = self.run_against("Update Failed: ERROR[4]: Not Enough Space", "--json")
        self.assert_exit(done, 5)
        self.assertIn("ERROR[4]: Not Enough Space", result_of(done)["message"])

    def test_a_page_that_says_neither(self):
        self.assert_exit(self.run_against("<h1>Welcome</h1>"), 6)

    def test_reset_after_the_verdict(self):
        def play(conn):
            request = Request(conn)
            request.body()
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "")
                return
            # announces more than it sends: the connection breaks behind the words
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nUpdate Successful!")
        with Server(play) as server:
            self.assert_exit(self.upload("--host", f"http://{server.host}/update"), 0)

    def test_closed_without_a_verdict(self):
        def play(conn):
            request = Request(conn)
            request.body()
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "")
        with Server(play) as server:
            done = self.upload("--host", f"http://{server.host}/update", "--retries", "0", "--json")
        self.assert_exit(done, 6)
        self.assertEqual(result_of(done)["reason"], "unknown")

    def test_cut_within_the_body(self):
        def play(conn):
            request = Request(conn)
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "")
            else:
                request.file.read(1000)
                reset(conn)
        large = self.file("large.bin", image(3_000_000))
        with Server(play) as server:
            done = run("upload", "--force", "--host", f"http://{server.host}/update", "--retries",
                       "0", "--json", large)
        self.assert_exit(done, 6)
        self.assertEqual(result_of(done)["reason"], "broken")

    def test_cut_near_the_end(self):
        """The system has taken the whole request, but most of it has not left this machine."""
        under_way = threading.Event()

        def play(conn):
            request = Request(conn)
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "")
            else:
                request.file.read(9000)
                under_way.wait(LIMIT)
                reset(conn)
        server = Server(play)
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        with server, Process(espota_c(), "upload", "--force", "--json", "--retries", "0", "--host",
                             f"http://{server.host}/update", self.image) as upload:
            upload.wait_event("progress")
            under_way.set()
            result = upload.wait_event("result")
            self.assertEqual(upload.wait(), 6)
        self.assertEqual(result["reason"], "broken")
        self.assertLess(result["bytes"], len(self.bytes))

    def test_interrupted(self):
        """A program is replaced as a whole or not at all, a file system is overwritten in place."""
        over = threading.Event()

        def play(conn):
            request = Request(conn)
            if request.first.startswith("GET"):
                answer(conn, "200 OK", "")
            else:
                request.file.read(1000)
                over.wait(LIMIT)
        large = self.file("large.bin", image(3_000_000))
        for argv, left in (([], "the device keeps the program that it had"),
                           (["--fs"], "its file system is part old and part new now")):
            over.clear()
            with Server(play) as server, Process(
                    espota_c(), "upload", "--force", "--json", *argv, "--host",
                    f"http://{server.host}/update", large) as upload:
                upload.wait_event("progress")
                upload.signal(signal.SIGINT)
                self.assertIn(left, upload.wait_event("result")["message"])
                self.assertEqual(upload.wait(), 130)
                over.set()

    def test_a_time_out_of_less_than_a_second(self):
        over = threading.Event()
        with Server(lambda conn: over.wait(LIMIT)) as server:
            done = self.upload("--host", f"http://{server.host}/update", "--timeout", "0.5",
                               "--retries", "0")
            over.set()
        self.assert_one_line(done, 3, "no answer within 0.500 s")



class JAndrassy(WebCase):
    """PROTOCOL 3.1: what its parser compares letter by letter, and in which order."""

    def play(self, conn):
        if self.restarting:
            self.restart(conn)
            return
        request = Request(conn)
        lines = [line.strip() for line in request.lines]
        lengths = [line[16:] for line in lines if line.startswith("Content-Length: ")]
        length = int(lengths[-1]) if lengths else 0
        body = request.file.read(max(length, 0))
        right = "Authorization: Basic " + base64.b64encode(b"arduino:geheim").decode()
        if request.first not in ("POST /sketch HTTP/1.1", "POST /data HTTP/1.1"):
            self.say(conn, "404 Not Found")
        elif right not in lines:
            self.say(conn, "401 Unauthorized")
        elif length <= 0:
            self.say(conn, "400 Bad Request")
        elif len(body) < length:
            self.say(conn, "414 Payload size wrong")
        elif length > 100_000:
            self.say(conn, "413 Payload Too Large")
        else:
            self.taken[request.first.split()[1]] = body
            self.say(conn, "200 OK")

    def restart(self, conn):
        """Its TCP has taken all that was sent, and then it is gone without having read it."""
        self.restarting = False
        data = conn.recv(1 << 20, socket.MSG_PEEK)
        if data.startswith(b"POST"):
            self.assertTrue(self.told.wait(LIMIT))
        reset(conn)

    def say(self, conn, status):
        text = status.split(" ", 1)[1].encode()
        conn.sendall(b"HTTP/1.1 %s\r\nConnection: close\r\nContent-type: text/plain\r\n"
                     b"Content-length: %d\r\n\r\n%s" % (status.encode(), len(text), text))

    def setUp(self):
        super().setUp()
        self.taken = {}
        self.restarting = False
        self.told = threading.Event()

    def push(self, path, *argv, file=None):
        with Server(self.play) as server:
            return run("upload", "--host", f"http://{server.host}{path}", *argv,
                       file or self.image)

    def test_sketch_and_data(self):
        self.assert_exit(self.push("/sketch", "--auth", "geheim"), 0)
        self.assertEqual(self.taken, {"/sketch": self.bytes})
        fs = self.file("fs.bin", bytes(range(256)) * 16)
        self.assert_exit(self.push("/data", "--fs", "--force", "--auth", "geheim", file=fs), 0)
        self.assertEqual(self.taken["/data"], fs.read_bytes())

    def test_compressed(self):
        """It says how long it is, so that the device puts it where it can be unpacked."""
        self.assert_exit(self.push("/sketch", "--auth", "geheim", "--gzip"), 0)
        self.assertEqual(gzip.decompress(self.taken["/sketch"]), self.bytes)

    def test_it_needs_a_second_after_an_update(self):
        """The image goes to nobody who does not listen yet: it is tried again, and is not lost."""
        self.restarting = True
        with Server(self.play) as server, \
                Process(espota_c(), "upload", "--json", "--host", f"http://{server.host}/sketch",
                        "--auth", "geheim", self.image) as upload:
            while (line := upload.out.next()) is not None:
                event = json.loads(line)
                if event["event"] in ("retry", "result") or event.get("bytes") == event.get("total"):
                    self.told.set()
            self.assertEqual(upload.wait(), 0, upload.err.lines)
        self.assertEqual(self.taken, {"/sketch": self.bytes})

    def test_refusals(self):
        self.assert_exit(self.push("/sketch", "--auth", "falsch"), 4)
        self.assert_exit(self.push("/sketch", "--auth", "geheim", "--user", "other"), 4)
        large = self.file("large.bin", image(200_000))
        done = self.push("/sketch", "--force", "--auth", "geheim", "--json", file=large)
        self.assert_exit(done, 5)
        self.assertIn("Payload Too Large", result_of(done)["message"])
        self.assertEqual(self.taken, {})


if __name__ == "__main__":
    espota_test.main()
