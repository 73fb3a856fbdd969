# SPDX-License-Identifier: MIT
"""espota-c arduino discovery, spoken to as arduino-cli speaks to it."""

import json
import subprocess
import time

import espota_test
import netlab


class Talk:
    """Commands in, whole JSON messages out."""

    def __init__(self, host, *argv):
        self.child = host.start(espota_test.espota_c(), "arduino", "discovery", *argv,
                                stdin=subprocess.PIPE)
        self.lines = host.lines(self.child.stdout)

    def say(self, *commands):
        for command in commands:
            self.child.stdin.write(command.encode() + b"\n")
        self.child.stdin.flush()

    def hear(self):
        text = []
        while True:
            line = self.lines.next()
            if line is None:
                return None
            text.append(line)
            if line == "}":
                return json.loads("\n".join(text))


class Arduino(netlab.Lab):
    def setUp(self):
        super().setUp()
        self.talk = Talk(self.here, "--via", "query")

    def greet(self):
        self.talk.say('HELLO 1 "arduino-cli 1.2.3"')
        self.assertEqual(self.talk.hear(),
                         {"eventType": "hello", "message": "OK", "protocolVersion": 1})

    def port(self, stub):
        return {"address": "10.9.0.2", "label": "door at 10.9.0.2", "protocol": "network",
                "protocolLabel": "Network Port",
                "properties": {".": "nodemcuv2", "auth_upload": "no", "board": "nodemcuv2",
                               "hostname": "door.local.", "port": str(stub.ready["port"]),
                               "ssh_upload": "no", "tcp_check": "no"}}

    def test_events(self):
        self.greet()
        self.talk.say("START_SYNC")
        self.assertEqual(self.talk.hear(), {"eventType": "start_sync", "message": "OK"})
        stub = self.stub("--hostname", "door")
        self.assertEqual(self.talk.hear(), {"eventType": "add", "port": self.port(stub)})
        gone = time.monotonic()
        stub.signal(15)
        # it said goodbye, and its port is kept for 30 s, as Arduino's own discovery does
        self.assertEqual(self.talk.hear(), {"eventType": "remove", "port": self.port(stub)})
        self.assertGreater(time.monotonic() - gone, 29)
        self.talk.say("STOP", "QUIT")
        self.assertEqual(self.talk.hear(), {"eventType": "stop", "message": "OK"})
        self.assertEqual(self.talk.hear(), {"eventType": "quit", "message": "OK"})
        self.assertEqual(self.talk.child.wait(espota_test.TIMEOUT), 0)

    def test_list(self):
        stub = self.stub("--hostname", "door")
        self.greet()
        self.talk.say("START")
        self.assertEqual(self.talk.hear(), {"eventType": "start", "message": "OK"})

        def listed():
            self.talk.say("LIST")
            return self.talk.hear()["ports"]

        self.assertEqual(netlab.wait_until("a list", listed), [self.port(stub)])

    def test_the_end_of_input_ends_it(self):
        self.greet()
        self.talk.say("START_SYNC")
        self.talk.hear()
        self.talk.child.stdin.close()
        self.assertEqual(self.talk.hear(),
                         {"eventType": "command_error", "message": "EOF", "error": True})
        self.assertIsNone(self.talk.hear())
        self.assertEqual(self.talk.child.wait(espota_test.TIMEOUT), 0)


if __name__ == "__main__":
    espota_test.main()
