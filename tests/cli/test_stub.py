# SPDX-License-Identifier: MIT
"""espota-stub from outside: a host that speaks PROTOCOL step by step, and what is on the flash."""

import fcntl
import os
import pathlib
import signal
import socket
import struct
import termios
import time
import unittest

import espota_test
from espota_host import Host, StubCase, md5, response, wait_for
from espota_test import Process, Stub, espota_stub, run_program
from images import boot_record, crc32_mpeg2, esp8266_image

SECTOR = 4096
FS_START, FS_END = 0x200000, 0x3FA000
PASSWORD = "open sesame"


def rounded(size):
    return -(-size // SECTOR) * SECTOR


def staging(size):
    return FS_START - rounded(size)


class Upload(StubCase):
    def test_to_the_flash_and_started(self):
        image = esp8266_image()
        stub = self.stub("--flash", self.flash, "--uploads", "1")
        said = self.host(stub).upload(image)
        self.assertTrue(said.endswith(b"OK"), said)
        self.assertRegex(said[:-2], rb"^[0-9]+$")
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(stub.wait(), 0)
        self.assertEqual((boot["ok"], boot["problems"], boot["md5"], boot["bytes"]),
                         (True, [], md5(image), len(image)))
        self.assertEqual((boot["source"], boot["target"], boot["size"]),
                         (staging(len(image)), 0, len(image)))
        flash = self.flash.read_bytes()
        self.assertEqual(len(flash), 4 << 20)
        tail = b"\xff" * (rounded(len(image)) - len(image))
        self.assertEqual(flash[:rounded(len(image))], image + tail)
        self.assertEqual(flash[staging(len(image)):FS_START], image + tail)
        self.assertEqual(flash.count(0xFF, FS_START), len(flash) - FS_START)

    def test_events_in_order(self):
        image = esp8266_image()
        stub = self.stub("--uploads", "1", "--password", PASSWORD)
        self.host(stub).upload(image, PASSWORD)
        self.assertEqual(stub.wait(), 0)
        seen = stub.events()
        names = [event["event"] for event in seen]
        progress = [event["bytes"] for event in seen if event["event"] == "progress"]
        order = list(dict.fromkeys(names))
        self.assertEqual(order, ["ready", "invited", "auth", "start", "progress", "end", "boot"])
        self.assertEqual((progress[0], progress[-1]), (0, len(image)))
        self.assertEqual(progress, sorted(progress))
        self.assertLessEqual(len(progress), 102)
        for event in seen:
            self.assertEqual(event["device"], 0)
        self.assertEqual(seen[1]["size"], len(image))
        self.assertEqual(seen[1]["command"], "flash")
        self.assertNotIn(PASSWORD, "".join(stub.out.lines + stub.err.lines))

    def test_counts_add_up_in_lock_step(self):
        image = esp8266_image(0x4000)
        stub = self.stub()
        with self.host(stub) as host:
            host.invite(image)
            self.assertEqual(host.reply(), "OK")
            host.accept()
            for at in range(0, len(image), 1460):
                piece = image[at:at + 1460]
                host.peer.sendall(piece)
                count = b"%d" % len(piece)
                self.assertEqual(host.take(len(count)), count)
            self.assertEqual(host.read(), b"OK")

    def test_twice_on_one_device(self):
        first, second = esp8266_image(seed=1), esp8266_image(seed=5)
        stub = self.stub("--flash", self.flash)
        for image in (first, second):
            self.host(stub).upload(image)
            self.assertEqual(stub.wait_event("boot", copied=True)["md5"], md5(image))

    def test_split_anywhere(self):
        image = esp8266_image(0x2000)
        stub = self.stub()
        with self.host(stub) as host:
            host.invite(image)
            self.assertEqual(host.reply(), "OK")
            host.accept().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(image), 97):
                host.peer.send(image[at:at + 97])
            self.assertTrue(host.read().endswith(b"OK"))
        self.assertEqual(stub.wait_event("boot")["md5"], md5(image))

    def test_filesystem_in_place(self):
        data = os.urandom(3 * SECTOR)
        stub = self.stub("--flash", self.flash, "--uploads", "1")
        self.assertTrue(self.host(stub).upload(data, command=100).endswith(b"OK"))
        self.assertEqual(stub.wait(), 0)
        self.assertEqual(stub.events()[-1]["copied"], False)
        self.assertEqual(self.flash.read_bytes()[FS_START:FS_START + len(data)], data)

    def test_filesystem_staged(self):
        data = os.urandom(3 * SECTOR)
        stub = self.stub("--flash", self.flash, "--uploads", "1", "--atomic-fs")
        self.assertTrue(self.host(stub).upload(data, command=100).endswith(b"OK"))
        self.assertEqual(stub.wait(), 0)
        boot = stub.events()[-1]
        self.assertEqual((boot["copied"], boot["source"], boot["target"]),
                         (True, staging(len(data)), FS_START))
        flash = self.flash.read_bytes()
        self.assertEqual(flash[FS_START:FS_START + len(data)], data)
        self.assertEqual(flash[staging(len(data)):FS_START], data)

    def test_over_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError as error:
            self.skipTest(f"no IPv6 here: {error}")
        image = esp8266_image()
        stub = self.stub(bind="::1")
        self.assertTrue(self.host(stub).upload(image).endswith(b"OK"))
        self.assertEqual(stub.wait_event("invited")["peer"].split("]")[0], "[::1")

    def test_the_waits_of_a_real_device(self):
        image = esp8266_image(0x2000)
        stub = Stub("--uploads", "1")
        self.addCleanup(stub.close)
        with self.host(stub) as host:
            invited = time.monotonic()
            host.invite(image)
            self.assertEqual(host.reply(), "OK")
            host.accept().sendall(image)
            self.assertGreaterEqual(time.monotonic() - invited, 0.099)  # it counts in ms
            sent = time.monotonic()
            host.read(until=b"OK")
            self.assertGreaterEqual(time.monotonic() - sent, 0.999)
            self.assertTrue(host.read().endswith(b"OK"))
            self.assertGreaterEqual(time.monotonic() - sent, 1.998)
        self.assertEqual(stub.wait(), 0)


