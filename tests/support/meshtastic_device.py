# SPDX-License-Identifier: MIT
"""Meshtastic's OTA loader for the ESP32, played as its source behaves (see src/send/meshtastic).

One client at a time; what follows a line is taken for more of them until the image is wanted; the
program is overwritten in place. It was started for one image: `awaits` is its SHA-256.
"""

import hashlib
import socket
import time

from web_devices import Server


class Loader(Server):
    erases = b"ERASING"    # of a later version with its end of line
    breaks_after = None    # bytes of the image, and then it resets the connection
    silent = False         # it takes connections and says nothing
    flash_fails = False
    damages = False        # what it writes is not what came

    def __init__(self, awaits, rate=None, host="127.0.0.1", **habits):
        super().__init__(self._serve, host)
        if rate or habits.get("breaks_after"):  # what it has not read is not all in this machine
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.awaits = hashlib.sha256(awaits).hexdigest()
        self.rate = rate
        self.program = b"the old one"
        self.lines = []
        self.connections = 0
        self.started = False
        for name, value in habits.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    def _serve(self, conn):
        """Its process(): lines until one of them begins an image."""
        self.connections += 1
        rest = b""
        while data := conn.recv(1024):
            rest += data
            while b"\n" in rest:
                line, rest = rest.split(b"\n", 1)
                self.lines.append(line.decode("latin-1"))
                if self._command(conn, self.lines[-1]):
                    assert rest == b"", "bytes that it would take for commands"
                    self._image(conn, int(self.lines[-1].split()[1]))
                    if self.started:
                        return

    def _command(self, conn, line):
        words = line.split()
        if self.silent:
            return False
        if words[:1] != ["OTA"]:
            conn.sendall(b"ERR Unknown Command\n")
        elif len(words) != 3 or not words[1].isdigit():
            conn.sendall(b"ERR Invalid Format\n")
        elif len(words[2]) != 64:
            conn.sendall(b"ERR Invalid Hash\n")
        elif words[2] != self.awaits:
            conn.sendall(b"ERR Hash Rejected (NVS Mismatch)\n")
        else:
            conn.sendall(self.erases)
            self.program = b""
            conn.sendall(b"OK\n")
            return True
        return False

    def _image(self, conn, size):
        while len(self.program) < size:
            piece = conn.recv(1024)
            if not piece:
                return
            self.program += piece
            if self.breaks_after is not None and len(self.program) >= self.breaks_after:
                self.breaks_after = None
                raise ConnectionError
            if self.flash_fails:
                conn.sendall(b"ERR Flash Write\n")
                return
            if self.rate:
                time.sleep(len(piece) / self.rate)
        if self.damages:
            self.program = b"\xff" + self.program[1:]
        if hashlib.sha256(self.program).hexdigest() != self.awaits:
            self.program = b""
            conn.sendall(b"ERR Hash Mismatch\n")
            return
        self.started = True
        conn.sendall(b"OK\n")
