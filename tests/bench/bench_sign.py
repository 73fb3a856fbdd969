# SPDX-License-Identifier: MIT
"""Signing 1 MiB beside `openssl dgst -sha256 -sign`: whole processes, in turn, on tmpfs.

Prints both medians, their ratio and the peak memory, also for an image of 64 MiB; exit code 1 if
the ratio is beyond 1.3 or the memory beyond 16 MiB.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SIZE = 1 << 20
ROUNDS = 60
RATIO = 1.3
MEMORY_KIB = 16 * 1024


def seconds(argv):
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def peak_kib(argv, size):
    """Peak memory while an image comes through a pipe, all of it read and the end still out."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for _ in range(size >> 20):
        process.stdin.write(bytes(1 << 20))
    process.stdin.flush()
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit(f"{argv} failed")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def main(program):
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    if shm is None:
        print("SKIPPED: no /dev/shm, the usual tmpfs")
        return 77
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        folder = pathlib.Path(folder)
        image, key, out = folder / "image", folder / "key", folder / "out"
        image.write_bytes(os.urandom(SIZE))
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
                        "rsa_keygen_bits:2048", "-out", key], check=True)
        key.chmod(0o600)
        ours = [program, "sign", "-q", "--privatekey", key, "--bin", image, "--out", out]
        theirs = ["openssl", "dgst", "-sha256", "-sign", key, "-out", folder / "signature", image]
        times = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            times["theirs"].append(seconds(theirs))
            times["ours"].append(seconds(ours))
        signature = (folder / "signature").read_bytes()
        if out.read_bytes() != image.read_bytes() + signature + bytes((0, 1, 0, 0)):
            raise SystemExit("the two signatures differ")
        stream = [program, "sign", "-q", "--privatekey", key, "--bin", "-", "--out", out]
        peaks = [peak_kib(stream, SIZE), peak_kib(stream, 64 * SIZE)]
    ours, theirs = (statistics.median(times[name]) for name in ("ours", "theirs"))
    print(f"espota-c sign      {1000 * ours:6.2f} ms (1 MiB, output checked, written and synced)")
    print(f"openssl dgst -sign {1000 * theirs:6.2f} ms (1 MiB, the signature alone)")
    print(f"ratio {ours / theirs:.2f} (bound {RATIO})")
    print(f"peak memory {peaks[0] / 1024:.1f} MiB at 1 MiB, {peaks[1] / 1024:.1f} MiB at 64 MiB "
          f"(bound {MEMORY_KIB // 1024})")
    return 0 if ours <= RATIO * theirs and max(peaks) <= MEMORY_KIB else 1


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
