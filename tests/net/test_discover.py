# SPDX-License-Identifier: MIT
"""Discovery between two hosts: by each way, from each kind of announcement, and from hostile ones."""

import os
import pathlib
import struct

import espota_test
import netlab
import speaker


class ByAvahi(netlab.Lab):
    """What Avahi announces, found by each way, with avahi-browse as the oracle."""

    def setUp(self):
        super().setUp()
        netlab.need("avahi-publish-service", "avahi-browse")
        self.there.start_avahi()

    def publish(self, name, port=8266, service="_arduino._tcp", strings=speaker.ESP8266):
        child = self.there.start("avahi-publish-service", name, service, str(port), *strings)
        log = self.there.lines(child.stderr)
        while "Established under name" not in (log.next() or "Established under name"):
            pass
        return child

    def oracle(self, service="_arduino._tcp"):
        """name -> (host, address, port) as avahi-browse sees it by IPv4."""
        seen = {}
        for line in self.here.run("avahi-browse", "-prt", service).stdout.splitlines():
            part = line.split(";")
            if part[0] == "=" and part[2] == "IPv4":
                seen[part[3]] = (part[6], int(part[8]))
        return seen

    def test_each_way_sees_what_avahi_browse_sees(self):
        self.here.start_avahi()
        self.publish("door")
        self.publish("window", 3232, strings=speaker.ESP8266[:1] + speaker.ESP8266[2:] +
                     ("board=esp32",))
        self.publish("kitchen", 6053, "_esphomelib._tcp", ("version=2025.1", "board=esp12e"))
        oracle = netlab.wait_until("avahi-browse's list",
                                   lambda: len(self.oracle()) == 2 and self.oracle())
        for via in ("query", "avahi", "dnssd", "auto"):
            with self.subTest(via=via):
                devices = self.found("--via", via)
                self.assertEqual({(d["name"], d["hostname"], d["port"]) for d in devices.values()},
                                 {(n, h, p) for n, (h, p) in oracle.items()})
                by_name = {d["name"]: d for d in devices.values()}
                self.assertEqual(by_name["door"]["address"], "10.9.0.2")
                self.assertEqual(by_name["door"]["kind"], "esp8266")
                self.assertEqual(by_name["door"]["board"], "d1_mini")
                self.assertEqual(by_name["door"]["auth"], "no")
                self.assertEqual(by_name["window"]["kind"], "esp32")
                with_esphome = self.found("--via", via, "--any")
                self.assertIn(("kitchen", "esphome"),
                              {(d["name"], d["kind"]) for d in with_esphome.values()})

    def test_watch_by_each_way(self):
        self.here.start_avahi()
        for via in ("query", "avahi", "dnssd"):
            with self.subTest(via=via):
                child = self.watch("--via", via)
                published = self.publish("door")
                child.wait_event("add", name="door", address="10.9.0.2")
                self.there.stop(published)
                child.wait_event("remove", name="door")
                child.close()
                self.assertEqual([e["event"] for e in child.events()], ["add", "remove"])

    def test_a_restart_of_the_daemon_is_no_news(self):
        daemon = self.here.start_avahi()
        self.publish("door")
        child = self.watch("--via", "avahi")
        child.wait_event("add", name="door")
        self.here.stop(daemon)
        self.here.start_avahi_again()
        self.publish("window")
        child.wait_event("add", name="window")
        self.assertEqual([e["event"] for e in child.events()], ["add", "add"])

    def test_port_5353_held_by_somebody_else(self):
        self.publish("door")
        self.speak("holder", host=self.here)
        device = self.one("--via", "query")
        self.assertEqual((device["name"], device["address"]), ("door", "10.9.0.2"))

    def test_ipv6_alone(self):
        for host in (self.here, self.there):
            host.run("ip", "-4", "address", "flush", "dev", "eth0")
        self.publish("door")
        device = netlab.wait_until("an IPv6 address", lambda: self.ipv6_device("query"))
        self.assertRegex(device["address"], r"^(fd09::2|fe80::.*%eth0)$")

    def ipv6_device(self, via):
        devices = [d for d in self.found("--via", via).values() if d["address"] != "127.0.0.1"]
        return devices[0] if devices else None

    def test_the_same_host(self):
        self.publish("door")
        device = self.one("--via", "query", host=self.there)
        self.assertEqual(device["address"], "10.9.0.2")


