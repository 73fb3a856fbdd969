# SPDX-License-Identifier: MIT
"""A device that fetches its update more slowly than any time-out of the server allows to stand."""

import hashlib

import espota_test
from espota_test import Case, Process, espota_c, espota_stub, events, image, run_program

SIZE = 420_000  # 21 s: the server's limit is 20 s of silence


class Slow(Case):
    def test_longer_than_the_time_out(self):
        content = image(SIZE)
        folder = self.dir / "fw"
        folder.mkdir()
        (folder / "door.bin").write_bytes(content)
        with Process(espota_c(), "serve", "--listen", "127.0.0.1:0", "--json", "--dir",
                     folder) as server:
            host = server.wait_event("ready")["address"]
            done = run_program(espota_stub(), "--pull", f"http://{host}/door.bin", "--json",
                               "--rate", "20k", "--tcp-window", "5840")
        self.assert_exit(done, 0)
        seen = events(done.stdout)
        self.assertEqual(next(e for e in seen if e["event"] == "pull")["result"], "updated")
        self.assertEqual(seen[-1]["md5"], hashlib.md5(content).hexdigest())


if __name__ == "__main__":
    espota_test.main()