class Password(StubCase):
    def refused(self, host):
        self.assertEqual(host.reply(), "Authentication Failed")

    def test_both_schemes(self):
        for method, digits in (("md5", 32), ("sha256", 64)):
            with self.subTest(method=method):
                stub = self.stub("--password", PASSWORD, "--auth-method", method)
                with self.host(stub) as host:
                    nonce = host.challenge(b"\xe9" * 64)
                    self.assertRegex(nonce, f"^[0-9a-f]{{{digits}}}$")
                    host.answer(nonce, PASSWORD)
                    self.assertEqual(host.reply(), "OK")

    def test_from_a_file(self):
        path = self.file("password", PASSWORD + "\n")
        stub = self.stub("--password-file", path)
        self.assertTrue(self.host(stub).upload(esp8266_image(), PASSWORD).endswith(b"OK"))

    def test_an_empty_one_is_one(self):
        stub = self.stub("--password", "")
        self.assertTrue(self.host(stub).upload(esp8266_image(), "").endswith(b"OK"))

    def test_wrong(self):
        for method in ("md5", "sha256"):
            with self.subTest(method=method):
                stub = self.stub("--password", PASSWORD, "--auth-method", method)
                host = self.host(stub)
                host.answer(host.challenge(b"\xe9" * 64), "wrong")
                self.refused(host)
                error = stub.wait_event("error")
                self.assertEqual((error["step"], error["message"]),
                                 ("auth", "Authentication Failed"))
                host.answer(host.challenge(b"\xe9" * 64), PASSWORD)  # a device is not locked
                self.assertEqual(host.reply(), "OK")

    def test_upper_case_is_wrong(self):
        stub = self.stub("--password", PASSWORD)
        host = self.host(stub)
        nonce = host.challenge(b"\xe9" * 64)
        host.send(f"200 {'c' * 32} {response(PASSWORD, nonce, 'c' * 32).upper()}\n")
        self.refused(host)

    def test_swallowed_invitation(self):
        """A second invitation resets the device and is not answered; the third one is."""
        stub = self.stub("--password", PASSWORD)
        host = self.host(stub)
        image = esp8266_image()
        first = host.challenge(image)
        host.invite(image)
        third = host.challenge(image)  # the reply to it is the next there is
        self.assertNotEqual(first, third)
        host.answer(third, PASSWORD)
        self.assertEqual(host.reply(), "OK")

    def test_stale_challenge(self):
        stub = self.stub("--password", PASSWORD)
        host = self.host(stub)
        image = esp8266_image()
        stale = host.challenge(image)
        host.invite(image)
        host.challenge(image)
        host.answer(stale, PASSWORD)
        self.refused(host)

    def test_an_answer_counts_once(self):
        stub = self.stub("--password", PASSWORD, "--fs-start", "0x2000")
        host = self.host(stub)
        nonce = host.challenge(bytes(SECTOR * 4))
        host.answer(nonce, PASSWORD)
        self.assertRegex(host.reply(), r"^ERR: ERROR\[4\]")
        host.answer(nonce, PASSWORD)  # an idle device: no invitation
        self.assertNotEqual(host.challenge(b"\xe9"), nonce)

    def test_malformed_answers_reset(self):
        stub = self.stub("--password", PASSWORD)
        host = self.host(stub)
        for text in ("200 short short\n", "200\n", "0 1 2\n", "\0", "200 " + "c" * 32 + "\n",
                     f"200 {'c' * 33} {'d' * 32}\n"):
            with self.subTest(text=text):
                host.challenge(b"\xe9")
                host.send(text)  # no reply: the next one is that of the next invitation

    def test_somebody_else_answers(self):
        """An answer from another address is none, and the inviter's still counts."""
        image = esp8266_image()
        stub = self.stub("--password", PASSWORD)
        host, stranger = self.host(stub), self.host(stub, source="127.0.0.2")
        nonce = host.challenge(image)
        stranger.answer(nonce, PASSWORD)
        stranger.send("0 1 2\n")  # nor does it reset
        stranger.invite(image)
        host.answer(nonce, PASSWORD)
        self.assertEqual(host.reply(), "OK")
        stranger.udp.setblocking(False)
        self.assertRaises(BlockingIOError, stranger.udp.recv, 1)

    def test_somebody_else_answers_the_original(self):
        image = esp8266_image()
        stub = self.stub("--password", PASSWORD, "--quirks")
        host, stranger = self.host(stub), self.host(stub, source="127.0.0.2")
        stranger.answer(host.challenge(image), PASSWORD)
        self.assertEqual(host.reply(), "OK")  # to the inviter, whoever answered
        host.accept().sendall(image)
        self.assertTrue(host.read().endswith(b"OK"))

    def test_nowhere_to_be_seen(self):
        path = self.file("password", PASSWORD)
        for how in (("--password", PASSWORD), (f"--password={PASSWORD}",),
                    ("--password-file", path)):
            with self.subTest(how=how):
                stub = self.stub(*how, "-v")
                cmdline = pathlib.Path(f"/proc/{stub.pid}/cmdline").read_bytes()
                self.assertNotIn(PASSWORD.encode(), cmdline)
                self.host(stub).upload(esp8266_image(), PASSWORD)
                stub.wait_event("boot")
                stub.signal(signal.SIGTERM)
                stub.wait()
                text = "\n".join(stub.out.lines + stub.err.lines)
                self.assertNotIn(PASSWORD, text)
                self.assertNotIn(md5(PASSWORD.encode()), text)


