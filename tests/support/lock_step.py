# SPDX-License-Identifier: MIT
"""An upload as espota.py does it: a piece, its acknowledgement, the next piece."""

import hashlib
import pathlib
import select
import socket
import time

PIECE = 1460


def invite(udp, listener, invitation, device):
    """Until the device says OK or is there; datagrams are lost now and then."""
    for _ in range(10):
        udp.sendto(invitation, device)
        ready = select.select([udp, listener], [], [], 3)[0]
        if ready == [udp] and udp.recv(128) != b"OK":
            raise RuntimeError("the device did not say OK")
        if ready:
            return
    raise RuntimeError("the device did not answer")


def send(bind, device, port, path):
    """The connection, over which the device has said OK, and the seconds since it was there."""
    data = pathlib.Path(path).read_bytes()
    listener = socket.create_server((bind, 0))
    udp = socket.socket(type=socket.SOCK_DGRAM)
    invitation = b"0 %d %d %s\n" % (listener.getsockname()[1], len(data),
                                    hashlib.md5(data).hexdigest().encode())
    invite(udp, listener, invitation, (device, int(port)))
    listener.settimeout(30)
    peer, _ = listener.accept()
    start = time.monotonic()
    for at in range(0, len(data), PIECE):
        peer.sendall(data[at:at + PIECE])
        said = peer.recv(32)
    while b"OK" not in said:
        more = peer.recv(64)
        if not more:
            raise RuntimeError(f"the device ended it: {said}")
        said += more
    return peer, time.monotonic() - start
