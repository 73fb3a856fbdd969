# SPDX-License-Identifier: MIT
"""An upload as espota.py does it: a piece, its acknowledgement, the next piece."""

import hashlib
import pathlib
import socket
import time

PIECE = 1460


def send(bind, device, port, path):
    """The connection, over which the device has said OK, and the seconds since it was there."""
    data = pathlib.Path(path).read_bytes()
    listener = socket.create_server((bind, 0))
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.settimeout(30)
    udp.sendto(b"0 %d %d %s\n" % (listener.getsockname()[1], len(data),
                                  hashlib.md5(data).hexdigest().encode()), (device, int(port)))
    if udp.recv(128) != b"OK":
        raise RuntimeError("the device did not say OK")
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
