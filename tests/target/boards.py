# SPDX-License-Identifier: MIT
"""Emulated devices: their programs, their chips, the air between them and a host, and the machine.

A board is built from tests/target/boards with the sources that sources.sh fetched
(ESPOTA_DEVICE_SOURCES); the host is a network namespace of its own, with real Linux TCP in it.
"""

import fcntl
import hashlib
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

import espota_test
import lock_step
from images import _body, _part, crc32_mpeg2
from long_link import run

HERE = pathlib.Path(__file__).resolve().parent
HOST, DEVICE, PORT = "10.78.0.1", "10.78.0.2", 8266
DEVICE6 = "fe80::5054:ff:fe12:3456%link0"  # of its hardware address
SETTINGS_AT, CHIP_SIZE = 0x3FA000, 4 << 20
FAST, MDNS, PAGE, PULL, ATOMIC_FS, FORGETS, DISCARD, UNSURE = (1 << bit for bit in range(8))

# What a board is run with, its compiler, its chip's size, where the cut's words lie in memory.
QEMU = {
    "lx106": ("qemu-system-xtensa -M lx60-nommu -cpu lx106 -m 4M", "open_eth",
              "xtensa-lx106-elf-gcc", 4 << 20, 0x3FFFFFF0),
    "sf2": ("qemu-system-arm -M emcraft-sf2", "msf2-emac", "arm-none-eabi-gcc", 16 << 20, 0xA3000000),
    "mps2": ("qemu-system-arm -M mps2-an385,memory-backend=chip -m 16M", "lan9118",
             "arm-none-eabi-gcc", 16 << 20, 0x21800000),
    "rv32": ("qemu-system-riscv32 -M virt -cpu rv32,a=off,f=off,d=off -m 128M -bios none", "virtio",
             "riscv64-unknown-elf-gcc", 4 << 20, 0x87F00000),
}


def sources(name):
    path = pathlib.Path(os.environ.get("ESPOTA_DEVICE_SOURCES", ""), name)
    if not os.environ.get("ESPOTA_DEVICE_SOURCES") or not path.is_dir():
        raise unittest.SkipTest(f"no source of {name}: ESPOTA_DEVICE_SOURCES names none")
    return path


def build(board, lwip="lwip-2.1", options=""):
    """The folder with the board's programs, made as far as it is not up to date. `options` as
    boards/CMakeLists.txt has them."""
    if board != "host":
        for tool in (QEMU[board][0].split()[0], QEMU[board][2]):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"{tool} is not installed")
    base = pathlib.Path(os.environ.get("ESPOTA_BOARDS") or "build")
    folder = base / "-".join(filter(None, [board, lwip, options]))
    argv = ["cmake", "-S", HERE / "boards", "-B", folder, f"-DBOARD={board}",
            f"-DLWIP={sources(lwip)}", f"-DBOARD_OPTIONS={options}"]
    if board != "host":
        argv += [f"-DBEARSSL={sources('bearssl')}", f"-DZLIB={sources('zlib')}"]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(argv, folder)
    return folder


def make(argv, folder):
    for command in (argv, ["cmake", "--build", folder, "-j", "2"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}:\n{done.stdout[-20000:]}")


def program_image(elf, size=0, seed=1):
    """An ELF file as an ESP8266's image: what it loads where, filled up to `size` with code in flash."""
    data = pathlib.Path(elf).read_bytes()
    entry, headers = struct.unpack_from("<II", data, 24)
    entry_size, count = struct.unpack_from("<HH", data, 42)
    segments = []
    for i in range(count):
        kind, offset, _, address, length = struct.unpack_from("<5I", data, headers + i * entry_size)
        if kind == 1 and length:
            segments.append((address, data[offset:offset + length] + bytes(-length % 4)))
    loader = _part(0x4010F000, [(0x4010F000, b"the ROM has one.")], 2, 0x40).ljust(0x1000, b"\xaa")
    # Core 3 keeps length and CRC in the first 16 bytes of what is executed from flash.
    rest = size - len(loader) - sum(len(part) + 8 for _, part in segments) - 40
    code = bytes(8) + random.Random(seed).randbytes(max(rest, 24) - 8 & ~15)
    segments.insert(0, (0x40201010, code))
    whole = bytearray(loader + _body(struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x40, entry),
                                     segments))
    struct.pack_into("<II", whole, 0x1010, len(whole), crc32_mpeg2(whole))
    return bytes(whole)


def rsa_numbers(public):
    """Modulus and exponent of a public key, as openssl reads it."""
    text = subprocess.run(["openssl", "rsa", "-pubin", "-in", public, "-noout", "-modulus", "-text"],
                          capture_output=True, text=True, check=True).stdout
    modulus = bytes.fromhex(re.search("Modulus=([0-9A-F]+)", text)[1])
    exponent = int(re.search(r"Exponent: (\d+)", text)[1])
    return modulus, exponent.to_bytes(3, "big")


def settings(flags=FAST, password=None, digits=32, key=None, pull=None):
    """The sector in which a device finds what it is to do; `key` as (modulus, exponent)."""
    stored = b""
    if password is not None:
        stored = hashlib.new("md5" if digits == 32 else "sha256", password.encode()).hexdigest()
        stored = stored.encode()
    host, port = pull or ("", 0)
    modulus, exponent = key or (b"", b"")
    return struct.pack("<4sIHHH3s64s31s256s", b"ESPB", flags, digits, port, len(modulus), exponent,
                       stored, host.encode(), modulus)


