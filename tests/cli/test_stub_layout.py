# SPDX-License-Identifier: MIT
"""espota-stub --layout: a device with the loader that survives."""

import http.server
import os
import threading

import espota_test
from espota_host import StubCase
from espota_test import espota_stub, events, run_program
from images import esp8266_image

SECTOR = 4096
FS_START = 0x200000


class HttpFile:
    """A server that answers everything with one file."""

    def __init__(self, data):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format, *args):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}/image"

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Layout(StubCase):
    """Where things lie is the stub's own business; the events tell it."""

    def program_at(self, boot):
        return self.flash.read_bytes()[boot["entry"]:boot["entry"] + boot["bytes"]]

    def test_an_update_is_installed_and_confirmed(self):
        for layout in ("swap", "slots"):
            with self.subTest(layout=layout):
                self.flash.unlink(missing_ok=True)
                places = []
                for size in (0x5000, 0x2000, 0x9000):
                    image = esp8266_image(size)
                    stub = self.stub("--flash", self.flash, "--uploads", "1", "--layout", layout)
                    self.assertTrue(self.host(stub).upload(image).endswith(b"OK"))
                    self.assertEqual(stub.wait(), 0)
                    boot = stub.events()[-1]
                    places.append(boot["entry"])
                    self.assertEqual((boot["ok"], boot["trial"]), (True, True))
                    self.assertEqual(self.program_at(boot), image)
                    boot, code = self.boot("--layout", layout)
                    self.assertEqual((code, boot["loader"], boot["trial"]), (0, "nothing", False))
                    self.assertEqual(self.program_at(boot), image)
                self.assertEqual(len(set(places)), 1 if layout == "swap" else 2)

    def test_a_file_system_is_staged(self):
        data = os.urandom(3 * SECTOR)
        stub = self.stub("--flash", self.flash, "--uploads", "1", "--layout", "swap")
        self.assertTrue(self.host(stub).upload(data, command=100).endswith(b"OK"))
        self.assertEqual(stub.wait(), 0)
        self.assertEqual(stub.events()[-1]["loader"], "installed")
        self.assertEqual(self.flash.read_bytes()[FS_START:FS_START + len(data)], data)

    def test_without_confirmation_the_old_one_comes_back(self):
        """A device that asks a server does not listen, and so has not shown that it works."""
        for layout in ("swap", "slots"):
            with self.subTest(layout=layout):
                self.flash.unlink(missing_ok=True)
                old, new = esp8266_image(0x4000), esp8266_image(0x7000)
                stub = self.stub("--flash", self.flash, "--uploads", "1", "--layout", layout)
                self.assertTrue(self.host(stub).upload(old).endswith(b"OK"))
                self.assertEqual(stub.wait(), 0)
                with HttpFile(new) as url:
                    done = run_program(espota_stub(), "--flash", self.flash, "--layout", layout, "--pull", url,
                                       "--json")
                self.assert_exit(done, 0)
                boots = [event for event in events(done.stdout) if event["event"] == "boot"]
                while len(boots) < 5:
                    boots.append(self.boot("--layout", layout)[0])
                # before the update, at the restart after it, and by hand
                self.assertEqual([boot["trial"] for boot in boots], [False, True, True, True, False])
                self.assertEqual([boot["bytes"] for boot in boots],
                                 [len(old), len(new), len(new), len(new), len(old)])
                self.assertEqual(boots[-1]["loader"], "back")
                self.assertEqual(self.program_at(boots[-1]), old)

    def test_a_version_below_the_floor_is_refused(self):
        def image(version):
            data, text = esp8266_image(0x3000), b"espota-version-floor=%d;" % version
            return data[:0x2000] + text + data[0x2000 + len(text):]

        for version, well in ((4, True), (3, False), (4, True), (5, True)):
            stub = self.stub("--flash", self.flash, "--layout", "swap")
            answer = self.host(stub).upload(image(version))
            self.assertEqual(answer.endswith(b"OK"), well, answer)
            if well:
                stub.wait_event("boot", trial=True)
            else:
                self.assertEqual(stub.wait_event("error")["error"], 12)
            stub.close()
        self.assertEqual(self.boot("--layout", "swap")[0]["floor"], 5)

    def test_eboot_refuses_nothing_new(self):
        done = run_program(espota_stub(), "--layout", "swap", "--quirks")
        self.assert_exit(done, 2)
        self.assertIn("--layout excludes", done.stderr)


if __name__ == "__main__":
    espota_test.main()
