# SPDX-License-Identifier: MIT
"""PlatformIO: upload with espota-c, and sign what was built.

In platformio.ini:

    [env:door]
    upload_protocol = espota
    upload_port = 192.168.1.50
    extra_scripts = post:espota_c.py
    custom_espota_privatekey = private.key   ; optional: sign each build with it

With another upload_protocol the upload stays as it is; espota-c is looked for when something is
uploaded or signed, so that a plain build needs none. The password belongs into the environment
variable ESPOTA_PASSWORD, not into platformio.ini.
"""

import os
import shutil
import sys

Import("env")  # noqa: F821 - PlatformIO puts it there


def program():
    """Where espota-c is, or None."""
    return os.environ.get("ESPOTA_C") or shutil.which("espota-c")


def is_missing(source, target, env):
    """Not 0, which ends the run, where there is no espota-c."""
    if program():
        return 0
    sys.stderr.write("Error: espota-c is not installed, or not in PATH (ESPOTA_C names it)\n")
    return 1


def sign(source, target, env):
    """Writes firmware.bin.signed, which an espota upload takes in place of firmware.bin."""
    if is_missing(source, target, env):
        return 1
    image = str(target[0])
    key = os.path.join(env.subst("$PROJECT_DIR"), env.GetProjectOption("custom_espota_privatekey"))
    return env.Execute([[program(), "sign", "--privatekey", key, "--force", image]])


def is_espota(env):
    """The platforms also take espota for an upload_port that is an address."""
    return (env.subst("$UPLOAD_PROTOCOL") == "espota"
            or os.path.basename(env.subst("$UPLOADER")) == "espota.py")


if is_espota(env):  # noqa: F821
    env.Replace(UPLOADER=program() or "espota-c",  # noqa: F821
                UPLOADCMD='"$UPLOADER" $UPLOADERFLAGS -f "$SOURCE"')
    for name in ("upload", "uploadfs", "uploadfsota"):
        env.AddPreAction(name, is_missing)  # noqa: F821
if env.GetProjectOption("custom_espota_privatekey", None):  # noqa: F821
    env.AddPostAction("$BUILD_DIR/${PROGNAME}.bin", sign)  # noqa: F821
