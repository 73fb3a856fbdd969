# SPDX-License-Identifier: MIT
"""In place of a core's tools/espota.py or tools/signing.py: the same line, done by espota-c.

For what calls the script by its path and cannot be told of another program; where a core's
platform.local.txt is read, "espota-c arduino install" does it without Python. espota-c is taken
from ESPOTA_C, from the script's folder or from PATH. Its exit code is the script's on every system:
os.execv would return at once on Windows, and lose it.
"""

import os
import subprocess
import sys


def program():
    """Where espota-c is, or None. shutil.which would take it from the current folder first."""
    name = "espota-c.exe" if os.name == "nt" else "espota-c"
    for folder in [os.path.dirname(os.path.abspath(__file__))] + os.get_exec_path():
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def main():
    path = os.environ.get("ESPOTA_C") or program()
    if path is None:
        sys.stderr.write("espota-c is not installed: put it beside this script or into PATH, or "
                         "name it in ESPOTA_C\n")
        return 1
    # under this script's name the program knows what is wanted of a line without options, too
    argv = [os.path.basename(__file__)] + sys.argv[1:]
    try:
        child = subprocess.Popen(argv, executable=path)
    except OSError as error:
        sys.stderr.write(f"espota-c does not start: {error}\n")
        return 1
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass  # it has the same key: what it says and returns counts


if __name__ == "__main__":
    code = main()
    sys.exit(128 - code if code < 0 else code)  # ended by a signal: as shells say it
