# SPDX-License-Identifier: MIT
"""Devices on a link, as packets: run inside a namespace, told what to do by arguments.

    speaker.py raw ADDRESS              multicasts each line of hex from stdin, from port 5353
    speaker.py jandrassy ADDRESS NAME   answers the exact 37 bytes, by multicast, once a second
    speaker.py crowd ADDRESS N GAP_US   N devices that answer one after the other
    speaker.py flood ADDRESS SENDERS RATE
                                        RATE forged announcements a second without end, from ADDRESS
                                        or (SENDERS > 1) from as many addresses beside it, each for
                                        its sender
    speaker.py holder                   takes UDP port 5353 and shares it with nobody

It writes JSON lines: ready, asked.
"""

import itertools
import json
import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
SERVICE = "_arduino._tcp.local"


def name(dotted):
    return b"".join(bytes([len(part)]) + part.encode() for part in dotted.split(".")) + b"\0"


def record(owner, kind, data, ttl, flush=True):
    return owner + struct.pack(">HHIH", kind, 0x8001 if flush else 1, ttl, len(data)) + data


def response(*records):
    return struct.pack(">6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def txt(*strings):
    return b"".join(bytes([len(s)]) + s.encode() for s in strings)


ESP8266 = ("auth_upload=no", "board=d1_mini", "ssh_upload=no", "tcp_check=no")


def device(instance, address, port=8266, ttl=120, long_ttl=4500, strings=ESP8266, host=None,
           service=SERVICE):
    """The whole announcement of one device; a TTL of 0 is its goodbye."""
    host = name(f"{host or instance}.local")
    full = bytes([len(instance)]) + instance.encode() + name(service)
    return response(
        record(name(service), 12, full, long_ttl, flush=False),
        record(full, 33, struct.pack(">3H", 0, 0, port) + host, ttl),
        record(full, 16, txt(*strings), long_ttl),
        record(host, 1, socket.inet_aton(address), ttl))


QUESTION = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + name(SERVICE) + struct.pack(">HH", 12, 1)


def jandrassy(instance, address):
    """Laid out as that library does it: four answers, compressed."""
    label = bytes([len(instance)]) + instance.encode()
    strings = txt("ssh_upload=no", "tcp_check=no", "auth_upload=yes", "board=arduino")
    head = struct.pack(">6H", 0, 0x8400, 0, 4, 0, 0)
    service = name(SERVICE)
    pointer = struct.pack(">H", 0xC000 | (len(head) + len(service) + 10))
    body = head + record(service, 12, label + b"\xc0\x0c", 4500, flush=False)
    body += record(pointer, 16, strings, 4500)
    body += record(pointer, 33, struct.pack(">3H", 0, 0, 65280) + label + b"\xc0\x1a", 120)
    at = len(body) - len(label) - 2
    body += record(struct.pack(">H", 0xC000 | at), 1, socket.inet_aton(address), 120)
    return body


def speaker(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    s.bind((address, PORT))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    return s


def listener(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", PORT))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton(GROUP) + socket.inet_aton(address))
    return s


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def play_raw(address):
    out = speaker(address)
    tell("ready")
    for line in sys.stdin:
        if line.strip():
            out.sendto(bytes.fromhex(line.strip()), (GROUP, PORT))
            tell("sent")


def play_jandrassy(address, instance):
    out, heard = speaker(address), listener(address)
    last = -1.0
    tell("ready")
    while True:
        packet, sender = heard.recvfrom(9000)
        if len(packet) != 37 or packet[2:] != QUESTION[2:] or time.monotonic() - last < 1:
            continue
        last = time.monotonic()
        out.sendto(jandrassy(instance, address), (GROUP, PORT))
        tell("asked", by=sender[0])


def read_name(packet, at):
    """A name as lower-case text, and what follows it."""
    parts, after = [], None
    while packet[at]:
        if packet[at] >= 0xC0:
            after = after or at + 2
            at = (packet[at] & 0x3F) << 8 | packet[at + 1]
        else:
            parts.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
    return ".".join(parts).lower(), after or at + 1


def read_query(packet):
    """The names asked for, the names in known answers, and whether more of those follow."""
    _, flags, count, answers = struct.unpack(">4H", packet[:8])
    at, asked, known = 12, [], []
    for _ in range(0 if flags & 0x8000 else count):
        owner, at = read_name(packet, at)
        asked.append(owner)
        at += 4
    for _ in range(0 if flags & 0x8000 else answers):
        _, at = read_name(packet, at)
        kind, _, _, length = struct.unpack(">HHIH", packet[at:at + 10])
        if kind == 12:
            known.append(read_name(packet, at + 10)[0])
        at += 10 + length
    return asked, known, bool(flags & 0x0200)


def play_crowd(address, count, gap):
    """Answers as a thousand devices would: each when it is asked for and not known already."""
    out, heard = speaker(address), listener(address)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    names = [f"crowd-{i}" for i in range(count)]
    packets = {n: device(n, f"10.9.{1 + i // 250}.{1 + i % 250}") for i, n in enumerate(names)}
    asked, known = set(), set()
    tell("ready")
    while True:
        packet, _ = heard.recvfrom(9000)
        more_asked, more_known, more = read_query(packet)
        asked.update(more_asked)
        known.update(n.split(".")[0] for n in more_known)
        if more:
            continue
        answers = [n for n in names if n not in known] if SERVICE in asked else []
        answers += [o.split(".")[0] for o in asked if o.split(".")[0] in packets]
        for instance in answers:
            out.sendto(packets[instance], (GROUP, PORT))
            if gap:
                time.sleep(gap / 1e6)
        asked, known = set(), set()


def play_flood(address, senders, rate):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    subnet = address.rsplit(".", 1)[0]
    tell("ready")
    for i in itertools.count():
        sender = f"{subnet}.{20 + i % senders}" if senders > 1 else address
        claimed = sender if senders > 1 else f"10.9.{128 + i // 250 % 100}.{1 + i % 250}"
        packet = device(f"flood-{i}", claimed)
        udp = struct.pack(">4H", PORT, PORT, 8 + len(packet), 0) + packet  # no checksum
        head = struct.pack(">2B3H2BH", 0x45, 0, 20 + len(udp), 0, 0, 255, 17, 0)
        raw.sendto(head + socket.inet_aton(sender) + socket.inet_aton(GROUP) + udp, (GROUP, 0))
        time.sleep(1 / rate)


def play_holder():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", PORT))
    six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    six.bind(("::", PORT))
    tell("ready")
    sys.stdin.read()


def main(what, *arguments):
    if what == "raw":
        play_raw(*arguments)
    elif what == "jandrassy":
        play_jandrassy(*arguments)
    elif what == "crowd":
        play_crowd(arguments[0], int(arguments[1]), int(arguments[2]))
    elif what == "flood":
        play_flood(arguments[0], *map(int, arguments[1:]))
    elif what == "holder":
        play_holder()


if __name__ == "__main__":
    main(*sys.argv[1:])
