# SPDX-License-Identifier: MIT
"""Devices that say odd things, say them late, or are not who they should be."""

import socket
import time

import espota_test
from espota_test import Case, Process, espota_c, events, image, run
from fake_device import FakeDevice, ended, reset

SIZE = 50000


class Hostile(Case):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(SIZE))
        self.size = self.image.stat().st_size
        self.large = self.file("gate.bin", image(900000))  # more than sockets hold

    def upload(self, play, *argv, address="127.0.0.1", image=None):
        """The result event of an upload to a device that plays so, and the whole run."""
        with FakeDevice(play, address) as device:
            done = run("upload", "--host", device.target, "--json", "--retries", "0", *argv,
                       image or self.image)
        told = events(done.stdout)
        results = [event for event in told if event["event"] == "result"]
        self.assertEqual(len(results), 1, done.stdout + done.stderr)
        self.assertEqual(done.returncode, results[0]["code"])
        return results[0], done

    def assert_result(self, result, code, reason, *words):
        self.assertEqual((result["code"], result["reason"], result["ok"]),
                         (code, reason, code == 0), result)
        for word in words:
            self.assertIn(word, result["message"])

    def taken(self, *pieces, before_end=()):
        """A device that takes the image and then says these pieces."""
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in before_end:
                stream.sendall(piece)
            got = device.read_image(stream)
            assert len(got) == device.invitation.size, len(got)
            for piece in pieces:
                stream.sendall(piece)
            stream.close()
        return play