class Refusals(StubCase):
    def flash_is(self, content):
        self.assertEqual(self.flash.read_bytes(), content)

    def test_no_space(self):
        stub = self.stub("--flash", self.flash)
        host = self.host(stub)
        host.invite(b"", size=FS_START + 1, digest="0" * 32)
        self.assertEqual(host.reply(), "ERR: ERROR[4]: Not Enough Space\n")
        error = stub.wait_event("error")
        self.assertEqual((error["step"], error["error"], error["message"]),
                         ("begin", 4, "ERROR[4]: Not Enough Space"))
        self.flash_is(b"\xff" * (4 << 20))

    def test_no_space_beside_the_program(self):
        """The image must fit between the program that runs and the file system."""
        stub = self.stub("--flash-size", "256k", "--fs-start", "0x18000")
        image = esp8266_image(0x8000, size_frequency=0x10)
        self.host(stub).upload(image)
        stub.wait_event("boot", ok=True)
        host = self.host(stub)
        room = 0x18000 - rounded(len(image))
        host.invite(b"", size=room + 1, digest="0" * 32)
        self.assertEqual(host.reply(), "ERR: ERROR[4]: Not Enough Space\n")
        host.invite(b"", size=room, digest="0" * 32)
        self.assertEqual(host.reply(), "OK")

    def test_size_zero(self):
        host = self.host(self.stub())
        host.invite(b"")
        self.assertEqual(host.reply(), "ERR: ERROR[5]: Bad Size Given\n")

    def test_filesystem_too_large(self):
        host = self.host(self.stub())
        host.invite(b"", command=100, size=FS_END - FS_START + 1, digest="0" * 32)
        self.assertRegex(host.reply(), r"^ERR: ERROR\[[45]\]: .*\n$")

    def test_what_is_no_invitation(self):
        stub = self.stub()
        host = self.host(stub)
        for text in ("", "\n", "7 1 2 " + "0" * 32, "0 1 2 " + "0" * 31, "0 1 2 " + "0" * 33,
                     "200 a b\n", "\xff" * 300, "0 " * 500):
            host.send(text.encode("latin-1"))
        host.invite(esp8266_image())
        self.assertEqual(host.reply(), "OK")  # the first reply, and to this one

    def test_bad_magic_at_the_end(self):
        stub = self.stub("--flash", self.flash)
        data = b"\x7fELF" + os.urandom(10000)
        said = self.host(stub).upload(data)
        self.assertTrue(said.endswith(b"ERROR[10]: Magic byte is not 0xE9\n"), said)
        error = stub.wait_event("error")
        self.assertEqual((error["step"], error["error"]), ("end", 10))
        self.assertEqual(self.flash.read_bytes()[:SECTOR], b"\xff" * SECTOR)
        self.assertEqual((self.dir / "flash.bin.rtc").read_bytes(), bytes(128))

    def test_wrong_md5(self):
        stub = self.stub()
        image = esp8266_image()
        said = self.host(stub).upload(image, digest="0" * 32)
        self.assertTrue(said.endswith(b"ERROR[7]: MD5 verification failed: expected: %s, "
                                      b"calculated: %s\n" % (b"0" * 32, md5(image).encode())), said)
        self.assertEqual(stub.wait_event("error")["error"], 7)

    def test_hostile_md5_is_escaped(self):
        stub = self.stub()
        self.host(stub).upload(esp8266_image(), digest="\x1b[31m" + "0" * 27)
        self.assertIn("\\x1b[31m", stub.wait_event("error")["message"])

    def test_the_host_hangs_up(self):
        stub = self.stub("--flash", self.flash)
        image = esp8266_image()
        host = self.host(stub)
        host.invite(image)
        self.assertEqual(host.reply(), "OK")
        host.accept().sendall(image[:9000])
        host.read(until=b"8")
        host.close()
        error = stub.wait_event("error")
        self.assertEqual(error["step"], "end")
        self.assertTrue(self.host(stub).upload(image).endswith(b"OK"))  # and it is ready again

    def test_nobody_listens(self):
        stub = self.stub()
        host = self.host(stub)
        host.listener.close()
        host.send(f"0 1 4096 {'0' * 32}\n")
        self.assertEqual(host.reply(), "OK")
        self.assertEqual(stub.wait_event("error")["step"], "connect")

    def test_more_than_was_said(self):
        """Bytes behind the image's end are dropped."""
        stub = self.stub("--flash", self.flash)
        image = esp8266_image()
        host = self.host(stub)
        host.invite(image)
        self.assertEqual(host.reply(), "OK")
        host.accept().sendall(image + b"more")
        stub.wait_event("boot", copied=True, md5=md5(image))

    def test_failed_ones_do_not_count(self):
        stub = self.stub("--uploads", "2")
        image = esp8266_image()
        self.host(stub).upload(image)
        stub.wait_event("boot", copied=True)
        self.host(stub).upload(image, digest="0" * 32)
        stub.wait_event("error")
        self.host(stub).upload(image)
        self.assertEqual(stub.wait(), 0)
        self.assertEqual([e["event"] for e in stub.events()].count("end"), 2)


