# SPDX-License-Identifier: MIT
"""Web updaters played by small servers: one connection after the other, as these devices have it.

Each class behaves as the source that src/send/web/kinds.c names for its kind, in its odd parts, too:
it closes without an answer, says no behind the whole body or in front of it, answers 200 to what
failed, restarts. The pages are not theirs; only the marks in them are. `taken` has what was written
to flash, `asked` the first line of every request, `started` that the new program runs.
"""

import base64
import gzip
import hashlib
import json
import re
import socket
import threading
import time
import urllib.parse

from fake_device import reset

LIMIT = 30  # seconds, only a bound


class Server:
    """One function that gets a connected socket, for each connection, one after the other."""

    def __init__(self, play, host="127.0.0.1"):
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.host = f"{host}:{self.port}"
        self.failure = None
        self._play = play
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            conn.settimeout(LIMIT)
            try:
                with conn:
                    self._play(conn)
            except (ConnectionError, EOFError):
                pass  # clients may go
            except BaseException as failure:
                self.failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join(LIMIT)
        if kind is None and self.failure is not None:
            raise self.failure


class Request:
    """A request read to its end: lines exactly as they came. `rate`: bytes of the body a second."""

    def __init__(self, conn, rate=None):
        self.file = conn.makefile("rb")
        self.rate = rate
        self.first = self._line()
        self.lines = []
        while (line := self._line()) != "":
            self.lines.append(line)
        self.headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip()
                        for line in self.lines}
        self.method, target = self.first.split()[:2]
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    def _line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        return line[:-2].decode("latin-1")

    def body(self):
        length = int(self.headers.get("content-length", 0))
        data = b""
        while len(data) < length:
            piece = self.file.read(min(length - len(data), 2048 if self.rate else length))
            if not piece:
                raise EOFError
            data += piece
            if self.rate:
                time.sleep(len(piece) / self.rate)  # the flash, or the radio
        return data


def form(request, body):
    """[(name, file name or None, bytes)] in the order in which they came."""
    boundary = re.search(r'boundary="?([^";]+)', request.headers["content-type"]).group(1).encode()
    found = []
    for piece in body.split(b"--" + boundary)[1:-1]:
        head, data = piece.split(b"\r\n\r\n", 1)
        name = re.search(rb'[ ;]name="([^"]*)"', head).group(1).decode()
        file = re.search(rb'filename="([^"]*)"', head)
        found.append((name, file.group(1).decode() if file else None, data[:-2]))
    return found


def parts(request, body):
    """{name: bytes} of a form's files."""
    return {name: data for name, file, data in form(request, body) if file is not None}


def answer(conn, status, text, *headers):
    data = text if isinstance(text, bytes) else text.encode()
    conn.sendall("\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(data)}",
                              "Connection: close", *headers, "", ""]).encode() + data)


def answer_packed(conn, status, text):
    answer(conn, status, gzip.compress(text.encode()), "Content-Encoding: gzip",
           "Content-Type: text/html")


def answer_in_chunks(conn, text):
    """As the cores' web servers send what they make on the way."""
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: Tasmota/14.1.0 (ESP8266EX)"
                 b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
    data = text.encode()
    for at in range(0, len(data), 500):
        piece = data[at: at + 500]
        conn.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
    conn.sendall(b"0\r\n\r\n")


def challenge(scheme):
    extra = ', qop="auth", nonce="abc", opaque="def"' if scheme == "Digest" else ""
    return f'WWW-Authenticate: {scheme} realm="Login Required"{extra}'


def authorized(request, scheme, user, password):
    value = request.headers.get("authorization", "")
    if scheme == "Basic":
        return value == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', value))
    if not value.startswith("Digest ") or fields.get("nonce") != "abc":
        return False

    def md5(*words):
        return hashlib.md5(":".join(words).encode()).hexdigest()
    return fields["response"] == md5(md5(user, "Login Required", password), "abc", fields["nc"],
                                     fields["cnonce"], "auth", md5(request.method, fields["uri"]))


class Device(Server):
    """What they have in common: a password or none, a pace, a memory of what was asked."""

    scheme = "Basic"

    def __init__(self, password=None, user="admin", rate=None, host="127.0.0.1", **habits):
        super().__init__(self.play, host)
        if rate:  # what it has not read yet must not fit into this machine's buffers
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.password, self.user, self.rate = password, user, rate
        self.asked = []
        self.taken = None
        self.field = None
        self.started = False
        for name, value in habits.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    def play(self, conn):
        request = Request(conn, self.rate)
        self.asked.append(" ".join(request.first.split()[:2]))
        self.handle(conn, request)

    def allows(self, conn, request):
        if self.password is None or authorized(request, self.scheme, self.user, self.password):
            return True
        answer(conn, "401 Unauthorized", "", challenge(self.scheme))
        return False

    def take(self, request, body):
        """The file of a form."""
        (self.field, data), = parts(request, body).items()
        return data

    def start(self, data):
        self.taken = data
        self.started = True