class Verdict(Hostile):
    def test_ok_alone(self):
        result, _ = self.upload(self.taken(b"OK"))
        self.assert_result(result, 0, "done")
        self.assertEqual(result["bytes"], self.size)

    def test_ok_glued_to_digits(self):
        for pieces in ([b"1460OK"], [b"14601460", b"O", b"K"], [b"5000" * 500 + b"OK"],
                       [b"OK1460"], [b"O", b"K"]):
            with self.subTest(pieces=pieces):
                result, _ = self.upload(self.taken(*pieces))
                self.assert_result(result, 0, "done")

    def test_digits_are_no_counter(self):
        result, _ = self.upload(self.taken(b"OK", before_end=[b"99999999", b"4294967296"]))
        self.assert_result(result, 0, "done")

    def test_ok_before_the_last_byte(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            device.read(stream, 1460)
            stream.sendall(b"1460OK")
            assert ended_after_all(stream)
        def ended_after_all(stream):
            while True:
                try:
                    if not stream.recv(65536):
                        return True
                except ConnectionError:
                    return True
        big = self.file("big.bin", image(8 << 20))
        self.image = big
        result, _ = self.upload(play, "--force")
        self.assert_result(result, 6, "broken", '"OK"')

    def test_error_text(self):
        result, done = self.upload(self.taken(b"1460ERROR[4]: Not Enough Space\n"))
        self.assert_result(result, 5, "refused", '"ERROR[4]: Not Enough Space"')
        self.assertIn("Not Enough Space", done.stderr)

    def test_error_text_in_pieces(self):
        text = b"ERROR[7]: MD5 Failed: expected:0 calculated:1\r\n"
        result, _ = self.upload(self.taken(b"1460", *[text[i : i + 1] for i in range(len(text))]))
        self.assert_result(result, 5, "refused", '"ERROR[7]: MD5 Failed: expected:0 calculated:1"')

    def test_text_without_a_number_is_an_error_too(self):
        result, _ = self.upload(self.taken(b"Could Not Activate The Firmware\r\n"))
        self.assert_result(result, 5, "refused", '"Could Not Activate The Firmware"')

    def test_end_without_a_word(self):
        result, _ = self.upload(self.taken(b"1460"))
        self.assert_result(result, 6, "unknown", "look at the device")
        result, _ = self.upload(self.taken())
        self.assert_result(result, 6, "unknown")

    def test_an_unknown_result_is_not_tried_again(self):
        with FakeDevice(self.taken(b"1460")) as device:
            done = run("upload", "--host", device.target, "--json", "--retries", "3", self.image)
        self.assert_exit(done, 6)
        self.assertEqual([e["event"] for e in events(done.stdout) if e["event"] == "retry"], [])

    def test_half_an_ok(self):
        result, _ = self.upload(self.taken(b"O"))
        self.assertEqual(result["code"], 5 if result["reason"] == "refused" else 6, result)

    def test_the_word_that_explains_a_reset(self):
        """The error stands in the stream when the reset makes our sending fail."""
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            device.read(stream, 1460)
            stream.sendall(b"1460ERROR[12]: Signature verification failed\n")
            device.read(stream, 1460)  # what it said has arrived before the reset follows
            reset(stream)
        self.image = self.file("big.bin", image(8 << 20))
        result, _ = self.upload(play, "--force")
        self.assert_result(result, 5, "refused", "Signature verification failed")

    def test_reset_in_the_middle(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            device.read(stream, 1460)
            reset(stream)
        self.image = self.file("big.bin", image(8 << 20))
        result, _ = self.upload(play, "--force")
        self.assert_result(result, 6, "broken", "the device keeps the program that it had")
        self.assertLess(result["bytes"], 8 << 20)

    def test_a_broken_transfer_is_tried_again(self):
        def play(device):
            for last in False, True:
                first_port = device.invitation.port if last else None
                invitation = device.invited()
                while last and invitation.port == first_port:  # repeated ones of before
                    invitation = device.invited()
                device.say(b"OK")
                stream = device.connect()
                if last:
                    device.read_image(stream)
                    stream.sendall(b"OK")
                else:
                    device.read(stream, 1460)
                    reset(stream)
        self.image = self.file("big.bin", image(8 << 20))
        with FakeDevice(play) as device:
            done = run("upload", "--host", device.target, "--json", "--force", self.image)
        self.assert_exit(done, 0)
        told = events(done.stdout)
        retry = [event for event in told if event["event"] == "retry"]
        self.assertEqual([(e["code"], e["reason"]) for e in retry], [(6, "broken")])
        self.assertEqual(told[-2]["attempts"], 2)

    def test_a_flood_of_text(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            try:
                for _ in range(1000):
                    stream.sendall(b"no " * 10000)
            except ConnectionError:
                pass
        result, done = self.upload(play)
        self.assert_result(result, 5, "refused", "no no no")
        self.assertLess(len(done.stderr), 4096)

    def test_a_flood_of_digits(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            for _ in range(100):
                stream.sendall(b"1234567890" * 1000)
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play)
        self.assert_result(result, 0, "done")

    def test_digits_buy_no_time(self):
        """A device that takes nothing more and goes on counting, slowly or as a flood."""
        for count, pause in (b"1460", 0.05), (b"1460" * 5000, 0):
            with self.subTest(pause=pause):
                def play(device, count=count, pause=pause):
                    device.invited()
                    device.say(b"OK")
                    stream = device.connect(room=4096)
                    try:
                        while True:
                            stream.sendall(count)
                            time.sleep(pause)  # what a slow talker does
                    except OSError:
                        pass
                result, _ = self.upload(play, "--timeout", "2", image=self.large)
                self.assert_result(result, 6, "broken")

    def test_escape_sequences_are_shown_not_obeyed(self):
        text = b"\x1b]0;owned\x07\x1b[31mERR\r\n\x00\xc2\x9b\xff"
        for play in (self.taken(text), self.refusal(b"ERR: " + text)):
            result, done = self.upload(play, "-v")
            self.assertEqual(result["code"], 5)
            for shown in done.stderr, done.stdout:
                self.assertEqual([c for c in shown if c < " " and c != "\n"], [])
                self.assertNotIn("\x9b", shown)
            self.assertIn("\\x1b]0;owned\\x07", result["message"])

    @staticmethod
    def refusal(text):
        def play(device):
            device.invited()
            device.say(text)
        return play

    def test_refused_by_datagram(self):
        result, _ = self.upload(self.refusal(b"ERR: ERROR[4]: Not Enough Space\n"))
        self.assert_result(result, 5, "refused", "Not Enough Space")
        result, _ = self.upload(self.refusal(b"\x80\x81 ha"))
        self.assert_result(result, 5, "refused", "\\x80\\x81 ha")

    def test_nothing_is_read_into_a_datagram_beyond_its_end(self):
        result, _ = self.upload(self.refusal(b"E" * 60000))
        self.assert_result(result, 5, "refused", "EEE")


class WhoSpeaks(Hostile):
    def test_lost_ok_datagram(self):
        def play(device):
            device.invited()
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play)
        self.assert_result(result, 0, "done")

    def test_a_swallowed_invitation_costs_little(self):
        def play(device):
            device.datagram()
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play)
        self.assert_result(result, 0, "done")
        self.assertLess(result["seconds"], 8)  # two and a quarter, on a machine that is free

    def test_second_connection(self):
        """Closed at once, and reported; the first one goes on."""
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read(stream, 1460)
            assert device.rejected()
            device.read(stream, device.invitation.size - 1460)
            stream.sendall(b"OK")
        result, done = self.upload(play)
        self.assert_result(result, 0, "done")
        self.assertIn("127.0.0.1", self.warnings(done))

    @staticmethod
    def warnings(done):
        return "\n".join(line for line in done.stderr.splitlines() if "warning:" in line)

    def test_connection_from_an_uninvited_address(self):
        def play(device):
            device.invited()
            assert device.rejected("127.0.0.99")
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        result, done = self.upload(play)
        self.assert_result(result, 0, "done")
        self.assertIn("127.0.0.99", self.warnings(done))

    def test_peer(self):
        """--peer is where the call-back comes from; from the invited address it does not then."""
        def play(device):
            device.invited()
            device.say(b"OK")
            assert device.rejected()
            stream = device.connect(source="127.0.0.77")
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play, "--peer", "127.0.0.77")
        self.assert_result(result, 0, "done")

    def test_datagrams_of_strangers_count_for_nothing(self):
        def play(device):
            device.invited()
            for address in "127.0.0.1", "127.0.0.98":  # another port, another address
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.bind((address, 0))
                    device.say(b"ERR: go away", stranger)
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play)
        self.assert_result(result, 0, "done")

    def test_no_callback(self):
        port = []

        def play(device):
            port.append(device.invited().port)
            device.say(b"OK")
        result, _ = self.upload(play, "--timeout", "0.5")
        self.assert_result(result, 3, "no-callback", str(port[0]))

    def test_callback_of_a_device_that_is_over(self):
        """A late caller never gets the image that is meant for somebody else."""
        def play(device):
            device.invited()
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        with FakeDevice(play) as first:
            with Process(espota_c(), "upload", "--json", "--host", first.target, "--wait-online",
                         "1", self.image) as upload:
                upload.wait_event("result")
                try:
                    with socket.create_connection(("127.0.0.1", first.invitation.port)) as late:
                        self.assertTrue(ended(late))
                except ConnectionError:
                    pass  # nobody listens any more: as good
                upload.wait()