class Boot(StubCase):
    def put_flash(self, *pieces):
        """A flash file with (offset, bytes) on it."""
        flash = bytearray(b"\xff" * (4 << 20))
        for at, data in pieces:
            flash[at:at + len(data)] = data
        self.flash.write_bytes(flash)

    @property
    def rtc(self):
        return self.dir / "flash.bin.rtc"

    def test_nothing_there(self):
        boot, code = self.boot()
        self.assertEqual(code, 7)
        self.assertEqual((boot["ok"], boot["copied"]), (False, False))
        self.assertEqual(boot["problems"], ["the flash is erased"])

    def test_a_program(self):
        image = esp8266_image()
        self.put_flash((0, image))
        boot, code = self.boot()
        self.assertEqual(code, 0)
        self.assertEqual((boot["ok"], boot["kind"], boot["bytes"], boot["md5"], boot["entry"]),
                         (True, "esp8266", len(image), md5(image), 0x40100004))

    def test_in_words(self):
        image = esp8266_image()
        self.put_flash((0, image))
        done = run_program(espota_stub(), "--boot", "--flash", self.flash)
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn(f"starts the program at 0x40100004, {len(image)} bytes, MD5 {md5(image)}",
                      done.stderr)

    def test_a_pending_copy(self):
        """Reset, not loss of power, between upload and boot: the loader finishes the job."""
        old, new = esp8266_image(seed=1), esp8266_image(0x9000, seed=9)
        self.put_flash((0, old), (0x100000, new))
        self.rtc.write_bytes(boot_record(0x100000, 0, len(new)))
        boot, code = self.boot()
        self.assertEqual(code, 0)
        self.assertEqual((boot["copied"], boot["result"], boot["md5"]), (True, 0, md5(new)))
        boot, code = self.boot()  # once is enough
        self.assertEqual((boot["copied"], boot["md5"], code), (False, md5(new), 0))

    def test_power_is_lost_before_the_copy(self):
        old, new = esp8266_image(seed=1), esp8266_image(0x9000, seed=9)
        self.put_flash((0, old), (0x100000, new))
        self.rtc.write_bytes(boot_record(0x100000, 0, len(new)))
        self.rtc.unlink()
        boot, code = self.boot()
        self.assertEqual((boot["copied"], boot["md5"], code), (False, md5(old), 0))

    def test_a_damaged_command_is_none(self):
        old = esp8266_image()
        self.put_flash((0, old))
        record = bytearray(boot_record(0x100000, 0, 4096))
        record[9] ^= 1
        self.rtc.write_bytes(record)
        self.assertEqual(self.boot()[0]["copied"], False)

    def test_a_command_that_fails(self):
        """An unaligned source is the loader's error 1; after the reset the old program starts."""
        old = esp8266_image()
        self.put_flash((0, old))
        self.rtc.write_bytes(boot_record(0x100001, 0, 4096))
        boot, code = self.boot()
        self.assertEqual((boot["copied"], boot["result"], boot["ok"], boot["md5"], code),
                         (True, 1, True, md5(old), 0))
        self.assertEqual(self.boot()[0]["copied"], False)

    def test_not_while_a_device_runs(self):
        stub = self.stub("--flash", self.flash)
        done = run_program(espota_stub(), "--boot", "--flash", self.flash)
        self.assert_one_line(done, 8, self.flash, "in use")
        stub.close()
        self.assertEqual(self.boot()[1], 7)

    def test_power_cut_while_an_upload_runs(self):
        old, new = esp8266_image(seed=1), esp8266_image(0x40000, seed=9)
        stub = self.stub("--flash", self.flash)
        self.host(stub).upload(old)
        stub.wait_event("boot", copied=True)
        host = self.host(stub)
        host.invite(new)
        self.assertEqual(host.reply(), "OK")
        host.accept().sendall(new[:0x20000])
        wait_for(lambda: any(e["event"] == "progress" and e["bytes"] >= 0x10000
                             for e in stub.events()))
        stub.signal(signal.SIGKILL)
        stub.wait()
        self.assertEqual(self.flash.read_bytes()[:len(old)], old)
        boot, code = self.boot()
        self.assertEqual((boot["copied"], boot["md5"], code), (False, md5(old), 0))
        stub = self.stub("--flash", self.flash)  # and the next upload goes well
        self.host(stub).upload(new)
        self.assertEqual(stub.wait_event("boot", copied=True)["md5"], md5(new))

    def test_the_flash_mode_of_the_running_program(self):
        """A device writes its own mode into byte 2 of an image (PROTOCOL 5.3)."""
        stub = self.stub("--flash", self.flash)
        self.host(stub).upload(esp8266_image(mode=3))
        stub.wait_event("boot", copied=True)
        image = esp8266_image(mode=0, seed=7)
        self.assertTrue(self.host(stub).upload(image).endswith(b"OK"))
        boot = stub.wait_event("boot", copied=True)
        self.assertEqual(self.flash.read_bytes()[:4], image[:2] + b"\x03" + image[3:4])
        self.assertTrue(boot["ok"])
        self.assertEqual(len(boot["problems"]), 1)  # the CRC, which nobody looks at


