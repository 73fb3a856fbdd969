# SPDX-License-Identifier: MIT
"""espota-c serve as a service: start and end, systemd's sockets, a proxy in front, the admin's page."""

import json
import pathlib
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time

import espota_test as t
from espota_host import md5
from espota_serve import (Answer, Folder, Nginx, connect, esp32, esp8266, exchange, get, lines,
                          put, read_all)


def readme_lines(section, first):
    """The indented lines of a section of the README from the one that begins so."""
    readme = pathlib.Path(__file__).resolve().parents[2] / "README.md"
    text = readme.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    found = [line for line in text.splitlines() if line.startswith("    ")]
    while not found[0].strip().startswith(first):
        found.pop(0)
    return "\n".join(found)


class Service(Folder):
    """The program as a service."""

    def test_it_ends_well(self):
        for number, _ in t.STOPS:
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
        server.signal(t.STOP)
        self.assertEqual(server.wait_event("ending")["transfers"], 1)
        with self.assertRaises(OSError):  # nobody new comes in
            connect(server.address)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.assert_file(Answer(first + read_all(sock)), t.image(16 << 20))
        self.assertEqual(server.wait(), 0)
        self.assertNotIn("cut", [event["event"] for event in server.events()])

    def test_another_signal_ends_it_at_once(self):
        server = self.serve()
        self.slow_download(server, 16 << 20)
        server.signal(t.STOP)
        server.wait_event("ending")
        server.signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)
        event = next(event for event in server.events() if event["event"] == "cut")
        self.assertEqual((event["address"], event["mac"], event["file"], event["size"]),
                         ("127.0.0.1", "18feaa000001", "big.bin", 16 << 20))
        self.assertTrue(1000 <= event["bytes"] < 16 << 20, event)

    def test_the_same_signal_again_ends_it_as_it_ends_any(self):
        server = self.serve()
        self.slow_download(server, 16 << 20)
        server.signal(t.STOP)
        server.wait_event("ending")
        server.signal(t.STOP)
        self.assertIn(server.wait(), (t.STOPPED, -t.STOP))

    def test_a_client_that_goes_is_told(self):
        # more than the socket takes, and all of it, of which Wine does not tell what has arrived
        for size in (16 << 20,) if t.ON_WINDOWS else (16 << 20, 200000):
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
        server.signal(t.STOP)
        self.assertEqual(server.wait(), 0)
        self.assert_private(state)
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
