# SPDX-License-Identifier: MIT
"""A thousand devices of 256 KiB each in one run: all must succeed, within 32 MiB of memory.

Prints the uploader's CPU time per MiB and its peak memory; exit code 1 if one device failed or the
memory is beyond its bound. With an espota-c.exe in the environment variable ESPOTA_EXE the same once
more by it, under Wine, which may take five times as long; the memory is Wine's, too, and not bounded.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

from bench_stream import image  # finds what the tests share
import wine

DEVICES = 1000
SIZE = 256 * 1024
MEMORY_KIB = 32 * 1024
UNDER_WINE = 5


class Road:
    """How many devices of which kind, and what an upload to them has beside its targets."""

    def __init__(self, devices=DEVICES, scheme="", device=(), upload=()):
        self.devices, self.scheme, self.device, self.upload = devices, scheme, device, upload

    def targets(self, port):
        return "".join(f"{self.scheme}127.1.{k // 250}.{1 + k % 250}:{port}\n"
                       for k in range(self.devices))


def all_files_allowed():
    """A connection is one, and the device's process has as many again."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(command, stub, env=None, road=Road()):
    """The seconds that it took, and the peak memory in KiB; None for the seconds if not all is well."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "bench.bin"
        file.write_bytes(image(SIZE))
        fleet = subprocess.Popen([stub, "--count", str(road.devices), "--port", "0", "--fast",
                                  "--json", *road.device],
                                 stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(fleet.stdout.readline())
            threading.Thread(target=fleet.stdout.read, daemon=True).start()
            targets = pathlib.Path(folder) / "targets"
            targets.write_text(road.targets(ready["port"]))
            start = time.monotonic()
            upload = subprocess.Popen([*command, "upload", "--targets", str(targets), "--jobs",
                                       str(road.devices), "-q", "--json", *road.upload, str(file)],
                                      stdout=subprocess.PIPE, text=True, env=env)
            summary = None
            for line in upload.stdout:
                if '"summary"' in line:
                    summary = json.loads(line)
            _, status, usage = os.wait4(upload.pid, 0)
            seconds = time.monotonic() - start
        finally:
            fleet.terminate()
            fleet.wait()
    mib = road.devices * SIZE / 2**20
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{os.path.basename(command[-1])}: {summary['ok']} of {road.devices} devices, {mib:.0f} MiB in "
          f"{seconds:.1f} s; {cpu:.2f} s of CPU, {1000 * cpu / mib:.1f} ms per MiB", flush=True)
    return seconds if status == 0 and summary["ok"] == road.devices else None, usage.ru_maxrss


def compare(program, stub):
    """Side by side, and the better of two: what else the machine does is in both."""
    windows = wine.Windows()
    times = {program: [], windows.exe: []}
    try:
        for _ in range(2):
            times[program].append(measure([program], stub)[0])
            times[windows.exe].append(measure([wine.WINE, windows.exe], stub, windows.env)[0])
    finally:
        windows.close()
    if None in times[program] + times[windows.exe]:
        return False
    ratio = min(times[windows.exe]) / min(times[program])
    print(f"under Wine {ratio:.1f} times as long (bound {UNDER_WINE})")
    return ratio <= UNDER_WINE


def main(program, stub):
    all_files_allowed()
    seconds, memory = measure([program], stub)
    print(f"peak {memory / 1024:.1f} MiB (bound {MEMORY_KIB // 1024})")
    good = seconds is not None and memory <= MEMORY_KIB
    if os.environ.get("ESPOTA_EXE"):
        good = compare(program, stub) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
