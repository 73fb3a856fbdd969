# SPDX-License-Identifier: MIT
"""A device played by small sockets, for behaviour that no honest device shows.

    def play(device):
        invitation = device.invited()
        device.say(b"OK")
        stream = device.connect()
        ...

    with FakeDevice(play) as device:
        run("upload", "--host", device.target, image)

What `play` raises is raised again when the block ends. For tests of the program; fake_device.c is
the same for tests of the library.
"""

import hashlib
import socket
import struct
import threading

LIMIT = 30  # seconds for anything the uploader should do at once; only a bound


class Invitation:
    def __init__(self, data, sender):
        self.sender = sender
        self.text = data.decode("ascii")
        command, port, size, self.md5 = self.text.split()
        self.command, self.port, self.size = int(command), int(port), int(size)


class FakeDevice:
    def __init__(self, play, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address = address
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((address, 0))
        self.udp.settimeout(LIMIT)
        self.port = self.udp.getsockname()[1]
        self.invitation = None
        self.failure = None
        self._play = play
        self._open = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def target(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    def _run(self):
        try:
            self._play(self)
        except BaseException as failure:  # told to the test when the block ends
            self.failure = failure
        finally:
            for sock in self._open:
                sock.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return  # the test has failed already; nothing more will come to the device
        self._thread.join(LIMIT)
        running = self._thread.is_alive()
        self.udp.close()
        if running:
            raise AssertionError("the device still waits for something")
        if self.failure is not None:
            raise self.failure

    # UDP

    def datagram(self):
        data, self.sender = self.udp.recvfrom(2048)
        return data

    def invited(self):
        """The next invitation; repeated ones of the same attempt count as one."""
        while True:
            data = self.datagram()
            if not data.startswith(b"200 "):
                self.invitation = Invitation(data, self.sender)
                return self.invitation

    def say(self, text, sock=None):
        (sock or self.udp).sendto(text, self.invitation.sender)

    def challenge(self, password, digits=32):
        """Asks for a password and checks the answer; True if it is right. MD5 or PBKDF2."""
        nonce = hashlib.sha256(b"nonce").hexdigest()[:digits]
        self.say(b"AUTH " + nonce.encode())
        while True:
            data = self.datagram()
            if data.startswith(b"200 "):
                break
        _, cnonce, answer = data.decode("ascii").split()
        right = [answer_to(form, nonce, cnonce) for form in forms(password, digits)]
        return answer in right

    # TCP

    def connect(self, source=None, room=None):
        """A connection to where the invitation says; `room`: what may wait here to be read."""
        stream = socket.socket(self.udp.family, socket.SOCK_STREAM)
        if room is not None:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self._open.append(stream)
        stream.settimeout(LIMIT)
        stream.bind((source or self.address, 0))
        stream.connect((self.invitation.sender[0], self.invitation.port))
        return stream

    def take_all(self):
        """Calls back and reads to the end, which may come as early as the call itself."""
        try:
            stream = self.connect()
        except ConnectionError:
            return
        while not ended(stream):
            pass

    def rejected(self, source=None):
        """Whether a connection from there is closed without a word."""
        try:
            return ended(self.connect(source))
        except ConnectionError:
            return True

    def read(self, stream, count):
        """So many bytes, fewer only at the end of the stream."""
        data = b""
        while len(data) < count:
            piece = stream.recv(min(65536, count - len(data)))
            if not piece:
                break
            data += piece
        return data

    def read_image(self, stream):
        return self.read(stream, self.invitation.size)


def forms(password, digits):
    data = password.encode() if isinstance(password, str) else password
    md5 = hashlib.md5(data).hexdigest()
    return [md5] if digits == 32 else [hashlib.sha256(data).hexdigest(), md5]


def answer_to(form, nonce, cnonce):
    if len(nonce) == 32:
        return hashlib.md5(f"{form}:{nonce}:{cnonce}".encode()).hexdigest()
    key = hashlib.pbkdf2_hmac("sha256", form.encode(), f"{nonce}:{cnonce}".encode(), 10000)
    return hashlib.sha256(f"{key.hex()}:{nonce}:{cnonce}".encode()).hexdigest()


def reset(stream):
    """Ends a connection with RST: what was not read yet is lost to the other side's sending."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def ended(stream):
    """Whether the other side closed, by FIN or RST."""
    try:
        return stream.recv(65536) == b""
    except ConnectionError:
        return True
