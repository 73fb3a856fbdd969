# SPDX-License-Identifier: MIT
"""Targets whose names a slow name server knows, or does not know."""

import pathlib
import subprocess
import sys
import time

import espota_test
import netlab

SERVER = pathlib.Path(__file__).with_name("slow_dns.py")
DEAD = [f"dead-{i}.test" for i in range(40)]


class Names(netlab.Lab):
    def setUp(self):
        super().setUp()
        self.image = self.file("image.bin", espota_test.image())
        for path, text in (("/etc/resolv.conf", "nameserver 10.9.0.2\noptions timeout:30 attempts:1\n"),
                           ("/etc/nsswitch.conf", "hosts: files dns\n"),
                           ("/etc/hosts", "127.0.0.1 localhost\n")):
            own = self.file(pathlib.Path(path).name, text.encode())
            self.here.run("mount", "--bind", own, path)
        stub = self.there.process(espota_test.espota_stub(), "--port", "8266", "--bind",
                                  "10.9.0.2", "--json", "--fast")
        self.addCleanup(stub.close)
        stub.wait_event("ready")

    def serve(self, delay, *known):
        server = self.there.process(sys.executable, SERVER, "10.9.0.2", delay, *known,
                                    stdin=subprocess.PIPE)
        self.addCleanup(server.close)
        server.wait_event("ready")
        return server

    def upload(self, *hosts):
        argv = [part for host in hosts for part in ("--host", host)]
        child = self.here.process(espota_test.espota_c(), "upload", "--json", "--retries", "0",
                                  "--jobs", "1", *argv, self.image)
        self.addCleanup(child.close)
        return child

    def results(self, child):
        return {e["target"]: e for e in child.events() if e["event"] == "result"}

    def test_nobody_waits_for_the_names_of_others(self):
        """The server says nothing until a device is done whose name came behind all others."""
        server = self.serve("-", "door.test=10.9.0.2")
        child = self.upload(*DEAD[:20], "door.test")
        self.assertEqual(child.wait_event("result")["target"], "door.test")
        self.assertEqual(self.results(child)["door.test"]["reason"], "done")
        server.process.stdin.write(b"\n")
        server.process.stdin.flush()
        summary = child.wait_event("summary")
        self.assertEqual((summary["ok"], summary["failed"]), (1, 20))
        self.assertEqual(child.wait(), 3)  # what all failures share
        for name in DEAD[:20]:
            self.assertIn(name, self.results(child)[name]["message"])

    def test_dead_names_are_asked_for_side_by_side(self):
        """One after the other they would take two minutes here."""
        self.serve("3")
        began = time.monotonic()
        child = self.upload(*DEAD)
        self.assertEqual(child.wait_event("summary")["failed"], 40)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(child.wait(), 3)

    def test_names_of_one_device(self):
        server = self.serve("-", "door.test=10.9.0.2", "gate.test=10.9.0.2")
        child = self.upload("10.9.0.2", "door.test", "gate.test", "door.test", DEAD[0])
        server.wait_event("asked", name=DEAD[0])
        self.assertEqual(child.wait_event("result")["reason"], "done")
        server.process.stdin.write(b"\n")
        server.process.stdin.flush()
        summary = child.wait_event("summary")
        self.assertEqual((summary["ok"], summary["failed"], summary["skipped"]), (1, 1, 3))

    def test_interrupted_while_a_name_is_asked_for(self):
        server = self.serve("-")
        child = self.upload(*DEAD[:3])
        server.wait_event("asked")
        child.signal(2)
        self.assertEqual(child.wait(), 130)


if __name__ == "__main__":
    espota_test.main()
