# SPDX-License-Identifier: MIT
"""A device on lwIP: an upload beside plain TCP to the same device, thrown away there or written into
its flash, and beside a sender that waits for each acknowledgement, on five kinds of air and flash.

  bench_lwip.py ESPOTA-C DELAY_LINK [host | lx106 | ...]

with ESPOTA_DEVICE_SOURCES as tests/target/boards/sources.sh made it. Prints the medians; exit code
1 if a stream takes longer than its bound, 77 where there are no sources or no namespaces.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "target"), str(HERE.parent / "support")]
import boards  # noqa: E402 - found only now
from bench_stream import image, upload_seconds  # noqa: E402

SIZE = 300 * 1024
ROUNDS = 5
LOSSY_ROUNDS = 11  # where chance decides
ERASE_US, PAGE_US = 45000, 700
# What it is called, the air, whether the flash is slow, how much longer a stream may take than TCP into
# the same flash.
CONDITIONS = (
    ("no delay", {}, False, 1.5),
    ("5 ms each way, 3 ms jitter", {"delay": 5, "jitter": 3}, False, 1.1),
    ("20 ms each way", {"delay": 20}, False, 1.1),
    ("5 ms, 3 ms jitter, 1 % lost", {"delay": 5, "jitter": 3, "loss": 1}, False, 1.3),
    ("no delay, 45 ms an erasure, 0.7 ms a page", {}, True, 1.1),
)

# To a device's port that throws away what comes, or writes it: from the connection until that is done.
PLAIN = """
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as peer:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = time.monotonic()
    peer.sendall(open(sys.argv[3], "rb").read())
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(64):
        pass
print(time.monotonic() - start)
"""


class Bench:
    def __init__(self, program, delay_link, board, folder):
        os.environ["ESPOTA_DELAY_LINK"] = delay_link
        os.environ.setdefault("ESPOTA_BOARDS", str(folder))
        self.program, self.board, self.folder = program, board, folder
        self.programs = boards.build(board)
        self.file = folder / "bench.bin"
        self.file.write_bytes(image(SIZE) if board == "host" else
                              boards.program_image(self.programs / "program-1", SIZE))
        size = boards.CHIP_SIZE if board == "host" else boards.QEMU[board][3]
        self.chip = boards.chip(folder / "chip.bin", self.file.read_bytes(),
                                boards.settings(flags=boards.FAST | boards.DISCARD), size)

    def seconds(self, air, *command):
        done = subprocess.run(air.argv(sys.executable, *command), capture_output=True, text=True,
                              check=True)
        return float(done.stdout)

    def one_round(self, air, device):
        """Plain TCP, that into flash, streamed, in lock-step; after each of the last two the device
        starts again."""
        plain, least = (self.seconds(air, "-c", PLAIN, boards.DEVICE, port, self.file)
                        for port in (9, 10))
        stream = upload_seconds(air.argv(self.program, "upload", "--json", "-q", "--host",
                                         boards.DEVICE, "--port", boards.PORT, self.file))
        device.up(1)
        step = self.seconds(air, HERE / "bench_stream.py", "--inside", "lock_step", boards.HOST,
                            boards.DEVICE, boards.PORT, self.file)
        device.up(1)
        return plain, least, stream, step

    def condition(self, what, air_of, slow, bound):
        env = {"FLASH_ERASE_US": str(ERASE_US), "FLASH_PAGE_US": str(PAGE_US)} if slow else {}
        with (boards.Air(self.folder, **air_of) as air,
              boards.Device(self.board, self.programs, self.chip, air, env=env) as device):
            device.up(1)
            rounds = [self.one_round(air, device)
                      for _ in range(LOSSY_ROUNDS if "loss" in air_of else ROUNDS)]
        plain, least, stream, step = (statistics.median(column) for column in zip(*rounds))
        met = stream <= bound * least
        print(f"{what}: plain TCP {plain:.3f} s, into flash {least:.3f} s, streamed {stream:.3f} s, "
              f"in lock-step {step:.3f} s; {stream / least:.2f} of TCP into flash, bound {bound}: "
              f"{'met' if met else 'NOT MET'}", flush=True)
        return met


def main(program, delay_link, board="host"):
    with tempfile.TemporaryDirectory(prefix="espota-") as folder:
        try:
            bench = Bench(os.path.abspath(program), os.path.abspath(delay_link), board,
                          pathlib.Path(folder))
            conditions = CONDITIONS if board == "host" else CONDITIONS[:-1]
            print(f"{board}: {SIZE} bytes, medians of {ROUNDS}, with losses of {LOSSY_ROUNDS}")
            return 0 if all([bench.condition(*condition) for condition in conditions]) else 1
        except unittest.SkipTest as reason:
            print(f"SKIPPED: {reason}")
            return 77


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
