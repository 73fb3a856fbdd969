# SPDX-License-Identifier: MIT
"""A host that speaks PROTOCOL to a device step by step, so that a test can get any step wrong."""

import hashlib
import socket
import time

from espota_test import TIMEOUT, Case, Stub, espota_stub, events, run_program


def md5(data):
    return hashlib.md5(data).hexdigest()


def response(password, nonce, cnonce, form=None):
    """The answer to a challenge; `form` is the digest of the password, by default the scheme's."""
    if len(nonce) == 32:
        stored = hashlib.md5(password.encode()).hexdigest()
        return md5(f"{stored}:{nonce}:{cnonce}".encode())
    stored = hashlib.new(form or "sha256", password.encode()).hexdigest()
    key = hashlib.pbkdf2_hmac("sha256", stored.encode(), f"{nonce}:{cnonce}".encode(), 10000)
    return hashlib.sha256(f"{key.hex()}:{nonce}:{cnonce}".encode()).hexdigest()


class Host:
    """One uploader's sockets. Use it with `with`."""

    def __init__(self, device, port, source=None):
        family = socket.AF_INET6 if ":" in device else socket.AF_INET
        if source is None:
            source = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self.device = (device, port)
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((source, 0))
        self.listener = socket.socket(family)
        self.listener.bind((source, 0))
        self.listener.listen()
        self.listener.settimeout(TIMEOUT)
        self.peer = None
        self.said = b""

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def send(self, text):
        self.udp.sendto(text.encode() if isinstance(text, str) else text, self.device)

    def invite(self, data, command=0, size=None, digest=None):
        size = len(data) if size is None else size
        self.send(f"{command} {self.port} {size} {digest or md5(data)}\n")

    def reply(self, timeout=TIMEOUT):
        """The next datagram as text; it must come from the device."""
        self.udp.settimeout(timeout)
        data, sender = self.udp.recvfrom(2048)
        if sender[:2] != self.device[:2]:
            raise AssertionError(f"a datagram from {sender}")
        return data.decode("ascii")

    def challenge(self, data, **how):
        """Invites and returns the nonce."""
        self.invite(data, **how)
        word, nonce = self.reply().split(" ")
        if word != "AUTH":
            raise AssertionError(f"{word} instead of a challenge")
        return nonce

    def answer(self, nonce, password, cnonce=None, form=None):
        cnonce = cnonce or "c" * len(nonce)
        self.send(f"200 {cnonce} {response(password, nonce, cnonce, form)}\n")

    def accept(self):
        self.peer, _ = self.listener.accept()
        self.peer.settimeout(TIMEOUT)
        return self.peer

    def take(self, length):
        """Exactly so many bytes of the connection."""
        data = b""
        while len(data) < length:
            more = self.peer.recv(length - len(data))
            if not more:
                raise AssertionError(f"the connection ended after {data!r}")
            data += more
        return data

    def read(self, until=None):
        """What the device says on the connection, to its end or until these bytes came."""
        while until is None or until not in self.said:
            try:
                data = self.peer.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            self.said += data
        return self.said

    def upload(self, data, password=None, **how):
        """A whole upload; returns all that the device said on the connection."""
        if password is not None:
            self.answer(self.challenge(data, **how), password)
        else:
            self.invite(data, **how)
        word = self.reply()
        if word != "OK":
            raise AssertionError(f"{word!r} instead of OK")
        self.accept().sendall(data)
        return self.read()

    def close(self):
        for sock in (self.udp, self.listener, self.peer):
            if sock is not None:
                sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_for(condition, timeout=TIMEOUT):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not become true")
        time.sleep(0.01)


class StubCase(Case):
    """A device that is played, and this host for it."""

    def stub(self, *argv, **more):
        stub = Stub("--fast", *argv, **more)
        self.addCleanup(stub.close)
        return stub

    def host(self, stub, **more):
        host = Host(stub.host, stub.port, **more)
        self.addCleanup(host.close)
        return host

    @property
    def flash(self):
        return self.dir / "flash.bin"

    def boot(self, *argv):
        """The boot event of --boot on the flash file, and its exit code."""
        done = run_program(espota_stub(), "--boot", "--flash", self.flash, "--json", *argv)
        return events(done.stdout)[0], done.returncode