class Fleet(StubCase):
    def fleet(self, count, *argv):
        process = Process(espota_stub(), "--count", count, "--port", "0", "--fast", "--json",
                          *argv)
        self.addCleanup(process.close)
        process.port = process.wait_event("ready")["port"]
        return process

    def test_addresses_and_chips_of_their_own(self):
        fleet = self.fleet(3, "--flash", self.flash, "--uploads", "2")
        images = {k: esp8266_image(seed=20 + k) for k in (0, 2)}
        for k, image in images.items():
            with Host(f"127.1.0.{1 + k}", fleet.port) as host:
                self.assertTrue(host.upload(image).endswith(b"OK"))
        self.assertEqual(fleet.wait(), 0)
        for k in range(3):
            content = pathlib.Path(f"{self.flash}.{k}").read_bytes()
            want = images.get(k, b"\xff" * SECTOR)
            self.assertEqual(content[:len(want)], want)
        ended = {e["device"]: e["address"] for e in fleet.events() if e["event"] == "end"}
        self.assertEqual(ended, {0: "127.1.0.1", 2: "127.1.0.3"})

    def test_a_thousand(self):
        fleet = self.fleet(1000)
        self.assertEqual(fleet.seen[-1]["count"], 1000)
        image = esp8266_image()
        for address in ("127.1.0.1", "127.1.0.250", "127.1.1.1", "127.1.3.250"):
            with Host(address, fleet.port) as host:
                self.assertTrue(host.upload(image).endswith(b"OK"))
        with Host("127.1.4.1", fleet.port) as host:
            host.udp.connect(host.device)
            host.udp.send(b"0")
            self.assertRaises(ConnectionRefusedError, host.udp.recv, 1)

    def test_two_fleets_side_by_side(self):
        self.assertNotEqual(self.fleet(50).port, self.fleet(50).port)

    def test_too_many_for_the_open_files(self):
        command = 'ulimit -n 64; exec "$0" --count 100 --port 0'
        done = run_program("/bin/sh", "-c", command, espota_stub())
        self.assert_one_line(done, 8, "100 devices", "open files", "ulimit")