class ByPackets(netlab.Lab):
    """Announcements as bytes, with no daemon anywhere."""

    def test_nobody(self):
        done = self.here.espota_c("discover", "--via", "query")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stdout, "")
        self.assertIn("no device answered", done.stderr)

    def test_a_way_that_is_not_there(self):
        for via in ("avahi", "dnssd"):
            done = self.here.espota_c("discover", "--via", via)
            self.assertEqual(done.returncode, 8, done.stderr)
            self.assertIn("--via query", done.stderr)

    def test_the_table(self):
        self.speak("crowd", "10.9.0.2", "2", "0")
        done = self.here.espota_c("discover", "--via", "query")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual(lines[0], ["NAME", "ADDRESS", "PORT", "BOARD", "AUTH", "HOSTNAME"])
        self.assertEqual(lines[1], ["crowd-0", "10.9.1.1", "8266", "d1_mini", "no",
                                    "crowd-0.local"])
        self.assertEqual(len(lines), 3)

    def test_name_is_a_pattern(self):
        self.speak("crowd", "10.9.0.2", "12", "0")
        self.assertEqual({n for n, _ in self.found("--via", "query", "--name", "CROWD-1?")},
                         {"crowd-10", "crowd-11"})
        done = self.here.espota_c("discover", "--via", "query", "--name", "door")
        self.assertEqual(done.returncode, 3)
        self.assertIn("'door'", done.stderr)

    def test_what_shells_complete_from(self):
        """Every whole list is remembered, however it was printed; a part of it is not."""
        env = {"XDG_CACHE_HOME": str(self.dir)}
        memory = self.dir / "espota-c" / "devices"
        self.speak("crowd", "10.9.0.2", "2", "0")
        wanted = "".join(f"crowd-{n}.local\tcrowd-{n}\n10.9.1.{n + 1}\tcrowd-{n}\n"
                         for n in range(2))
        for options in ([], ["--json"]):
            self.here.espota_c("discover", "--via", "query", *options, env=env)
            self.assertEqual(sorted(memory.read_text().splitlines()), sorted(wanted.splitlines()))
            memory.write_text("old\n")
        for name in ("crowd-1", "nobody"):
            self.here.espota_c("discover", "--via", "query", "--name", name, env=env)
        self.assertEqual(memory.read_text(), "old\n")

    def test_jandrassy_boards_of_one_name(self):
        self.there.address("eth0", "10.9.0.5/24")
        self.speak("jandrassy", "10.9.0.2", "Arduino")
        self.speak("jandrassy", "10.9.0.5", "Arduino")
        for via in ("query", "auto"):
            devices = self.found("--via", via)
            self.assertEqual(set(devices), {("Arduino", "10.9.0.2"), ("Arduino", "10.9.0.5")})
            for device in devices.values():
                self.assertEqual(device["kind"], "arduino")
                self.assertEqual(device["port"], 65280)

    def test_a_thousand_at_once(self):
        self.speak("crowd", "10.9.0.2", "1000", "0")
        devices = self.found("--via", "query", "--timeout", "20")
        self.assertEqual({n for n, _ in devices}, {f"crowd-{i}" for i in range(1000)})

    def test_watch_add_change_remove(self):
        say = self.speak("raw", "10.9.0.2")
        child = self.watch("--via", "query")
        self.say(say, speaker.device("door", "10.9.0.2"))
        event = child.wait_event("add", name="door")
        self.assertEqual(event, {"event": "add", "name": "door", "address": "10.9.0.2",
                                 "port": 8266, "board": "d1_mini", "auth": "no",
                                 "hostname": "door.local", "kind": "esp8266"})
        for _ in range(5):  # said again it is no news
            self.say(say, speaker.device("door", "10.9.0.2"))
        self.say(say, speaker.device("door", "10.9.0.2", port=8267))
        child.wait_event("change", name="door", port=8267)
        self.say(say, speaker.device("door", "10.9.0.2", port=8267, ttl=0, long_ttl=0))
        child.wait_event("remove", name="door")
        self.say(say, speaker.device("brief", "10.9.0.2", ttl=3, long_ttl=3))  # never renewed
        child.wait_event("add", name="brief")
        child.wait_event("remove", name="brief")
        self.assertEqual([e["event"] for e in child.events()],
                         ["add", "change", "remove", "add", "remove"])

    def test_goodbye_and_back_is_no_news(self):
        say = self.speak("raw", "10.9.0.2")
        child = self.watch("--via", "query")
        self.say(say, speaker.device("door", "10.9.0.2"))
        child.wait_event("add", name="door")
        self.say(say, speaker.device("door", "10.9.0.2", ttl=0, long_ttl=0),
                 speaker.device("door", "10.9.0.2"))
        self.say(say, speaker.device("last", "10.9.0.2"), speaker.device("last", "10.9.0.2", ttl=0,
                                                                         long_ttl=0))
        child.wait_event("remove", name="last")  # a second later: "door" would have gone with it
        self.assertEqual([(e["event"], e["name"]) for e in child.events()],
                         [("add", "door"), ("add", "last"), ("remove", "last")])

    def test_stopped_by_a_signal(self):
        child = self.watch("--via", "query")
        # nsenter executes the program: the process is the program itself
        child.signal(2)
        self.assertEqual(child.wait(), 130)

    def test_hostile_packets(self):
        good, cut = speaker.device("door", "10.9.0.2"), speaker.device("cut", "10.9.0.2")
        count = lambda n: struct.pack(">6H", 0, 0x8400, 0, n, 0, 0)
        service = speaker.name(speaker.SERVICE)
        loop = count(1) + b"\xc0\x0c" + struct.pack(">HHIH", 12, 1, 4500, 2) + b"\xc0\x0c"
        long_name = b"".join(b"\x3f" + b"n" * 63 for _ in range(3)) + b"\x3f" + b"n" * 63 + b"\0"
        evil = [
            b"", b"\0", good[:11], loop,
            count(1) + long_name + struct.pack(">HHIH", 12, 1, 4500, 2) + b"\xc0\x0c",
            count(0xFFFF) + good[12:],
            struct.pack(">6H", 0, 0x8400, 0xFFFF, 4, 0, 0) + good[12:],
            *(cut[:n] for n in range(12, len(cut), 7)),
            speaker.device("nobody", "0.0.0.0"), speaker.device("many", "224.0.0.1"),
            speaker.device("self", "127.0.0.1"),
            speaker.device("stranger", "10.9.0.2").replace(b"\x00\x01\x80\x01", b"\x00\x01\x80\x03"),
            speaker.device("question", "10.9.0.2").replace(b"\x84\x00", b"\x00\x00", 1),
            speaker.device("failed", "10.9.0.2").replace(b"\x84\x00", b"\x84\x03", 1),
            # the address of another host
            speaker.response(*self.records_of_two_hosts(service)),
        ]
        say = self.speak("raw", "10.9.0.2")
        child = self.watch("--via", "query")
        for packet in evil:
            if packet:
                self.say(say, packet)
        self.say(say, speaker.device("plain", "10.9.0.2", strings=("board", "nothing", "=x")))
        self.assertEqual(child.wait_event("add", name="plain")["board"], "")
        self.say(say, good)
        child.wait_event("add", name="door")
        self.assertEqual([e["name"] for e in child.events()], ["plain", "door"])

    @staticmethod
    def records_of_two_hosts(service):
        full = b"\x05mixed" + service
        return (speaker.record(service, 12, full, 4500),
                speaker.record(full, 33, struct.pack(">3H", 0, 0, 1) + speaker.name("a.local"), 120),
                speaker.record(full, 16, b"\0", 4500),
                speaker.record(speaker.name("b.local"), 1, bytes([10, 9, 0, 66]), 120))

    def test_a_sender_that_is_not_on_the_link(self):
        self.there.address("eth0", "192.0.2.9/32")
        far, near = self.speak("raw", "192.0.2.9"), self.speak("raw", "10.9.0.2")
        child = self.watch("--via", "query")
        self.say(far, speaker.device("far", "10.9.0.2"))
        self.say(near, speaker.device("near", "10.9.0.2"))
        child.wait_event("add", name="near")
        self.assertEqual([e["name"] for e in child.events()], ["near"])

    def test_forged_announcements_hide_nobody(self):
        """4,000 a second, from one sender and from two hundred that are forged."""
        self.there.address("eth0", "10.9.0.7/24")
        # what a program cannot read, as slow as the sanitizers make it, no list can keep
        rate = "800" if os.environ.get("ESPOTA_SANITIZED") else "4000"
        for senders, words in (("1", "10.9.0.2 announces more than 1024"), ("200", "is full")):
            with self.subTest(senders=senders):
                child = self.watch("--via", "query")
                flood = self.speak("flood", "10.9.0.2", senders, rate)
                self.wait_err(child, words)
                real = self.speak("crowd", "10.9.0.7", "1", "0")
                # a busy machine reads through the flood's own devices for a while
                child.wait_event("add", name="crowd-0", timeout=5 * espota_test.TIMEOUT)
                flood.close()
                real.close()
                child.close()
                self.assertNotIn(("remove", "crowd-0"),
                                 {(e["event"], e["name"]) for e in child.events()})

    def test_what_another_host_cannot_be(self):
        say = self.speak("raw", "10.9.0.2")
        child = self.watch("--via", "query")
        for number, address in enumerate(("8.8.8.8", "10.9.0.255", "10.9.0.0", "10.9.0.1")):
            self.say(say, speaker.device(f"wrong-{number}", address))
        self.say(say, speaker.device("no-port", "10.9.0.2", port=0))
        self.say(say, speaker.device("repeated", "192.168.7.7"))  # from another net of the house
        self.say(say, speaker.device("door", "10.9.0.2"))
        child.wait_event("add", name="door")
        own = self.speak("raw", "10.9.0.1", host=self.here)
        self.say(own, speaker.device("here", "10.9.0.1"))
        self.assertEqual(child.wait_event("add", name="here")["address"], "10.9.0.1")
        self.assertEqual([e["name"] for e in child.events()], ["repeated", "door", "here"])

    def test_what_a_daemon_passes_on(self):
        """It does not tell who said it: this machine's own address may be a process here."""
        self.here.start_avahi()
        say = self.speak("raw", "10.9.0.2")
        for via in ("avahi", "dnssd"):
            with self.subTest(via=via):
                child = self.watch("--via", via)
                for number, address in enumerate(("8.8.8.8", "10.9.0.255")):
                    self.say(say, speaker.device(f"wrong-{number}", address))
                self.say(say, speaker.device("no-port", "10.9.0.2", port=0))
                self.say(say, speaker.device("door", "10.9.0.2"))
                child.wait_event("add", name="door")
                child.close()
                self.assertEqual({e["name"] for e in child.events()}, {"door"})

    def test_an_interface_that_comes_later(self):
        """The link goes down and up again: whoever is behind it is asked again."""
        self.here.run("ip", "link", "set", "eth0", "down")
        child = self.watch("--via", "query")
        self.speak("crowd", "10.9.0.2", "1", "0")
        self.here.run("ip", "link", "set", "eth0", "up")
        child.wait_event("add", name="crowd-0")

    def test_memory_does_not_grow(self):
        say = self.speak("raw", "10.9.0.2")
        # the address sanitizer keeps what was freed, up to a bound: here a small one
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        child = self.watch("--via", "query", env={"ASAN_OPTIONS": options.lstrip(":")})

        def a_thousand(start):
            for i in range(start, start + 1000):
                self.say(say, speaker.device(f"passer-{i}", "10.9.0.2"),
                         speaker.device(f"passer-{i}", "10.9.0.2", ttl=0, long_ttl=0))
            child.wait_event("remove", name=f"passer-{start + 999}")
            return self.resident(child.pid)

        # How many are there at once depends on the machine, and the list keeps the room for them:
        # that comes to an end. What were kept of each would not, and 100 bytes of it are told.
        sizes = [a_thousand(0)]
        while len(sizes) < 4 or sizes[-1] > sizes[-4] + 300:
            self.assertLess(len(sizes), 40, f"kB of memory, growing with what passes: {sizes}")
            sizes.append(a_thousand(1000 * len(sizes)))

    @staticmethod
    def resident(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])


class AThousandByAvahi(netlab.Lab):
    def test_half_a_millisecond_apart(self):
        self.here.start_avahi()
        self.speak("crowd", "10.9.0.2", "1000", "500")
        everyone = {f"crowd-{i}" for i in range(1000)}
        # What a busy machine makes the daemon lose it asks for again with the next list.
        netlab.wait_until("a list of all", lambda: everyone == {
            name for name, _ in self.found("--via", "avahi", "--timeout", "30")},
                          timeout=5 * espota_test.TIMEOUT)


if __name__ == "__main__":
    espota_test.main()