def chip(path, content, sector, size=CHIP_SIZE):
    """A flash chip with a program and settings."""
    whole = bytearray(b"\xff" * size)
    whole[:len(content)] = content
    whole[SETTINGS_AT:SETTINGS_AT + len(sector)] = sector
    path.write_bytes(whole)
    return path


class Air:
    """A namespace with a host, and what lies between it and a device's card: delay, jitter, loss."""

    def __init__(self, folder, delay=0, loss=0, jitter=0):
        if os.geteuid() != 0:
            raise unittest.SkipTest("namespaces need root")
        link = espota_test.program("ESPOTA_DELAY_LINK")
        self.name = f"espota-{os.getpid()}-{id(self) & 0xffff:x}"
        self.path = str(folder / "card")
        self.cable = None
        run("ip", "netns", "add", self.name)
        try:
            self.cable = subprocess.Popen(
                [link, self.name, "unix:" + self.path, str(delay), str(loss), str(jitter)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self.cable.stdout.readline() != "ready\n":
                raise unittest.SkipTest("no tap device can be made here")
            self.run("sysctl", "-qw", "net.ipv6.conf.link0.accept_dad=0")
            for command in (f"addr add {HOST}/24 dev link0", "link set link0 up", "link set lo up",
                            "route add 224.0.0.0/4 dev link0"):
                run("ip", "-n", self.name, *command.split())
        except BaseException:
            self.close()
            raise

    def argv(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def run(self, *command):
        run(*self.argv(*command))

    def close(self):
        if self.cable:
            self.cable.stdin.close()
            self.cable.wait()
            self.cable.stdout.close()
        subprocess.run(["ip", "netns", "del", self.name], check=False, stderr=subprocess.DEVNULL)
        for suffix in (".dev", ".air"):
            pathlib.Path(self.path + suffix).unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def machine(board, folder, flash, air, loader=""):
    """The command that runs a board from this chip on this air. `loader` "safe-": the one that survives."""
    if board == "host":
        return [folder / f"{loader}program-1", flash, air.path + ".dev", air.path + ".air"]
    command, card, _, _, _ = QEMU[board]
    net = (f"dgram,id=n0,local.type=unix,local.path={air.path}.dev,remote.type=unix,"
           f"remote.path={air.path}.air")
    mac = "52:54:00:12:34:56"
    nic = (["-device", f"virtio-net-device,netdev=n0,mac={mac}"] if card == "virtio" else
           ["-net", f"nic,netdev=n0,model={card},macaddr={mac}"])
    more = {"sf2": ["-drive", f"if=mtd,format=raw,file={flash}"],
            "mps2": ["-object", f"memory-backend-file,id=chip,share=on,mem-path={flash},size=16M"]}
    return [*command.split(), "-netdev", net, *nic, *more.get(board, []), "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-semihosting-config",
            "enable=on,target=native", "-kernel", folder / f"{loader}loader"]


class Device:
    """A board that runs. `cuts`: at which change of flash the program and the loader lose power, and,
    unless it is 0, how the change is torn."""

    def __init__(self, board, folder, flash, air, cuts=(0, 0, 0), env=None, loader=""):
        argv = machine(board, folder, flash, air, loader)
        names = ("CUT_PROGRAM", "CUT_LOADER", "CUT_TEAR")
        env = {**(env or {}), **dict(zip(names, map(str, cuts)))}
        if board != "host":
            at = QEMU[board][4]
            for i, cut in enumerate(cuts):
                argv += ["-device", f"loader,addr={at + 4 * i:#x},data={cut},data-len=4"]
        pathlib.Path(air.path + ".dev").unlink(missing_ok=True)
        # qemu's files of the chip are found where it was started
        self.process = espota_test.start(argv, env=env, cwd=pathlib.Path(flash).parent,
                                         stderr=subprocess.STDOUT)
        self.out = espota_test.LineReader(self.process.stdout)

    def wait(self, pattern, timeout=espota_test.TIMEOUT):
        """The next line that matches, None if it ended before."""
        end = time.monotonic() + timeout
        while True:
            line = self.out.next(max(0.01, end - time.monotonic()))
            if line is None:
                return None
            found = re.search(pattern, line)
            if found:
                return found

    def up(self, version):
        if not self.wait(f"program: version {version} up"):
            raise AssertionError(f"version {version} did not start: {self.out.lines}")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()  # qemu then writes down what its chip has taken
        self.process.wait()
        self.out.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ok(argv):
    """Inside the namespace: invites, and prints what comes of OK and connection within 2 seconds. With
    an image it sends that first, and keeps the connection."""
    peer = lock_step.send(HOST, DEVICE, PORT, argv[1])[0] if argv[1:] else None
    listener = socket.create_server((HOST, 0))
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.sendto(b"0 %d %s %s\n" % (listener.getsockname()[1], argv[0].encode(), bytes(32).hex().encode()[:32]),
               (DEVICE, PORT))
    for sock, word in ((udp, "OK"), (listener, "connected")):
        sock.settimeout(2)
        try:
            sock.recv(64) if sock is udp else sock.accept()
            print(word)
        except TimeoutError:
            pass
    if peer:
        peer.close()


def demo(argv):
    """Files for firmware-stub/demo.sh: two images, and a chip with the first, a key and a password."""
    programs, public, password, folder = map(pathlib.Path, argv)
    first, second = (program_image(programs / f"program-{n}", 200 * 1024, n) for n in (1, 2))
    (folder / "blink.bin").write_bytes(second)
    chip(folder / "chip.bin", first, settings(flags=0, password=password.read_text().strip(),
                                              key=rsa_numbers(public)))


if __name__ == "__main__":
    {"demo": demo, "ok": ok}[sys.argv[1]](sys.argv[2:])