class Arduino(Device):
    """HTTPUpdateServer of the three cores: 401 behind the body, 200 for every end."""

    at = "/update"
    error = None  # the Updater's words
    page = "<form>Firmware:<input type='file' accept='.bin,.bin.gz' name='firmware'></form>"

    def handle(self, conn, request):
        body = request.body()
        if request.path != self.at:
            answer(conn, "404 Not Found", f"Not found: {request.path}", "Content-Type: text/plain")
        elif not self.allows(conn, request):
            return
        elif request.method == "GET":
            answer(conn, "200 OK", self.page, "Content-Type: text/html")
        elif self.error:
            self.take(request, body)
            answer(conn, "200 OK", f"Update error: {self.error}", "Content-Type: text/html")
        else:
            self.start(self.take(request, body))
            answer(conn, "200 OK", '<META http-equiv="refresh" content="15;URL=/">'
                   "Update Success! Rebooting...", "Content-Type: text/html")


class EspEasy(Arduino):
    """The same without a password, beside pages of its own; none where the flash has no room."""

    room = True

    def handle(self, conn, request):
        if request.path == "/json":
            answer(conn, "200 OK", '{"System":{\n"Load":12.5,\n"Build":20241019,\n"Git Build":'
                   '"mega-20241019"\n}}', "Content-Type: application/json")
        elif request.path == "/":
            answer(conn, "200 OK", "<title>lamp</title><h1>ESP Easy Mega: lamp</h1>")
        elif request.path == self.at and not self.room:
            request.body()
            answer(conn, "404 Not Found", "URI: /update\nMethod: GET\nArguments: 0")
        else:
            super().handle(conn, request)


class EspHome(Device):
    """web_server with `ota: platform: web_server`: two words for two ends, and the ESP32's own server
    closes without an answer where nobody handles a GET."""

    idf = True
    index = "<!DOCTYPE html><html><head></head><body><esp-app></esp-app></body></html>"
    packed = False
    ota = True
    good = True

    def handle(self, conn, request):
        if request.path == "/" and request.method == "GET":
            if self.allows(conn, request):
                send = answer_packed if self.packed else answer
                send(conn, "200 OK", self.index)
        elif request.path == "/update" and request.method == "POST":
            self.update(conn, request)
        elif not self.idf:
            answer(conn, "404 Not Found", "")

    def update(self, conn, request):
        if not self.ota:
            answer(conn, "404 Not Found", "Nothing matches the given URI")
            return
        body = request.body()
        if not self.allows(conn, request):
            return
        data = self.take(request, body)
        if self.good:
            self.start(data)
        answer(conn, "200 OK", "Update Successful!" if self.good else "Update Failed!",
               "Content-Type: text/plain")


class ElegantOta(Device):
    """ElegantOTA 3: the start first, and the MD5 that it named compared at the end."""

    scheme = "Digest"
    begins = None  # what the Updater says to the start; None: it begins
    early = False  # an asynchronous server, whose write fails: it says so in the middle
    md5 = None
    mode = None

    def handle(self, conn, request):
        if request.path == "/":
            answer(conn, "200 OK", "Hello")
        elif not self.allows(conn, request):
            return
        elif request.path == "/update":
            answer_packed(conn, "200 OK", "<title>ElegantOTA Lite</title>" + "<!-- -->" * 4000)
        elif request.path == "/ota/start":
            self.begin(conn, request)
        elif request.path == "/ota/upload" and request.method == "POST":
            self.upload(conn, request)
        else:
            answer(conn, "404 Not Found", "")

    def begin(self, conn, request):
        self.md5, self.mode = request.query.get("hash", ""), request.query.get("mode")
        if len(self.md5) != 32:
            answer(conn, "400 Bad Request", "MD5 parameter invalid")
        elif self.begins:
            answer(conn, "400 Bad Request", self.begins + "\n")
        else:
            answer(conn, "200 OK", "OK")

    def upload(self, conn, request):
        if self.early:
            request.file.read(3000)
            answer(conn, "400 Bad Request", "Failed to write chunked data to free space")
            return
        data = self.take(request, request.body())
        if self.md5 != hashlib.md5(data).hexdigest():
            answer(conn, "400 Bad Request", "MD5 Check Failed\n")
            return
        self.start(data)
        answer(conn, "200 OK", "OK", "Access-Control-Allow-Origin: *")