class Slowness(StubCase):
    def started(self, stub, size):
        """A connection on which the device waits for `size` bytes."""
        host = self.host(stub)
        host.invite(b"", size=size, digest="0" * 32)
        self.assertEqual(host.reply(), "OK")
        return host.accept()

    def taken(self, peer):
        """How much the device's TCP takes while the device itself takes next to nothing."""
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        peer.setblocking(False)
        sent = 0
        try:
            while True:
                sent += peer.send(bytes(1 << 16))
        except BlockingIOError:
            pass

        def unacknowledged():
            answer = fcntl.ioctl(peer, termios.TIOCOUTQ, struct.pack("i", 0))
            return struct.unpack("i", answer)[0]

        last, since = sent, time.monotonic()
        while time.monotonic() - since < 0.5:
            if unacknowledged() != last:
                last, since = unacknowledged(), time.monotonic()
            time.sleep(0.01)
        return sent - last

    def test_a_small_window(self):
        wide = self.taken(self.started(self.stub("--rate", "1"), 1 << 20))
        narrow = self.taken(self.started(self.stub("--rate", "1", "--tcp-window", "5840"), 1 << 20))
        self.assertGreater(wide, 30000)
        self.assertGreater(narrow, 2000)
        self.assertLess(narrow, 2 * 5840)

    def test_the_window_does_not_grow(self):
        """What the device announces throughout an upload in small packets."""
        image = esp8266_image(0x40000)
        stub = self.stub("--tcp-window", "5840")
        host = self.host(stub)
        host.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        host.invite(image)
        self.assertEqual(host.reply(), "OK")
        windows = set()
        host.accept()
        for at in range(0, len(image), 4096):
            host.peer.sendall(image[at:at + 4096])
            host.take(1)  # it has read what came, so its buffer is as empty as it gets
            info = host.peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
            windows.add(struct.unpack_from("I", info, 228)[0])  # tcpi_snd_wnd
        self.assertTrue(host.read().endswith(b"OK"))
        self.assertLessEqual(max(windows), 5840)
        self.assertGreater(max(windows), 1460)

    def test_a_rate(self):
        image = esp8266_image(0x10000)
        stub = self.stub("--rate", "64k")
        host = self.host(stub)
        start = time.monotonic()
        self.assertTrue(host.upload(image).endswith(b"OK"))
        self.assertGreaterEqual(time.monotonic() - start, 0.95 * len(image) / 65536)

    def test_late_words(self):
        image = esp8266_image(0x4000)
        stub = self.stub("--ack-delay", "400", "--uploads", "1")
        host = self.host(stub)
        host.invite(image)
        self.assertEqual(host.reply(), "OK")
        start = time.monotonic()
        host.accept().sendall(image)
        said = host.peer.recv(32)
        self.assertGreaterEqual(time.monotonic() - start, 0.399)
        self.assertTrue((said + host.read()).endswith(b"OK"))  # nothing is lost by the close
        self.assertEqual(stub.wait(), 0)

    def test_late_words_in_lock_step(self):
        """What is due leaves although the device has nothing more to say, and meanwhile it rests."""
        image = esp8266_image(0x4000)
        stub = self.stub("--ack-delay", "300")
        host = self.host(stub)
        host.invite(image)
        self.assertEqual(host.reply(), "OK")
        host.accept()
        for at in (0, 1460, 2920):
            start = time.monotonic()
            host.peer.sendall(image[at:at + 1460])
            self.assertEqual(host.take(4), b"1460")
            self.assertGreaterEqual(time.monotonic() - start, 0.299)
        times = pathlib.Path(f"/proc/{stub.pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.assertLess((int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"), 0.5)

    def test_late_words_of_a_failure(self):
        stub = self.stub("--ack-delay", "300")
        said = self.host(stub).upload(b"\x00" * 9000)
        self.assertTrue(said.endswith(b"ERROR[10]: Magic byte is not 0xE9\n"), said)


