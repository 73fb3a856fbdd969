# SPDX-License-Identifier: MIT
"""Streaming measured beside plain TCP and beside a sender that waits for each acknowledgement.

All three send the same bytes over the same link in one run: two network namespaces joined by a
cable that delays each packet by 10 ms. Prints seconds and ratios; exit code 1 if a ratio is
beyond its bound, 77 where namespaces cannot be made.
"""

import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import lock_step  # noqa: E402 - found only now
from images import esp8266_image  # noqa: E402
from long_link import DEVICE, HOST, Link  # noqa: E402

OVERHEAD = len(esp8266_image(4096)) - 4096  # what an image has beside its program
WINDOW = 5840  # lwIP's usual window on an ESP8266: four segments
SIZE = 384 * 1024
ROUNDS = 3


def image(size):
    """A sound ESP8266 image of this size; the same in every run."""
    return esp8266_image(size - OVERHEAD)


def clamp(sock):
    """The window of a small device, the way the device in a process makes it.

    Again after each read: the kernel lifts the clamp when it learns how well packets fill their
    memory.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    sock.setsockopt(socket.IPPROTO_TCP, 10, WINDOW)  # TCP_WINDOW_CLAMP


def inside_plain_receiver(host, port, size):
    """A device without a protocol: connects, reads all, says one byte."""
    sock = socket.socket()
    clamp(sock)
    sock.connect((host, int(port)))
    left = int(size)
    while left > 0:
        left -= len(sock.recv(65536))
        clamp(sock)
    sock.sendall(b"!")
    sock.recv(1)


def inside_plain_sender(size):
    """Listens, prints its port, sends to the first caller, prints the seconds."""
    listener = socket.create_server((HOST, 0))
    print(listener.getsockname()[1], flush=True)
    peer, _ = listener.accept()
    start = time.monotonic()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(image(int(size)))
    peer.recv(1)
    print(time.monotonic() - start, flush=True)


def inside_lock_step(*how):
    print(lock_step.send(*how)[1], flush=True)


def upload_seconds(command):
    """From the connection to the verdict, of `espota-c upload --json`."""
    upload = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    times = {}
    for line in upload.stdout:
        event = json.loads(line)
        times.setdefault(event["event"], time.monotonic())
    if upload.wait() != 0:
        raise RuntimeError("the upload failed")
    return times["result"] - times["connected"]


class Bench:
    def __init__(self, link, program, stub, folder, size=SIZE):
        self.link, self.program, self.stub, self.size = link, program, stub, size
        self.file = folder / "bench.bin"
        self.file.write_bytes(image(size))

    def inside(self, side, function, *arguments):
        """Runs a function of this file in a namespace, as a process; returns what it printed."""
        command = [sys.executable, __file__, "--inside", function, *map(str, arguments)]
        return self.link.popen(side, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)

    @contextlib.contextmanager
    def device(self, side, bind, *options):
        """A device in one of the namespaces, gone at the end; gives its port."""
        process = self.link.popen(side, [self.stub, "--bind", bind, "--port", "0", "--fast",
                                         "--json", *options], stdout=subprocess.PIPE, text=True)
        try:
            event = json.loads(process.stdout.readline())
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield event["port"]
        finally:
            process.terminate()
            process.wait()

    def plain_tcp(self):
        sender = self.inside(0, "plain_sender", self.size)
        port = sender.stdout.readline().strip()
        receiver = self.inside(1, "plain_receiver", HOST, port, self.size)
        seconds = float(sender.stdout.readline())
        sender.wait()
        receiver.wait()
        return seconds

    def streaming(self, side, bind, *options, scheme=""):
        with self.device(side, bind, *options) as port:
            return upload_seconds(self.link.argv(0, self.program, "upload", "--host",
                                                 f"{scheme}{bind}:{port}", "--json", "-q",
                                                 "--retries", "0", self.file))

    def lock_step(self, side, bind, *options):
        with self.device(side, bind, *options) as port:
            host = HOST if side else "127.0.0.1"
            sender = self.inside(0, "lock_step", host, bind, port, self.file)
            seconds = float(sender.stdout.readline())
            sender.wait()
            return seconds


def compare(what, ours, theirs, bound):
    ratios = [a / b for a, b in zip(ours, theirs)]
    ratio = statistics.median(ratios)
    met = ratio <= bound
    print(f"{what}: {statistics.median(ours):.3f} s against {statistics.median(theirs):.3f} s, "
          f"ratio {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
          f"bound {bound}: {'met' if met else 'NOT MET'}", flush=True)
    return met


def main(program, stub, delay_link):
    try:
        link = Link(delay_link, 10)
    except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
        print(f"SKIPPED: no network namespaces here ({error})")
        return 77
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(link, program, stub, pathlib.Path(folder))
            window = ("--tcp-window", str(WINDOW))
            plain, stream, step = [], [], []
            for _ in range(ROUNDS):
                plain.append(bench.plain_tcp())
                stream.append(bench.streaming(1, DEVICE, *window))
                step.append(bench.lock_step(1, DEVICE, *window))
            print(f"{SIZE} bytes, 10 ms each way, window {WINDOW}, median of {ROUNDS}")
            good = compare("streaming beside plain TCP", stream, plain, 1.05)
            good &= compare("streaming beside lock-step", stream, step, 1 / 3)
            late = ("--ack-delay", "20")
            stream = [bench.streaming(0, "127.0.0.1", *late) for _ in range(ROUNDS)]
            step = [bench.lock_step(0, "127.0.0.1", *late) for _ in range(ROUNDS)]
            print(f"{SIZE} bytes, no delay, no window limit, acknowledgements 20 ms late")
            good &= compare("streaming beside lock-step", stream, step, 1 / 10)
            return 0 if good else 1
    finally:
        link.close()


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        globals()["inside_" + sys.argv[2]](*sys.argv[3:])
        sys.exit(0)
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
