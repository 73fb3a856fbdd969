# SPDX-License-Identifier: MIT
"""espota-c arduino install, on trees with the keys that the cores ship."""

import os
import pathlib
import subprocess
import sys
import unittest

import espota_test
from espota_test import Case, espota_c

PLATFORM = {
    "esp8266": 'name=ESP8266\ntools.esptool.upload.network_pattern="{network_cmd}" -I "x"\n',
    "esp32": 'name=ESP32\ntools.esp_ota.cmd=python3 "{runtime.platform.path}/tools/espota.py" -r\n'
             'pluggable_discovery.required.0=builtin:serial-discovery\n',
    "rp2040": 'name=RP2040\ntools.uf2conv-network.upload.pattern="{cmd}" -I "x"\n',
}
MINE = "# mine\ncompiler.cpp.extra_flags=-DMINE\n"


class Install(Case):
    def setUp(self):
        super().setUp()
        self.home = self.dir / "a home"
        self.cores = {name: self.core(f"packages/v/hardware/{name}/1.2.3", name)
                      for name in PLATFORM}

    def core(self, below, name):
        core = self.home / ".arduino15" / below
        (core / "tools").mkdir(parents=True)
        (core / "platform.txt").write_text(PLATFORM[name])
        (core / "tools" / "espota.py").write_text("print('original')\n")
        (core / "tools" / "signing.py").write_text("print('original signing')\n")
        return core

    def install(self, *options, code=0):
        done = espota_test.run("arduino", "install", *options,
                               env={"HOME": str(self.home)})
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def local(self, name):
        return self.cores[name] / "platform.local.txt"

    def state(self):
        return {str(path.relative_to(self.home)): path.read_bytes()
                for path in sorted(self.home.rglob("*")) if path.is_file()}

    def test_lines_of_each_core(self):
        self.install()
        program = os.path.realpath(espota_c())
        esp8266 = self.local("esp8266").read_text()
        self.assertIn(f'tools.esptool.upload.network_pattern="{program}" -i "{{serial.port}}" '
                      '-p "{network.port}" "--auth={network.password}" '
                      '-f "{build.path}/{build.project_name}.bin"\n', esp8266)
        self.assertIn(f'recipe.objcopy.hex.2.pattern="{program}" --mode sign', esp8266)
        self.assertNotIn("pluggable_", esp8266)  # one would switch its network ports off
        self.assertIn(f'tools.esp_ota.cmd="{program}" -r\n', self.local("esp32").read_text())
        self.assertIn("tools.uf2conv-network.upload.field.password.secret=true\n",
                      self.local("rp2040").read_text())

    def test_what_a_person_has_stays_and_twice_is_once(self):
        self.local("esp8266").write_text(MINE)
        before = self.state()
        self.install()
        once = self.state()
        self.assertTrue(self.local("esp8266").read_text().startswith(MINE))
        backup = self.cores["esp8266"] / "platform.local.txt.before-espota-c"
        self.assertEqual(backup.read_text(), MINE)
        self.assertIn("is as it should be", self.install().stderr)
        self.assertEqual(self.state(), once)
        self.install("--remove")
        self.assertEqual(self.state(), before)

    def test_lines_that_were_added_behind_ours_stay(self):
        self.install("--core", "esp32")
        with self.local("esp32").open("a") as file:
            file.write(MINE)
        self.install("--core", "esp32")
        self.assertEqual(self.local("esp32").read_text().count(">>>"), 2)
        self.install("--core", "esp32", "--remove")
        self.assertEqual(self.local("esp32").read_text(), MINE)

    def test_one_core_only(self):
        self.install("--core", "rp2040")
        self.assertTrue(self.local("rp2040").exists())
        self.assertFalse(self.local("esp32").exists())
        self.install("--core", str(self.cores["esp32"]))
        self.assertTrue(self.local("esp32").exists())
        self.assertFalse(self.local("esp8266").exists())

    def test_dry_run_changes_nothing(self):
        before = self.state()
        self.assertIn("would be written", self.install("--dry-run", "--shim").stderr)
        self.assertEqual(self.state(), before)

    def test_a_sketchbook_core(self):
        core = self.home / "Arduino" / "hardware" / "espressif" / "esp32"
        core.mkdir(parents=True)
        (core / "platform.txt").write_text(PLATFORM["esp32"])
        self.install()
        self.assertTrue((core / "platform.local.txt").exists())

    def test_shims_run_the_program_and_go_again(self):
        before = self.state()
        self.install("--shim")
        shim = self.cores["esp32"] / "tools" / "espota.py"
        done = subprocess.run([sys.executable, "-I", str(shim), "--help"], capture_output=True,
                              text=True, timeout=espota_test.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--host_port", done.stdout + done.stderr)
        self.install("--shim")
        self.assertEqual((shim.parent / "espota.py.orig").read_text(), "print('original')\n")
        self.install("--remove")
        self.assertEqual(self.state(), before)

    def test_nothing_there(self):
        done = self.install("--data-dir", str(self.dir), code=3)
        self.assertIn("--core PATH", done.stderr)

    def test_a_folder_that_is_no_core(self):
        done = self.install("--core", str(self.dir), code=8)
        self.assertIn("no platform.txt", done.stderr)

    def test_a_file_that_may_not_be_written(self):
        self.local("esp32").mkdir()
        done = self.install("--core", "esp32", code=8)
        self.assertIn("platform.local.txt", done.stderr)


if __name__ == "__main__":
    espota_test.main()
