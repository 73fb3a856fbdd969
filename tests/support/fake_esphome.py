# SPDX-License-Identifier: MIT
"""An ESPHome device played byte by byte, for behaviour that no honest device shows.

It follows the order of the device's own protocol (components/esphome/ota of ESPHome 2026.10.0) and
knows no encryption; espota-stub does. `said` names what is answered at each step in place of the
usual bytes: None closes there without a word.
"""

import hashlib
import socket
import struct
import threading

from fake_device import LIMIT, reset

MAGIC = bytes.fromhex("6c26f75c45")
STEPS = ("hello", "features", "auth", "answer", "prepared", "md5", "received", "installed")
CHUNK = 8192


class FakeEsphome:
    """`times`: so many connections are served. `counts`: it tells each chunk, as version 2 does;
    "late": all of them behind the last byte. `after`: of the image's bytes the connection breaks."""

    def __init__(self, said=None, times=1, features=b"\x48\x00", password=None, counts=True,
                 after=None, piece=4096, hold=None):
        self.said = said or {}
        self.features, self.password, self.counts = features, password, counts
        self.after, self.piece, self.times, self.hold = after, piece, times, hold
        self.served = 0
        self.image = b""
        self.thanked = False
        self.failure = None
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # a small device
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.listener.settimeout(LIMIT)
        self.target = f"esphome://127.0.0.1:{self.listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.listener.close()
        self._thread.join(LIMIT)
        if kind is None and self.failure is not None:
            raise self.failure

    def _run(self):
        try:
            while self.served < self.times:
                connection, _ = self.listener.accept()
                self.served += 1
                connection.settimeout(LIMIT)
                with connection:
                    self._serve(connection)
        except OSError as failure:
            if self.listener.fileno() >= 0:
                self.failure = failure
        except BaseException as failure:  # told to the test when the block ends
            self.failure = failure

    def _read(self, connection, length):
        data = b""
        while len(data) < length:
            more = connection.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _say(self, connection, step, usual):
        words = self.said.get(step, usual)
        if words is None:
            raise EOFError
        connection.sendall(words)
        if words != usual:
            raise EOFError

    def _serve(self, connection):
        try:
            self._dialogue(connection)
        except EOFError:
            # what lies unread would turn the end into a reset that takes the last word with it
            try:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
        except ConnectionError:
            pass

    def _dialogue(self, connection):
        assert self._read(connection, 5) == MAGIC
        self._say(connection, "hello", b"\x00\x02" if self.counts else b"\x00\x01")
        assert self._read(connection, 1)[0] & 0x06 == 0x06
        self._say(connection, "features", self.features)
        if self.password is None:
            self._say(connection, "auth", b"\x41")
        else:
            self._challenge(connection)
        if self.features[0] == 0x48:
            assert self._read(connection, 1) == b"\x00"
        size, = struct.unpack(">I", self._read(connection, 4))
        self._say(connection, "prepared", b"\x42")
        md5 = self._read(connection, 32).decode()
        self._say(connection, "md5", b"\x43")
        self._data(connection, size)
        assert hashlib.md5(self.image).hexdigest() == md5
        self._say(connection, "received", b"\x44")
        self._say(connection, "installed", b"\x45")
        self.thanked = connection.recv(1) == b"\x00"

    def _challenge(self, connection):
        nonce = "5a" * 32
        self._say(connection, "auth", b"\x02" + nonce.encode())
        answer = self._read(connection, 128).decode()
        cnonce, response = answer[:64], answer[64:]
        right = hashlib.sha256((self.password + nonce + cnonce).encode()).hexdigest()
        self._say(connection, "answer", b"\x41" if response == right else b"\x82")

    def _data(self, connection, size):
        told = 0
        self.image = b""
        while len(self.image) < size:
            if self.hold is not None and len(self.image) > 0:
                self.hold.wait(LIMIT)
            if self.after is not None and len(self.image) >= self.after:
                reset(connection)
                raise ConnectionResetError
            more = connection.recv(self.piece)
            if not more:
                raise EOFError
            self.image += more
            while self.counts is True and told < len(self.image) // CHUNK:
                told += 1
                connection.sendall(b"\x47")
        if self.counts:
            connection.sendall(b"\x47" * ((size + CHUNK - 1) // CHUNK - told))
