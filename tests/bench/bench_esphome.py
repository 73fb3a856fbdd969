# SPDX-License-Identifier: MIT
"""ESPHome's protocol: speed beside ESPHome's own client and beside plain TCP, verdicts where packets
are lost, and a fleet with encryption.

  bench_esphome.py ESPOTA-C ESPOTA-STUB DELAY_LINK [speed | lossy | fleet]

All are measured in one run against espota-stub --esphome, speed and losses over a cable between two
network namespaces. The other client is found by ESPOTA_ESPHOME, as tests/run.sh --full sets it, and a
real program in the folder ESPOTA_REAL_IMAGES. Prints figures and ratios; exit code 1 if one is beyond
its bound, 77 where nothing could be measured.
"""

import base64
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile

import bench_fleet
from bench_stream import Bench, WINDOW, compare, image  # finds what the tests share
from esphome_lossy import is_right, upload_lossy
from images import esp8266_image
from long_link import DEVICE, Link

CLIENT = pathlib.Path(__file__).resolve().parent.parent / "support" / "esphome_client.py"
SIZE = 1 << 20
ROUNDS = 3
WIDE_WINDOW = 65535  # what ESPHome gives an ESP32 with enough memory
# A flash image of ESPHome's for an ESP32-S3, and where its program begins: that chip unpacks deflate.
REAL, PROGRAM_AT = "sense360-airiq-s3-merged.bin", 0x10000

LOST_PERCENT = 40
UPLOADS = 20
LOSSY_SIZE = 16 * 1024

FLEET = 500
FLEET_MEMORY_KIB = 48 * 1024


class Esphome(Bench):
    python = os.environ.get("ESPOTA_ESPHOME")

    def ours(self, window, *device):
        return self.streaming(1, DEVICE, "--esphome", "--tcp-window", str(window), *device,
                              scheme="esphome://")

    def theirs(self, window, *device):
        env = dict(os.environ, PYTHONPATH=str(pathlib.Path(self.python).parents[1] / "esphome"))
        with self.device(1, DEVICE, "--esphome", "--tcp-window", str(window), *device) as port:
            command = self.link.argv(0, self.python, CLIENT, DEVICE, port, self.file)
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        return float(done.stdout.split()[-1])

    def beside_theirs(self, window, bound, device="--plain"):
        """In turns, because what else the machine does is in both."""
        if not self.python:
            print("SKIPPED: beside ESPHome's client: ESPOTA_ESPHOME does not name its Python")
            return True
        both = [(self.ours(window, device), self.theirs(window, device)) for _ in range(ROUNDS)]
        return compare("beside ESPHome's client", *zip(*both), bound)


def program(folder):
    """One that packs, and what it is."""
    file = folder / "program.bin"
    real = pathlib.Path(os.environ.get("ESPOTA_REAL_IMAGES", folder)) / REAL
    if real.is_file():
        file.write_bytes(real.read_bytes()[PROGRAM_AT:])
        return file, f"the program in {REAL}"
    file.write_bytes(esp8266_image(SIZE, packs=True))
    return file, "a program made here: ESPOTA_REAL_IMAGES has none"


def laid(delay_link, *how):
    """None, told: there is no such cable here."""
    try:
        return Link(delay_link, *how)
    except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
        print(f"SKIPPED: no network namespaces here ({error})")
        return None


def measure_speed(ours, stub, delay_link):
    link = laid(delay_link, 10)
    if link is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = Esphome(link, ours, stub, pathlib.Path(folder), SIZE)
            print(f"{SIZE} bytes as they are, 10 ms each way, window {WINDOW}, medians of {ROUNDS}")
            both = [(bench.ours(WINDOW, "--plain"), bench.plain_tcp()) for _ in range(ROUNDS)]
            good = compare("beside plain TCP", *zip(*both), 1.05)
            # who waits for a count after each 8 KiB loses little where a window is smaller than that
            good &= bench.beside_theirs(WINDOW, 0.8)
            print(f"window {WIDE_WINDOW}")
            good &= bench.beside_theirs(WIDE_WINDOW, 0.35)
            bench.file, what = program(pathlib.Path(folder))
            print(f"{bench.file.stat().st_size} bytes, {what}; window {WINDOW}, deflated")
            both = [(bench.ours(WINDOW, "--deflate"), bench.ours(WINDOW, "--plain"))
                    for _ in range(ROUNDS)]
            good &= compare("beside itself, not packed", *zip(*both), 0.7)
            good &= bench.beside_theirs(WINDOW, 0.8, "--deflate")
            return good
    finally:
        link.close()


def measure_losses(ours, stub, delay_link):
    link = laid(delay_link, 10, LOST_PERCENT)
    if link is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "small.bin"
            file.write_bytes(image(LOSSY_SIZE))
            ends = upload_lossy(link, ours, stub, file, UPLOADS)
    finally:
        link.close()
    counts = {end: ends.count(end) for end in sorted(set(ends))}
    told = ", ".join(f"{count} {verdict} and {'taken' if taken else 'not taken'}"
                     f"{f' {taken} times' if taken > 1 else ''}"
                     for (verdict, taken), count in counts.items())
    good = all(is_right(*end) for end in ends)
    print(f"{LOSSY_SIZE} bytes, {LOST_PERCENT} % lost each way, {UPLOADS} uploads: {told}: "
          f"{'met' if good else 'NOT MET'}", flush=True)
    return good


def measure_fleet(ours, stub, _):
    bench_fleet.all_files_allowed()
    with tempfile.TemporaryDirectory() as folder:
        key = pathlib.Path(folder) / "key"
        key.touch(0o600)
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        keyed = ("--key-file", str(key))
        sealed = bench_fleet.Road(FLEET, "esphome://",
                                  ("--esphome", "--deflate", "--encrypted", *keyed), keyed)
        print("ESPHome's protocol, encrypted:")
        seconds, memory = bench_fleet.measure([ours], stub, road=sealed)
        print(f"peak {memory / 1024:.1f} MiB (bound {FLEET_MEMORY_KIB // 1024})")
        print("invitations:")
        bench_fleet.measure([ours], stub, road=bench_fleet.Road(FLEET))
    return seconds is not None and memory <= FLEET_MEMORY_KIB


PARTS = {"speed": measure_speed, "lossy": measure_losses, "fleet": measure_fleet}


def main(ours, stub, delay_link, *parts):
    programs = [os.path.abspath(name) for name in (ours, stub, delay_link)]
    ends = [PARTS[part](*programs) for part in parts or PARTS]
    if False in ends:
        return 1
    return 0 if True in ends else 77


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