class Tasmota(Device):
    """Requests that name its own address, /up in front of /u2, a page of its language, safeboot."""

    words = ("Upload", "Successful", "Failed", "Device will restart in a few seconds")
    no_space = "Not enough space"
    hostname = "tasmota-4711-1234"
    space = 1 << 20
    shows_only = False
    checks_referer = True
    safeboot = None  # "app": it has one place for programs, and runs from there
    silent = 0       # connections that it drops while it restarts
    upload_type = None

    def page(self, text, script=""):
        style = "<style>div{padding:5px}b{color:red}</style>" + "/* */" * 800
        return (f"<!DOCTYPE html><html><head><title>lamp - Tasmota</title><script>var x=null;{script}"
                f"function upl(t){{}}</script>{style}</head><body><h3>Generic</h3><h2>lamp</h2>{text}"
                "<form id=but0 action='.'><button>Main Menu</button></form><a>Tasmota 14.1.0 by Theo "
                "Arends</a></body></html>")

    def play(self, conn):
        if self.silent:
            self.silent -= 1
            reset(conn)
            return
        super().play(conn)

    def privileged(self, conn, request):
        if self.shows_only:
            request.body()
            answer_in_chunks(conn, self.page("<div id='l1'></div>"))
            return False
        if not self.allows(conn, request):
            return False
        referer = request.headers.get("referer", "").upper()
        own = (self.hostname.upper(), self.socket.getsockname()[0])
        return not self.checks_referer or any(referer.find(name) == 7 for name in own)

    def handle(self, conn, request):
        if request.path == "/":
            if self.allows(conn, request):
                answer_in_chunks(conn, self.page("<div id='l1'></div>"))
        elif request.path in ("/up", "/u2", "/u4"):
            body = request.body()
            if self.privileged(conn, request):
                getattr(self, request.path[1:])(conn, request, body)
        else:
            answer(conn, "404 Not Found",
                   f"File Not Found\n\nURI: {request.path}\nMethod: GET\nArguments: 0\n")

    def up(self, conn, _request, _body):
        how = "return upl(this);" if self.safeboot == "app" else "this.form.submit();"
        answer_in_chunks(conn, self.page(
            "<form method='post' action='u2?fsz=' enctype='multipart/form-data'>"
            f"<input type='file' name='u2'><button onclick='{how}'>Start</button></form>"))
        self.upload_type = "program"

    def u4(self, conn, request, _body):
        if request.query.get("u4") == "fct" and self.safeboot == "app":
            answer(conn, "200 OK", "false", "Content-Type: text/plain")
            self.safeboot, self.silent, self.upload_type = "safeboot", 1, None
        else:
            answer(conn, "200 OK", "true" if self.safeboot else "none")
            self.upload_type = "program"

    def u2(self, conn, request, body):
        data = self.take(request, body)
        error = None
        if self.upload_type != "program":
            error = "File invalid"
        elif data[:1] not in (b"\xe9", b"\x1f"):
            error = "Magic byte is not 0xE9"
        elif self.safeboot == "app" or len(data) > self.space:
            error = self.no_space
        elif request.query.get("fsz") != str(len(data)):
            error = "Program flash size is larger than real flash size"
        self.tell(conn, error)
        if error is None:
            self.start(data)

    def tell(self, conn, error):
        upload, good, bad, restart = self.words
        if error:
            text, script = f"{bad}</font></b><br><br>{error}", ""
        else:
            text = f"{good}</font></b><br><br><div style='text-align:center;'>{restart}</div><br>"
            script = "setTimeout(function(){location.href='.';},24000);"
        answer_in_chunks(conn, self.page(
            f"<div style='text-align:center;'><b>{upload} <font color='#47c266'>{text}</div><br>",
            script))


