# SPDX-License-Identifier: MIT
"""How soon devices are listed, between two namespaces (root): the goals are 0.3 s for the first one,
an end within a second of the last question (2.5 s), and a thousand that answer at once.

Prints seconds; exit code 1 where a goal is missed. bench_discover.py ESPOTA_C ESPOTA_STUB
"""

import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "net")]

import netlab  # noqa: E402


class Bench(netlab.Lab):
    def runTest(self):
        pass

    def listed(self, *argv):
        """Seconds to the first and the last event and to the end, and how many there were."""
        start = time.monotonic()
        child = self.here.start(os.environ["ESPOTA_C"], "discover", "--json", *argv)
        times = [time.monotonic() - start for line in child.stdout if json.loads(line)]
        child.wait()
        return times[0] if times else None, times[-1] if times else None, \
            time.monotonic() - start, len(times)

    def report(self, what, argv, count, first_goal=None, end_goal=None):
        first, last, end, events = self.listed(*argv)
        well = events >= count and (first_goal is None or first <= first_goal) and \
            (end_goal is None or end <= end_goal)
        print(f"{what:34} first {first:.3f}  last {last:.3f}  end {end:.3f}  events {events}"
              f"{'' if well else '  MISSED'}", flush=True)
        return well

    def measure(self):
        well = True
        device = self.stub("--hostname", "door")
        for _ in range(3):
            well &= self.report("one device, by questions", ("--via", "query"), 1, 0.3, 2.6)
        device.close()
        self.here.start_avahi()
        self.there.start_avahi()
        self.stub("--hostname", "door")
        netlab.wait_until("Avahi's announcement",
                          lambda: self.here.espota_c("discover", "--via", "avahi").returncode == 0)
        for _ in range(3):
            well &= self.report("one device, by Avahi", ("--via", "avahi"), 1, 0.3, 2.6)
        self.speak("crowd", "10.9.0.2", "1000", "0")
        well &= self.report("1,000 at once, by questions", ("--via", "query", "--timeout", "20"),
                            1001)
        return well


def main(program, stub):
    os.environ["ESPOTA_C"], os.environ["ESPOTA_STUB"] = program, stub
    reason = netlab.why_not()
    if reason:
        print(f"discovery is not measured: {reason}")
        return 0
    bench = Bench()
    bench.setUp()
    try:
        return 0 if bench.measure() else 1
    finally:
        bench.doCleanups()


if __name__ == "__main__":
    sys.exit(main(*map(os.path.abspath, sys.argv[1:])))
