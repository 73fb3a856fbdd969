# SPDX-License-Identifier: MIT
"""PlatformIO: upload with espota-c, and sign what was built.

In platformio.ini:

    [env:door]
    upload_protocol = espota
    upload_port = 192.168.1.50
    extra_scripts = post:espota_c.py
    custom_espota_privatekey = private.key   ; optional: sign each build with it

The password belongs into the environment variable ESPOTA_PASSWORD, not into platformio.ini.
"""

import os
import shutil

Import("env")  # noqa: F821 - PlatformIO puts it there


def program():
    named = os.environ.get("ESPOTA_C") or shutil.which("espota-c")
    if not named:
        raise SystemExit("espota-c is not installed, or not in PATH (ESPOTA_C names it)")
    return named


def sign(source, target, env):
    """Writes firmware.bin.signed, which an espota upload takes in place of firmware.bin."""
    image = str(target[0])
    key = os.path.join(env.subst("$PROJECT_DIR"), env.GetProjectOption("custom_espota_privatekey"))
    return env.Execute([[program(), "sign", "--privatekey", key, "--force", image]])


env.Replace(UPLOADER=program(),  # noqa: F821
            UPLOADCMD='"$UPLOADER" $UPLOADERFLAGS -f "$SOURCE"')
if env.GetProjectOption("custom_espota_privatekey", None):  # noqa: F821
    env.AddPostAction("$BUILD_DIR/${PROGNAME}.bin", sign)  # noqa: F821