class AsAProcess(StubCase):
    def test_signals_are_the_normal_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                stub = self.stub("--flash", self.flash)
                host = self.host(stub)
                host.invite(b"", size=100000, digest="0" * 32)
                self.assertEqual(host.reply(), "OK")
                host.accept().sendall(bytes(50000))
                stub.wait_event("progress", bytes=0)
                stub.signal(number)
                self.assertEqual(stub.wait(), 0)
                self.assertEqual(stub.err.lines, [])

    def test_words_for_people(self):
        image = esp8266_image()
        process = espota_test.start([espota_stub(), "--bind", "127.0.0.1", "--port", "0", "--fast",
                                     "--uploads", "1", "--hostname", "pump"])
        self.addCleanup(process.wait)
        line = process.stderr.readline().decode()
        self.assertRegex(line, r"^pump listens on 127\.0\.0\.1:\d+ \(UDP\)\n$")
        with Host("127.0.0.1", int(line.split(":")[1].split()[0])) as host:
            host.upload(image)
        out, err = process.communicate(timeout=espota_test.TIMEOUT)
        self.assertEqual((process.returncode, out), (0, b""))
        self.assertIn(f"Updated: {len(image)} bytes", err.decode())
        self.assertIn(f"MD5 {md5(image)}", err.decode())

    def test_bad_usage(self):
        for argv, words in (
                (("--port", "65536"), ("port", "65535")),
                (("--count", "0"), ("count",)),
                (("--count", "2", "--bind", "127.0.0.1"), ("--bind", "--count")),
                (("--boot",), ("--flash",)),
                (("--password", "a", "--password-file", "b"), ("--password-file",)),
                (("--auth-method", "sha1"), ("md5", "sha256")),
                (("--bind", "elsewhere"), ("elsewhere",)),
                (("--flash-size", "130k"), ("133120", "4096")),
                (("--fs-start", "0x3ff000"), ("0x3ff000", "0x3fb000")),
                (("--tcp-window", "100"), ("tcp-window",)),
                (("--uploads", "0"), ("uploads",)),
                (("--hostname", ""), ("hostname",)),
                (("stray",), ("stray",))):
            with self.subTest(argv=argv):
                done = run_program(espota_stub(), *argv)
                self.assert_exit(done, 2)
                first = done.stderr.splitlines()[0]
                for word in words:
                    self.assertIn(word, first)
                self.assertNotIn("\n\n", done.stderr)

    def test_what_this_machine_lacks(self):
        taken = self.stub()
        done = run_program(espota_stub(), "--bind", "127.0.0.1", "--port", taken.port)
        self.assert_one_line(done, 8, f"127.0.0.1:{taken.port}", "in use")
        done = run_program(espota_stub(), "--bind", "192.0.2.1", "--port", "0")
        self.assert_one_line(done, 8, "192.0.2.1", "no address of this machine")
        done = run_program(espota_stub(), "--port", "0", "--password-file", self.dir / "none")
        self.assert_one_line(done, 8, self.dir / "none")
        done = run_program(espota_stub(), "--port", "0", "--flash", self.dir / "none" / "flash")
        self.assert_one_line(done, 8, self.dir / "none" / "flash", "No such file")
        odd = self.file("odd", b"x" * 1000)
        done = run_program(espota_stub(), "--port", "0", "--flash", odd)
        self.assert_one_line(done, 8, odd, "1000 bytes")
        self.assertEqual(odd.read_bytes(), b"x" * 1000)

    def test_a_smaller_chip(self):
        self.stub("--flash", self.flash, "--flash-size", "1M").close()
        self.assertEqual(self.flash.stat().st_size, 1 << 20)
        self.stub("--flash", self.flash).close()  # knows its size by itself
        done = run_program(espota_stub(), "--port", "0", "--flash", self.flash, "--flash-size",
                           "2M")
        self.assert_one_line(done, 8, "1048576", "2097152")

    def test_help_names_every_option(self):
        done = run_program(espota_stub(), "--help")
        self.assert_exit(done, 0)
        for name in ("port bind password-file password auth-method hostname flash flash-size "
                     "fs-start atomic-fs layout count uploads rate tcp-window ack-delay fast quirks boot "
                     "json").split():
            self.assertIn(f"--{name}", done.stdout)


class Support(unittest.TestCase):
    def test_vectors(self):
        """The helpers of these tests against PROTOCOL 1.10 and 5.7."""
        self.assertEqual(crc32_mpeg2(b"123456789"), 0x0376E6E7)
        self.assertEqual(boot_record(0x100000, 0, 0x40000)[-4:], bytes.fromhex("a7b7954e"))
        self.assertEqual(response("123", "25d55ad283aa400af464c76d713c07ad",
                                  "dee17cc7bf9c5e02a37a108bf055956f"),
                         "d287e17f8b5960d9b3a18b0bd9103301")
        self.assertEqual(response("a-real-password", "ab" * 32, "cd" * 32),
                         "4d63ba8b1efa8949a0c5caefe7e8bc77db582e5531bdf2667c663394b4551b93")


if __name__ == "__main__":
    espota_test.main()