class Wled(Device):
    """401s that ask for no password, a PIN that opens it for everybody, a rule of subnets."""

    pin = None
    locked = False
    far = False      # the client is not on its network
    early = False    # it says no in the middle of the body
    built = True     # with updates
    busy = False
    checks = True    # for its own marks in the image
    error = None
    open_since = None
    refused_at = -10

    def message(self, conn, status, head, text):
        answer(conn, status, f"<head><title>WLED Message</title><style>b{{}}</style></head><body><h2>"
               f"{head}</h2>{text}<br><br><button onclick='B()'>Back</button></body>",
               "Access-Control-Allow-Origin: *")

    def handle(self, conn, request):
        if request.path == "/update" and not self.built:
            request.body()
            self.message(conn, "501 Not Implemented", "Not implemented",
                         "This build does not support OTA update.")
        elif request.path == "/update" and request.method == "POST":
            self.update(conn, request)
        elif request.path == "/update":
            self.show(conn)
        elif request.path in ("/json", "/json/state") and request.method == "POST":
            self.unlock(json.loads(request.body()))
            answer(conn, "200 OK", '{"success":true}', "Content-Type: application/json")
        elif request.path == "/":
            answer_packed(conn, "200 OK", "<title>WLED</title>" + "<p>light</p>" * 9000)
        else:
            answer(conn, "404 Not Found", "<title>Not found</title>")

    def unlock(self, told):
        if "pin" in told and time.monotonic() - self.refused_at > 3:
            if told["pin"][:4] == self.pin:
                self.open_since = time.monotonic()
            else:
                self.refused_at = time.monotonic()

    @property
    def wants_pin(self):
        return self.pin is not None and self.open_since is None

    def show(self, conn):
        if self.locked:
            self.message(conn, "401 Unauthorized", "Access Denied",
                         "Please unlock OTA in security settings!")
        elif self.wants_pin:
            answer_packed(conn, "401 Unauthorized", "<title>PIN required</title><style>h2{}</style>"
                          "<h2>Please enter settings PIN code</h2>")
        else:
            answer_packed(conn, "200 OK", "<title>WLED Update</title><h2>WLED Software Update</h2>")

    def refusal(self):
        if self.far:
            return "Client is not on local subnet."
        if self.wants_pin:
            return "Please unlock settings using PIN code!"
        return "Please unlock OTA in security settings!" if self.locked else None

    def update(self, conn, request):
        refusal = self.refusal()
        if refusal and self.early:
            request.file.read(1000)
        body = b"" if refusal and self.early else request.body()
        if refusal:
            self.message(conn, "401 Unauthorized", "Access Denied", refusal)
        elif self.busy:
            answer(conn, "503 Service Unavailable", "")
        else:
            self.write(conn, request, body)

    def write(self, conn, request, body):
        sent = form(request, body)
        files = [at for at, (_, file, _) in enumerate(sent) if file is not None]
        skips = ("skipValidation", None, b"1") in sent[: files[0]]
        if self.checks and not skips and b"WLED" not in sent[files[0]][2]:
            self.message(conn, "500 Internal Server Error", "Update failed!",
                         "This firmware file is missing compatibility metadata. Enable 'Ignore "
                         "firmware validation' to proceed anyway.")
        elif self.error:
            self.message(conn, "500 Internal Server Error", "Update failed!", self.error)
        else:
            self.field = sent[files[0]][0]
            self.start(sent[files[0]][2])
            self.message(conn, "200 OK", "Update successful!", "Rebooting now...")


class OpenBeken(Device):
    """The bytes alone; a count for an answer, a status that is none, or silence; it starts what it
    has only when it is told to."""

    outcome = "written"  # or "short", "error", "silent"
    restarts = True

    def head(self, conn, request):
        """It asks for the password before it reads a body, and hangs up."""
        if self.password is None or authorized(request, "Basic", "admin", self.password):
            return True
        conn.sendall(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nWWW-Authenticate: Basic "
                     b'realm="OpenBeken HTTP Server"\r\n\r\n')
        return False

    def handle(self, conn, request):
        if not self.head(conn, request):
            return
        if request.path == "/":
            conn.sendall(b"HTTP/1.1 302 OK\nLocation: /index\nConnection: close\n\n")
        elif request.path == "/api/info":
            self.say(conn, 200, '{"uptime_s":12,"build":"Built on 1","chipset":"BK7231N"}')
        elif request.path == "/api/ota" and request.method == "POST":
            self.ota(conn, request)
        elif request.path == "/index" and "restart" in request.query:
            if self.restarts:
                self.started = True
                self.say(conn, 200, "<h5> Module will restart soon</h5>")
        else:
            self.say(conn, 200, "Not found.<br/><a href=\"index\">Home</a> | <a href=\"https://"
                     "github.com/openshwprojects/OpenBK7231T_App\">Docs</a>")

    def say(self, conn, status, text):
        """No length: the end of the connection is the answer's."""
        conn.sendall(f"HTTP/1.1 {status} OK\r\nContent-type: text/html\r\nAccess-Control-Allow-Origin:"
                     f" *\r\nConnection: close\r\n\r\n{text}".encode())

    def ota(self, conn, request):
        data = request.body()
        if self.outcome == "silent":
            return
        if self.outcome == "error":
            self.say(conn, -20, '{"error":-20, "msg":"SHA256 NOT Correct"}')
        elif self.outcome == "short":
            self.say(conn, 200, f'{{"size":{len(data) - 1000}}}')
        else:
            self.taken = data
            self.say(conn, 200, f'{{"size":{len(data)}}}')
