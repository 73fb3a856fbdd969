# SPDX-License-Identifier: MIT
"""A name server that is slow: run inside a namespace, for names that end in .test.

    slow_dns.py ADDRESS DELAY NAME=IPV4...

Each NAME is answered at once; any other name does not exist, which it says after DELAY seconds, or,
where that is "-", when a line comes on standard input (what is asked from then on: at once). It
writes JSON lines: ready, asked, with how many questions wait.
"""

import json
import select
import socket
import struct
import sys
import time

A, AAAA = 1, 28


def question(packet):
    """Name, type, and the question as it stands in the packet."""
    at, parts = 12, []
    while packet[at]:
        parts.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
        at += 1 + packet[at]
    return ".".join(parts), struct.unpack(">H", packet[at + 1:at + 3])[0], packet[12:at + 5]


def answer(packet, code, address=None):
    _, _, asked = question(packet)
    head = packet[:2] + struct.pack(">5H", 0x8180 | code, 1, int(address is not None), 0, 0)
    record = b""
    if address is not None:
        record = struct.pack(">3HIH", 0xC00C, A, 1, 60, 4) + socket.inet_aton(address)
    return head + asked + record


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def main(address, delay, *known):
    known = dict(item.split("=") for item in known)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    waiting, held = [], delay == "-"
    tell("ready")
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now and not held:
            _, packet, sender = waiting.pop(0)
            server.sendto(answer(packet, 3), sender)
        timeout = waiting[0][0] - now if waiting and not held else None
        ready, _, _ = select.select([server] + [sys.stdin] * held, [], [], timeout)
        if sys.stdin in ready:
            sys.stdin.readline()
            held = False
        if server not in ready:
            continue
        packet, sender = server.recvfrom(1500)
        name, kind, _ = question(packet)
        if name in known:
            server.sendto(answer(packet, 0, known[name] if kind == A else None), sender)
            continue
        waiting.append((time.monotonic() + (0 if delay == "-" else float(delay)), packet, sender))
        tell("asked", name=name, waiting=len(waiting))


if __name__ == "__main__":
    main(*sys.argv[1:])
