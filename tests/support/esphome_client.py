# SPDX-License-Identifier: MIT
"""ESPHome's own uploader against one device: esphome_client.py HOST PORT IMAGE [PASSWORD [KEY]].

Runs in the Python that tests/run.sh --full installs it for. Exit code 0: the device took the image,
and the seconds from the connection to its verdict are on standard output; 1: what it says is on
standard error.
"""

import io
import pathlib
import socket
import sys
import time

from esphome import espota2


def main(host, port, image, password="", key=""):
    verdict = []
    # behind the verdict it sleeps until the device may have started, which nobody here waits for
    espota2.time.sleep = lambda _: verdict.append(time.monotonic())
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        start = time.monotonic()
        try:
            espota2.perform_ota(connection, password or None,
                                io.BytesIO(pathlib.Path(image).read_bytes()), pathlib.Path(image),
                                noise_psk=key or None)
        except espota2.OTAError as failure:
            sys.exit(str(failure))
    print(verdict[-1] - start)


main(*sys.argv[1:])
