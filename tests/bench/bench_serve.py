# SPDX-License-Identifier: MIT
"""`espota-c serve` beside nginx, its answers for a fleet that has nothing to do, and a good client
among thousands that trickle.

1. A 400 KiB image, 64 clients, with keep-alive and without: espota-c and nginx (one worker,
   sendfile) in turn, the same load, ROUNDS times; the median of the ratios must be at least 0.9.
2. 304 against a manifest of 10,000 rules, the last of which matches: at least 20,000 for a second of
   CPU time, within 32 MiB.
3. 5,000 connections that send a byte a second: a good client never waits longer than a second.

Exit code 1 if one is missed. What needs nginx is left out, and said, where it is not installed.
"""

import hashlib
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import espota_test  # noqa: E402
from espota_serve import Nginx, Server, address, connect, get, put  # noqa: E402

SIZE = 400 * 1024
CLIENTS = 64
ROUNDS = 7
SECONDS = 2
RULES = 10000
TRICKLING = 5000
LOAD = None  # http_load


class Logging:
    """The server with its log in a file, as nginx has it: nobody reads along and takes time."""

    def __init__(self, folder, *argv):
        log = folder / "serve.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen([espota_test.espota_c(), "serve", "--listen",
                                             "127.0.0.1:0", *argv], stderr=out)
        while "/\n" not in log.read_text():
            time.sleep(0.01)
        self.address = address(log.read_text().partition("http://")[2].partition("/")[0])
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def load(where, path, seconds, keep, *headers):
    """Answers a second with a body of the right size; any other answer fails the run."""
    done = subprocess.run([LOAD, where[0], str(where[1]), path, str(CLIENTS), str(seconds),
                           "keep" if keep else "close", *headers],
                          capture_output=True, text=True, check=True)
    count, spent, size = done.stdout.split()
    return int(count) / float(spent), int(size)


def beside_nginx(folder, images):
    good = True
    with Nginx(folder, f"root {images};") as nginx, Logging(folder, "--dir", images) as server:
        for keep in (True, False):
            ratios, spent = [], {"ours": 0, "nginx": 0}
            for k in range(ROUNDS):
                pair = [(server.address, "ours", server.pid), (nginx.address, "nginx", nginx.worker)]
                rates = {}
                for where, name, pid in pair if k % 2 else reversed(pair):
                    before = cpu_of(pid)
                    rates[name], size = load(where, "/bench.bin", SECONDS, keep)
                    spent[name] += (cpu_of(pid) - before) / (rates[name] * SECONDS)
                    assert size > SIZE - 64, (name, size)
                ratios.append(rates["ours"] / rates["nginx"])
                print(f"  {rates['ours']:7.0f} a second, nginx {rates['nginx']:7.0f}: "
                      f"{ratios[-1]:.2f}")
            median = statistics.median(ratios)
            good &= median >= 0.9
            print(f"{SIZE // 1024} KiB, {CLIENTS} clients, {'keep-alive' if keep else 'close'}: "
                  f"median {median:.2f} of nginx (bound 0.90); CPU for an answer "
                  f"{1e6 * spent['ours'] / ROUNDS:.0f} us, nginx "
                  f"{1e6 * spent['nginx'] / ROUNDS:.0f} us")
    return good


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 1024


def nothing_to_do(folder, image):
    """Every device is told 304, by the last of ten thousand rules and its digest."""
    noise = random.Random(3)
    rules = ",\n".join('{"mac": "5C:CF:7F:%02X:%02X:%02X", "version": "<%d.%d", "file": "bench.bin",'
                       ' "give": "%d.%d"}' % (k >> 16, k >> 8 & 255, k & 255, *(noise.randrange(9)
                       for _ in range(4))) for k in range(RULES - 1))
    manifest = folder / "manifest.json"
    manifest.write_text('{"images": "images", "rules": [%s,\n{"file": "bench.bin"}]}' % rules)
    with Logging(folder, "--manifest", manifest) as server:
        before = cpu_of(server.pid)
        digest = hashlib.md5(image).hexdigest()
        rate, size = load(server.address, "/update", 5, True,
                          "User-Agent: ESP8266-http-Update",
                          "x-ESP8266-STA-MAC: 18:FE:AA:00:00:01", "x-ESP8266-mode: sketch",
                          "x-ESP8266-free-space: 1000000", "x-ESP8266-version: 2.0",
                          f"x-ESP8266-sketch-md5: {digest}")
        spent = cpu_of(server.pid) - before
        memory = memory_of(server.pid)
    per_cpu = rate * 5 / spent
    print(f"304 by {RULES} rules: {rate:.0f} a second beside the load, {per_cpu:.0f} for a second "
          f"of CPU (bound 20000), peak {memory:.1f} MiB (bound 32)")
    return size == 0 and per_cpu >= 20000 and memory < 32


def among_thousands(images):
    server = Server("--dir", images)
    stop = threading.Event()
    clients = []
    try:
        for _ in range(TRICKLING):
            sock = connect(server.address)
            sock.sendall(b"GET /bench.bin HTTP/1.0\r\nX: ")
            clients.append(sock)

        def trickle():
            while not stop.wait(1):
                for k, sock in enumerate(clients):
                    try:
                        sock.sendall(b"x")
                    except OSError:  # cut off: another one comes
                        sock.close()
                        clients[k] = connect(server.address)

        feeding = threading.Thread(target=trickle)
        feeding.start()
        waits = []
        try:
            end = time.monotonic() + 20  # beyond the time that a request may take
            while time.monotonic() < end:
                start = time.monotonic()
                assert get(server.address, "/bench.bin").status == 200
                waits.append(time.monotonic() - start)
        finally:
            stop.set()
            feeding.join()
        memory = memory_of(server.pid)
    finally:
        for sock in clients:
            sock.close()
        server.close()
    print(f"among {TRICKLING} that trickle: {len(waits)} answers, the slowest took "
          f"{1000 * max(waits):.0f} ms, median {1000 * statistics.median(waits):.1f} ms (bound "
          f"1000), peak {memory:.1f} MiB")
    return max(waits) < 1


def main(program, load_program):
    global LOAD
    LOAD = load_program
    os.environ["ESPOTA_C"] = program
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    image = espota_test.image(SIZE)
    with tempfile.TemporaryDirectory(prefix="espota-") as name:
        folder = pathlib.Path(name)
        images = folder / "images"
        images.mkdir()
        put(images, "bench.bin", image)
        good = nothing_to_do(folder, image)
        good &= among_thousands(images)
        try:
            good &= beside_nginx(folder, images)
        except unittest.SkipTest as reason:
            print(f"{reason}: not compared with it")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:3])))
