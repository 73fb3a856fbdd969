# SPDX-License-Identifier: MIT
"""Programs of a size that a test chooses, and boot records, built from their description.

For transfers, where the size counts: a sound sketch of any length, which packs well or not. What the
parser of images has to know is in images.c, with every kind; tests have it as files in ESPOTA_IMAGES.

The same arguments always give the same bytes.
"""

import hashlib
import random
import struct
import zlib

_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc32_mpeg2(data):
    """zlib's CRC-32 seen in a mirror, without the last inversion."""
    return int(f"{zlib.crc32(data.translate(_TURNED)) ^ 0xFFFFFFFF:032b}"[::-1], 2)


def _xor(data):
    """All bytes in one: the halves on top of each other, again and again."""
    value, length = int.from_bytes(data, "little"), len(data)
    while length > 1:
        length = (length + 1) // 2
        value = value >> 8 * length ^ value & (1 << 8 * length) - 1
    return value


def _noise(length, seed, packs=False):
    """Bytes that do not compress, or such that do to five eighths."""
    noise = random.Random(seed).randbytes(length)
    return noise.translate(bytes(range(32)) * 8) if packs else noise


def _body(head, segments):
    """Header, segments, padding, and the checksum as the last byte of sixteen."""
    out, check = head, 0xEF
    for address, data in segments:
        out += struct.pack("<II", address, len(data)) + data
        check ^= _xor(data)
    return out + bytes(15 - len(out) % 16) + bytes([check])


def _part(entry, segments, mode, size_frequency):
    return _body(struct.pack("<BBBBI", 0xE9, len(segments), mode, size_frequency, entry), segments)


def esp8266_image(length=0x8000, seed=1, mode=2, size_frequency=0x40, packs=False):
    """Arduino's file for an ESP8266 (PROTOCOL 5.8) with about `length` bytes of program."""
    loader = _part(0x4010F4E4, [(0x4010F000, _noise(0x200, seed))], mode, size_frequency)
    code = bytes(8) + _noise(max(length & ~15, 32) - 8, seed + 1, packs)
    # core 3's builder does not pad its segments: most real ones have an odd one
    app = _part(0x40100004, [(0x40201010, code), (0x40100000, _noise(0x41, seed + 2)),
                             (0x3FFE8000, _noise(0x20, seed + 3))], mode, size_frequency)
    whole = bytearray(loader.ljust(0x1000, b"\xaa") + app)
    struct.pack_into("<II", whole, 0x1010, len(whole), crc32_mpeg2(whole))
    return bytes(whole)


def image(size=16384, seed=1):
    """The same, of about that size in all."""
    return esp8266_image(size - 0x1000 - 144, seed)


def esp32_image(size=8192, seed=1, chip=0):
    """A sound ESP32 program: one segment, checksum, SHA-256."""
    head = struct.pack("<BBBBIB3sHBHHIB", 0xE9, 1, 2, 0x20, 0x40081234, 0xEE, bytes(3), chip, 0,
                       0, 0xFFFF, 0, 1)
    code = _noise(max(64, size - 96) // 16 * 16, seed)
    whole = _body(head, [(0x3F400020, code)])
    return whole + hashlib.sha256(whole).digest()


def signed(payload, length=256):
    """The payload with a trailer as the ESP8266's signing.py appends it (of noise)."""
    return payload + _noise(length, 7) + struct.pack("<I", length)


def boot_record(source, target, size):
    """The loader's command to copy, as it lies in RTC memory (PROTOCOL 5.7)."""
    words = [0xEB001000, 1, source, target, size] + [0] * 26
    body = struct.pack("<31I", *words)
    return body + struct.pack("<I", crc32_mpeg2(body))
