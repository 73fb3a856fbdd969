# SPDX-License-Identifier: MIT
"""A thousand devices of 256 KiB each in one run: all must succeed, within 32 MiB of memory.

Prints the uploader's CPU time per MiB and its peak memory; exit code 1 if one device failed or the
memory is beyond its bound.
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

from bench_stream import image

DEVICES = 1000
SIZE = 256 * 1024
MEMORY_KIB = 32 * 1024


def target_lines(count, port):
    for k in range(count):
        yield f"127.1.{k // 250}.{1 + k % 250}:{port}\n"


def main(program, stub):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "bench.bin"
        file.write_bytes(image(SIZE))
        fleet = subprocess.Popen([stub, "--count", str(DEVICES), "--port", "0", "--fast", "--json"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(fleet.stdout.readline())
            threading.Thread(target=fleet.stdout.read, daemon=True).start()
            targets = pathlib.Path(folder) / "targets"
            targets.write_text("".join(target_lines(DEVICES, ready["port"])))
            start = time.monotonic()
            upload = subprocess.Popen([program, "upload", "--targets", str(targets), "--jobs",
                                       str(DEVICES), "-q", "--json", str(file)],
                                      stdout=subprocess.PIPE, text=True)
            summary = None
            for line in upload.stdout:
                if '"summary"' in line:
                    summary = json.loads(line)
            _, status, usage = os.wait4(upload.pid, 0)
            seconds = time.monotonic() - start
        finally:
            fleet.terminate()
            fleet.wait()
    mib = DEVICES * SIZE / 2**20
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{summary['ok']} of {DEVICES} devices, {mib:.0f} MiB in {seconds:.1f} s")
    print(f"uploader: {cpu:.2f} s of CPU, {1000 * cpu / mib:.1f} ms per MiB, "
          f"peak {usage.ru_maxrss / 1024:.1f} MiB (bound {MEMORY_KIB // 1024})")
    good = status == 0 and summary["ok"] == DEVICES and usage.ru_maxrss <= MEMORY_KIB
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
