# SPDX-License-Identifier: MIT
"""espota-stub --mdns: announced by itself or through Avahi, found, resolved, and gone again."""

import socket
import struct
import sys

import espota_test
import netlab

# A plain resolver's question, from any port, and one that wants its answer by unicast: the answer
# must come to the asker alone, with the question, the identity and short lives in the first case.
ASK = """
import json, socket, struct, sys
name = lambda d: b"".join(bytes([len(p)]) + p.encode() for p in d.split(".")) + b"\\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
s.settimeout(20)
s.sendto(struct.pack(">6H", 0x4711, 0, 1, 0, 0, 0) + name("door.local") + b"\\0\\1" +
         bytes.fromhex(sys.argv[1]), ("224.0.0.251", 5353))
packet, sender = s.recvfrom(9000)
print(packet.hex(), sender[0], sender[1])
"""


class Stub(netlab.Lab):
    def comes_and_goes(self, via):
        child = self.watch("--via", via)
        stub = self.stub("--hostname", "door", "--password", "x")
        event = child.wait_event("add", name="door")
        self.assertEqual((event["address"], event["port"], event["kind"], event["auth"],
                          event["hostname"]),
                         ("10.9.0.2", stub.ready["port"], "esp8266", "yes", "door.local"))
        stub.signal(15)
        self.assertEqual(stub.wait(), 0)
        child.wait_event("remove", name="door")
        self.assertEqual([e["event"] for e in child.events()], ["add", "remove"])

    def test_by_itself(self):
        self.comes_and_goes("query")

    def test_through_avahi(self):
        self.here.start_avahi()
        self.there.start_avahi()
        for via in ("query", "avahi"):
            with self.subTest(via=via):
                self.comes_and_goes(via)

    def test_avahi_browse_finds_the_stub(self):
        """The oracle finds our own responder, and its strings stand as a real device's do."""
        netlab.need("avahi-browse")
        self.here.start_avahi()
        stub = self.stub("--hostname", "door")

        def listed():
            text = self.here.run("avahi-browse", "-prt", "_arduino._tcp").stdout
            return [line.split(";") for line in text.splitlines() if line.startswith("=;")]

        lines = netlab.wait_until("avahi-browse's list", listed)
        for line in lines:
            self.assertEqual(line[3], "door")
            self.assertEqual(line[6:9], ["door.local", "10.9.0.2", str(stub.ready["port"])])
            # Avahi hands the strings out the other way round
            self.assertEqual(line[9], '"tcp_check=no" "ssh_upload=no" "board=nodemcuv2" '
                                      '"auth_upload=no"')

    def test_esphome(self):
        """What it announces is the port of its API: where it takes updates goes by its platform."""
        image = self.file("door.bin", espota_test.image(20000))
        key = self.file("key", b"A" * 43 + b"=")
        stub = self.stub("--port", "8266", "--esphome", "--hostname", "lamp", "--key-file", key,
                         "--encrypted", "--fast")
        self.assertEqual(self.found(), {})
        device = self.one("--any")
        self.assertEqual([device[k] for k in ("name", "kind", "port", "platform", "version",
                                              "encrypted")],
                         ["lamp", "esphome", 8266, "ESP8266", "2026.10.0", True])
        table = self.here.espota_c("discover", "--any").stdout
        self.assertIn("VERSION", table)
        self.assertRegex(table, r"lamp +10\.9\.0\.2 +8266 +nodemcuv2 +key +2026\.10\.0 +lamp\.local")
        done = self.here.espota_c("upload", "--name", "lamp", "--key-file", key, image)
        self.assertEqual(done.returncode, 0, done.stderr)
        stub.wait_event("boot")
        esp32 = self.file("esp32.bin", espota_test.esp32_image())
        done = self.here.espota_c("upload", "--name", "lamp", "--key-file", key, esp32)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("announces itself as an ESP8266", done.stderr)

    def test_loopback_alone(self):
        host = self.host("alone")
        self.stub("--bind", "127.0.0.1", "--hostname", "door", host=host)
        device = self.one(host=host)
        self.assertEqual((device["name"], device["address"]), ("door", "127.0.0.1"))

    def test_a_fleet_on_loopback(self):
        host = self.host("alone")
        self.stub("--count", "300", "--hostname", "door", host=host)
        devices = self.found("--via", "query", "--timeout", "20", host=host)
        self.assertEqual({(f"door-{k}", f"127.1.{k // 250}.{1 + k % 250}") for k in range(300)},
                         set(devices))

    def test_plain_resolvers_are_answered_by_unicast(self):
        self.stub("--hostname", "door")
        for wanted in ("0001", "8001"):  # class IN, without and with the wish for unicast
            with self.subTest(wanted=wanted):
                out = self.here.run(sys.executable, "-c", ASK, wanted).stdout.split()
                packet = bytes.fromhex(out[0])
                self.assertEqual(out[1:], ["10.9.0.2", "5353"])
                self.assertEqual(struct.unpack(">6H", packet[:12])[0], 0x4711)
                self.assertEqual(struct.unpack(">6H", packet[:12])[2:4], (1, 1))
                self.assertIn(socket.inet_aton("10.9.0.2"), packet)
                self.assertEqual(packet[-10:-6], struct.pack(">I", 10))

    def test_a_local_name_is_a_target(self):
        stub = self.stub("--hostname", "door", "--fast", "--uploads", "1")
        image = self.file("image.bin", espota_test.image(8192))
        done = self.here.espota_c("upload", "--force", "--host",
                                  f"DOOR.local:{stub.ready['port']}", image)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_local_names_that_nobody_has(self):
        self.stub("--hostname", "door")
        image = self.file("image.bin", espota_test.image())
        done = self.here.espota_c("upload", "--force", "--dry-run", "--json",
                                  *(w for i in range(20) for w in ("--host", f"no-{i}.local")),
                                  "--host", "door.local", image)
        results = [e for e in espota_test.events(done.stdout) if e["event"] == "result"]
        self.assertEqual([e["target"] for e in results if e["ok"]], ["door.local"])
        self.assertEqual({e["reason"] for e in results if not e["ok"]}, {"no-answer"})

if __name__ == "__main__":
    espota_test.main()