class Challenge(Hostile):
    def answered(self, password, digits, *, accept=True, hashes=None):
        def play(device):
            device.invited()
            right = device.challenge(password, digits)
            assert right == accept, right
            device.say(b"OK" if right else b"Authentication Failed")
            if right:
                stream = device.connect()
                device.read_image(stream)
                stream.sendall(b"OK")
        return play

    def test_md5_and_pbkdf2(self):
        for digits in 32, 64:
            with self.subTest(digits=digits):
                result, _ = self.upload(self.answered("geheim", digits), "--auth", "geheim")
                self.assert_result(result, 0, "done")

    def test_the_md5_form_is_tried_after_a_refusal(self):
        def play(device):
            device.invited()
            assert device.challenge("geheim", 64)  # the first form, which this device does not have
            device.say(b"Authentication Failed")
            device.invited()
            assert device.challenge("geheim", 64)
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")
        result, _ = self.upload(play, "--auth", "geheim")
        self.assert_result(result, 0, "done")

    def test_a_flood_of_challenges(self):
        """Each would cost a PBKDF2; for one invitation there is one answer."""
        answers = []

        def play(device):
            device.invited()
            for i in range(300):
                device.say(b"AUTH " + b"%064d" % i)
            device.udp.settimeout(3)
            try:
                while True:
                    answers.append(device.datagram())
            except TimeoutError:
                pass
        self.upload(play, "--auth", "geheim", "--timeout", "2")
        self.assertEqual([a[:4] for a in answers if a.startswith(b"200 ")], [b"200 "])

    def test_odd_challenges(self):
        for text in (b"AUTH ", b"AUTH 12", b"AUTH " + b"x" * 32, b"AUTH " + b"0" * 33,
                     b"AUTH " + b"0" * 2000, b"AUTH \x1b[31m"):
            with self.subTest(text=text):
                def play(device, text=text):
                    device.invited()
                    device.say(text)
                result, done = self.upload(play, "--auth", "geheim", "--timeout", "1")
                self.assertIn(result["code"], (3, 4, 5), result)
                self.assertNotIn("\x1b", done.stderr)


if __name__ == "__main__":
    espota_test.main()
