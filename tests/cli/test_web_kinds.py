# SPDX-License-Identifier: MIT
"""Web updaters by what answers: each kind found by its pages, sent what it wants, and its verdict and
refusals told with what to do. The devices are those of web_devices.py."""

import gzip

import espota_test
from espota_test import Case, events, image, result_of, run
from images import esp8266_image
from web_devices import (Arduino, ElegantOta, EspEasy, EspHome, OpenBeken, Tasmota, Wled, answer)

PLAIN = {"arduino": Arduino, "esphome": EspHome, "elegantota": ElegantOta, "tasmota": Tasmota,
         "espeasy": EspEasy, "openbeken": OpenBeken, "wled": Wled}


class KindCase(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(20000)
        self.image = self.file("door.bin", self.bytes)

    def upload(self, device, *argv, path="", file=None):
        with device:
            return run("upload", "--json", "--retries", "0", "--host", f"http://{device.host}{path}",
                       *argv, file or self.image)

    def good(self, device, *argv, **how):
        done = self.upload(device, *argv, **how)
        self.assert_exit(done, 0)
        self.assertTrue(device.started, device.asked)
        return done

    def refused(self, device, code, *words, argv=(), **how):
        done = self.upload(device, *argv, **how)
        self.assert_exit(done, code)
        for word in words:
            self.assertIn(word, result_of(done)["message"])
        self.assertFalse(device.started)
        return result_of(done)

    def sent(self, device):
        """The image left for it so many times."""
        return len([line for line in device.asked if line.startswith("POST /")
                    and "json" not in line])


class Found(KindCase):
    """The URL is the host alone, or what a person copies out of a browser."""

    def test_each(self):
        for name, kind in PLAIN.items():
            device = kind(checks=False) if kind is Wled else kind()
            done = self.good(device)
            with self.subTest(name):
                self.assertEqual(device.taken, self.bytes)
                self.assertEqual({e["web"] for e in events(done.stdout)
                                  if e["event"] in ("connected", "result")}, {name})
                self.assertEqual(self.sent(device), 1, device.asked)

    def test_each_told(self):
        """--web asks for no page of another kind."""
        for name, kind in PLAIN.items():
            device = kind(checks=False) if kind is Wled else kind()
            with self.subTest(name):
                done = self.good(device, "--web", name)
                self.assertEqual(result_of(done)["web"], name)
                self.assertEqual(device.taken, self.bytes)
                self.assertLessEqual(len(device.asked), 3)

    def test_by_its_page(self):
        """Whoever writes /update means whatever has such a page."""
        for kind in (Arduino, ElegantOta, EspHome, Wled):
            device = kind(checks=False) if kind is Wled else kind()
            with self.subTest(kind.__name__):
                done = self.good(device, path="/update")
                self.assertEqual(PLAIN[result_of(done)["web"]], kind)

    def test_pages_of_other_builds(self):
        for device in (EspHome(packed=True), EspHome(idf=False), EspHome(
                index='See <a href="https://esphome.io/web-api/">ESPHome Web API</a>')):
            self.assertEqual(result_of(self.good(device))["web"], "esphome")

    def test_at_the_root(self):
        device = Arduino(at="/")
        self.assertEqual(result_of(self.good(device))["web"], "arduino")
        self.assertEqual(device.asked[-1], "POST /")

    def test_passwords(self):
        for kind, scheme in ((Arduino, "basic"), (EspHome, "basic"), (ElegantOta, "digest"),
                             (Tasmota, "basic"), (OpenBeken, "basic")):
            with self.subTest(kind.__name__):
                done = self.good(kind(password="geheim"), "--auth", "geheim")
                self.assertEqual([e["scheme"] for e in events(done.stdout) if e["event"] == "auth"],
                                 [scheme])
                device = kind(password="geheim")
                self.refused(device, 4, "refused the user 'admin'", argv=("--auth", "falsch"))
                self.assertEqual(self.sent(device), 0, "it cost no upload")
                self.refused(kind(password="geheim"), 4, "wants a password", "--password-file")

    def test_another_user(self):
        for kind in (Arduino, EspHome, ElegantOta):
            self.good(kind(password="x", user="door"), "--auth", "x", "--user", "door")

    def test_nobody_known(self):
        device = Arduino(at="/elsewhere")
        result = self.refused(device, 5, "none of the updaters that are known", "--web")
        self.assertNotIn("web", result)
        self.assertEqual(device.asked, ["GET /update", "GET /"])
        self.good(Arduino(at="/elsewhere"), path="/elsewhere")
        self.good(Arduino(at="/elsewhere"), "--web", "arduino", path="/elsewhere")

    def test_it_redirects(self):
        class Elsewhere(Arduino):
            def handle(self, conn, request):
                answer(conn, "302 Found", "", "Location: http://192.0.2.1/")
        self.refused(Elsewhere(), 5, "redirects elsewhere (HTTP 302)")

    def test_behind_a_proxy(self):
        class Prefixed(ElegantOta):
            def handle(self, conn, request):
                assert request.path.startswith("/lamp1/")
                request.path = request.path.removeprefix("/lamp1")
                super().handle(conn, request)
        for path in ("/lamp1", "/lamp1/", "/lamp1/update"):
            device = Prefixed()
            self.good(device, "--web", "elegantota", path=path)
        self.assertEqual(device.taken, self.bytes)

    def test_in_a_targets_file(self):
        with Tasmota() as tasmota, Wled(checks=False) as wled, Arduino() as arduino:
            lines = "".join(f"http://{device.host} {rest}\n" for device, rest in
                            ((tasmota, "web=tasmota"), (wled, "web=auto"), (arduino, "")))
            done = run("upload", "--json", "--targets", self.file("all", lines), self.image)
        self.assert_exit(done, 0)
        self.assertEqual({e["web"] for e in events(done.stdout) if e["event"] == "result"},
                         {"tasmota", "wled", "arduino"})
        self.assertEqual(tasmota.asked[0], "GET /up")
        bad = self.file("bad", "http://127.0.0.1 web=fridge\n")
        self.assert_one_line(run("upload", "--targets", bad, self.image), 2, "line 1", "fridge",
                             "openbeken")
        done = run("upload", "--dry-run", "--targets",
                   self.file("none", "127.0.0.1 web=wled\n"), self.image)
        self.assertIn("means nothing here", done.stderr)

    def test_file_systems(self):
        content = bytes(range(256)) * 32
        file = self.file("fs.bin", content)
        for kind, field in ((Arduino, "filesystem"), (EspEasy, "filesystem"),
                            (ElegantOta, "filesystem")):
            device = kind()
            self.good(device, "--fs", "--force", file=file)
            self.assertEqual((device.field, device.taken), (field, content))
        self.assertEqual(device.mode, "fs")
        for kind in (EspHome, Tasmota, Wled, OpenBeken):
            device = kind()
            self.refused(device, 7, "takes no file system", argv=("--fs", "--force"), file=file)
            self.assertEqual(self.sent(device), 0)

    def test_compressed(self):
        """Where it is put behind the running program it could destroy an ESP8266."""
        plain = esp8266_image(60_000, packs=True)
        file = self.file("large.bin.gz", gzip.compress(plain, 9))
        for kind in (Arduino, EspEasy, EspHome, ElegantOta):
            device = kind()
            self.refused(device, 7, "destroy the device", "--force", file=file)
            self.assertEqual(self.sent(device), 0)
        for device in (Tasmota(), Wled(checks=False)):
            self.good(device, file=file)
            self.assertEqual(device.taken, file.read_bytes())


class Slow(KindCase):
    def test_all_kinds_longer_than_the_time_out(self):
        self.bytes = image(60000)
        self.image = self.file("large.bin", self.bytes)
        devices = [kind(rate=20_000, host=f"127.0.0.{10 + k}",  # each of them at the same time
                        **({"checks": False} if kind is Wled else {}))
                   for k, kind in enumerate(PLAIN.values())]
        for device in devices:
            device.__enter__()
        done = run("upload", "--json", "--timeout", "1.5", "--retries", "0",
                   *(word for device in devices for word in ("--host", f"http://{device.host}")),
                   self.image)
        for device in devices:
            device.__exit__(None)
        self.assert_exit(done, 0)
        for device in devices:
            self.assertEqual(device.taken, self.bytes)
            self.assertEqual(self.sent(device), 1)
        for result in (e for e in events(done.stdout) if e["event"] == "result"):
            self.assertGreater(result["seconds"], 1.6, "longer than --timeout")


class OfArduino(KindCase):
    def test_what_the_updater_says_and_what_to_do(self):
        self.refused(Arduino(error="ERROR[4]: Not Enough Space"), 5, "HTTP 200",
                     "does not fit beside the running program")

    def test_a_page_that_never_ends(self):
        """Whether it is ESPEasy's is asked once, and is worth no failure."""
        class Hangs(Arduino):
            def handle(self, conn, request):
                if request.path == "/json":
                    request.file.read(1)
                else:
                    super().handle(conn, request)
        done = self.good(Hangs(), "--timeout", "0.5")
        self.assertEqual(result_of(done)["web"], "arduino")

    def test_no_room_in_espeasy(self):
        device = EspEasy(room=False)
        self.refused(device, 5, "no room for a second program")
        self.assertEqual(self.sent(device), 0)


class OfEspHome(KindCase):
    def test_failed(self):
        self.refused(EspHome(good=False), 5, "Update Failed!", "the device's log")

    def test_not_configured(self):
        for idf in (True, False):
            self.refused(EspHome(ota=False, idf=idf), 5, "HTTP 404", "platform: web_server")


class OfElegantOta(KindCase):
    def test_the_order(self):
        device = ElegantOta()
        self.good(device)
        self.assertEqual([line.split("?")[0] for line in device.asked],
                         ["GET /update", "GET /ota/start", "POST /ota/upload"])
        self.assertEqual((device.mode, device.field), ("fr", "firmware"))

    def test_it_does_not_begin(self):
        device = ElegantOta(begins="ERROR[4]: Not Enough Space")
        self.refused(device, 5, "HTTP 400", "Not Enough Space", "does not fit")
        self.assertEqual(self.sent(device), 0)

    def test_a_page_for_everything(self):
        """What answers 200 to every page has not begun an update."""
        class Anything(ElegantOta):
            def handle(self, conn, request):
                request.body()
                answer(conn, "200 OK", "<p>OK, this is my page</p>")
        device = Anything()
        self.refused(device, 5, "OK, this is my page", argv=("--web", "elegantota"))
        self.assertEqual(self.sent(device), 0)

    def test_it_breaks_off(self):
        large = self.file("large.bin", image(400_000))
        self.refused(ElegantOta(early=True), 5, "Failed to write chunked data", file=large)


class OfTasmota(KindCase):
    def test_the_order(self):
        device = Tasmota()
        self.good(device)
        self.assertEqual(device.asked, ["GET /update", "GET /", "GET /up", "POST /u2?fsz=20000"])
        self.assertEqual(device.field, "u2")

    def test_the_language_does_not_matter(self):
        words = ("Hochladen", "erfolgreich", "fehlgeschlagen", "Gerät wird neu gestartet")
        self.assertIn("erfolgreich", result_of(self.good(Tasmota(words=words)))["message"])
        self.refused(Tasmota(words=words, space=100, no_space="Nicht genügend Speicherplatz"), 5,
                     "fehlgeschlagen Nicht genügend Speicherplatz")

    def test_the_minimal_image_first(self):
        result = self.refused(Tasmota(space=10000), 5, "Failed Not enough space",
                              "tasmota-minimal.bin.gz")
        self.assertNotIn("Main Menu", result["message"])

    def test_into_safeboot(self):
        device = Tasmota(safeboot="app")
        self.good(device)
        self.assertEqual(device.taken, self.bytes)
        self.assertEqual([line for line in device.asked if "u4" in line],
                         ["GET /u4?u4=fct&api="] * 2)

    def test_by_another_name(self):
        """Its address is named, whatever it was called by."""
        device = Tasmota()
        with device:
            done = run("upload", "--json", "--host", f"http://localhost:{device.port}", self.image)
        self.assert_exit(done, 0)

    def test_who_names_no_address_of_its_own(self):
        class Elsewhere(Tasmota):
            def privileged(self, conn, request):
                request.headers["referer"] = "http://192.0.2.1/"
                return super().privileged(conn, request)
        device = Elsewhere()
        self.refused(device, 3, "SetOption128 1")
        self.good(Elsewhere(checks_referer=False))
        self.assertEqual(self.sent(device), 0)

    def test_it_only_shows(self):
        device = Tasmota(shows_only=True)
        self.refused(device, 5, "WebServer 2")
        self.assertEqual(self.sent(device), 0)


class OfWled(KindCase):
    def test_the_pin(self):
        done = self.good(Wled(pin="1234", checks=False), "--auth", "1234")
        self.assertEqual([e["scheme"] for e in events(done.stdout) if e["event"] == "auth"],
                         ["pin"])
        self.assertNotIn("1234", done.stdout + done.stderr)

    def test_no_pin_and_a_wrong_one(self):
        for argv, words in (((), ("PIN", "--password-file")),
                            (("--auth", '1"3'), ("did not accept the PIN",))):
            device = Wled(pin="1234")
            self.refused(device, 4, *words, argv=argv)
            self.assertEqual(self.sent(device), 0)

    def test_locked_again_in_between(self):
        class Relocks(Wled):
            def show(self, conn):
                super().show(conn)
                if self.sends_first and self.open_since is None:
                    self.pin, self.sends_first = "1234", False
            sends_first = True
        device = Relocks(checks=False)
        self.good(device, "--auth", "1234")
        self.assertEqual(self.sent(device), 2, "the first one was turned away")

    def test_locked(self):
        device = Wled(locked=True)
        self.refused(device, 5, "unlock them there")
        self.assertEqual(self.sent(device), 0)

    def test_from_another_network(self):
        for early in (False, True):
            large = self.file("large.bin", image(400_000))
            self.refused(Wled(far=True, early=early), 5, "not on local subnet",
                         "from a computer there", file=large)

    def test_a_program_of_somebody_else(self):
        self.refused(Wled(), 5, "compatibility metadata", "--force")
        self.good(Wled(), "--force")

    def test_it_fails(self):
        self.refused(Wled(checks=False, error="Not Enough Space"), 5,
                     "Update failed! Not Enough Space")
        self.refused(Wled(busy=True), 5, "another update")
        device = Wled(built=False)
        self.refused(device, 5, "built without")
        self.assertEqual(self.sent(device), 0)


class OfOpenBeken(KindCase):
    def test_the_order(self):
        device = OpenBeken()
        self.good(device)
        self.assertEqual(device.asked, ["GET /update", "GET /api/info", "POST /api/ota",
                                        "GET /index?restart=1"])

    def test_it_wrote_less(self):
        device = OpenBeken(outcome="short")
        self.refused(device, 5, '{"size":19000}', "another number of bytes")
        self.assertEqual(device.asked[-1], "POST /api/ota", "it is not told to start that")

    def test_no_verdict(self):
        for outcome in ("silent", "error"):
            device = OpenBeken(outcome=outcome)
            result = self.refused(device, 6, "still runs the program that it had")
            self.assertEqual(result["reason"], "unknown")
            self.assertEqual(self.sent(device), 1)

    def test_it_does_not_restart(self):
        device = OpenBeken(restarts=False)
        result = self.refused(device, 6, "restart it")
        self.assertEqual((result["reason"], device.taken), ("unknown", self.bytes))


if __name__ == "__main__":
    espota_test.main()
