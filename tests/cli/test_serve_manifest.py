# SPDX-License-Identifier: MIT
"""The manifest of espota-c serve: which rule holds for whom, what --check finds."""

import gzip
import json

import espota_test as t
from espota_serve import (Folder, Server, esp32, esp8266, put)


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


if __name__ == "__main__":
    t.main()
