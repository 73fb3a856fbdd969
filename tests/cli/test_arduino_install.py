# SPDX-License-Identifier: MIT
"""espota-c arduino install, on trees with the keys that the cores ship."""

import os
import shutil
import subprocess
import sys

import espota_test
from espota_test import Case, Stub, espota_c

PLATFORM = {
    "esp8266": 'name=ESP8266\ntools.esptool.upload.network_pattern="{network_cmd}" -I "x"\n',
    "esp32": 'name=ESP32\ntools.esp_ota.cmd=python3 "{runtime.platform.path}/tools/espota.py" -r\n'
             'pluggable_discovery.required.0=builtin:serial-discovery\n',
    "rp2040": 'name=RP2040\ntools.uf2conv-network.upload.pattern="{cmd}" -I "x"\n'
              'recipe.hooks.sketch.prebuild.pattern="{python}" -I "tools/signing.py" --mode header\n',
}
DISCOVERY = b"\x7fELF of Arduino\0\xff\0" + bytes(5_000_000)
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

    def install(self, *options, code=0, **env):
        done = espota_test.run("arduino", "install", *options,
                               env={"HOME": str(self.home), **env})
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
        rp2040 = self.local("rp2040").read_text()
        self.assertIn("tools.uf2conv-network.upload.field.password.secret=true\n", rp2040)
        self.assertIn(f'recipe.hooks.sketch.prebuild.pattern="{program}" --mode header', rp2040)
        self.assertIn(f'tools.uf2conv.upload.network_pattern="{program}" -i', rp2040)

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

    def test_the_line_ends_of_the_file_stay(self):
        mine = MINE.replace("\n", "\r\n").encode()
        self.local("esp8266").write_bytes(mine)
        self.install()
        written = self.local("esp8266").read_bytes()
        self.assertEqual(written.count(b"\r\n"), written.count(b"\n"))
        self.assertGreater(written.count(b"\n"), 4)
        self.assertIn("is as it should be", self.install("--core", "esp8266").stderr)
        self.install("--remove")
        self.assertEqual(self.local("esp8266").read_bytes(), mine)

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

    def moved(self, name):
        """A core elsewhere, and the folder in which it is."""
        place = self.home / name
        core = place / "packages/v/hardware/esp32/3.0.0"
        core.mkdir(parents=True)
        (core / "platform.txt").write_text(PLATFORM["esp32"])
        return place, core / "platform.local.txt"

    def test_the_folders_of_arduino_cli_yaml(self):
        data, local = self.moved("of cli")
        ide, ide_local = self.moved("of ide")
        book = self.home / "book" / "hardware" / "me" / "esp8266"
        book.mkdir(parents=True)
        (book / "platform.txt").write_text(PLATFORM["esp8266"])
        config = self.home / ".arduino15" / "arduino-cli.yaml"
        config.write_text(f"directories:\n    data: {data}\n    user: {book.parents[2]}\n")
        (self.home / ".arduinoIDE").mkdir()
        (self.home / ".arduinoIDE" / "arduino-cli.yaml").write_text(
            f"directories:\n    data: '{ide}'\n")
        self.install()
        for path in (local, ide_local, book / "platform.local.txt"):
            self.assertTrue(path.exists(), path)
        self.assertFalse(self.local("esp32").exists())  # those are not Arduino's any more
        self.install("--remove")
        self.assertFalse(local.exists())

    def test_what_the_environment_says_goes_first(self):
        data, local = self.moved("of cli")
        other, other_local = self.moved("of env")
        config = self.home / "my.yaml"
        config.write_text(f"directories:\n  data: {data}\n")
        self.install(ARDUINO_CONFIG_FILE=str(config))
        self.assertTrue(local.exists())
        self.install(ARDUINO_CONFIG_FILE=str(config), ARDUINO_DATA_DIR=str(other))
        self.assertTrue(other_local.exists())
        self.assertFalse(self.local("esp32").exists())

    def test_a_configuration_that_is_not_understood(self):
        (self.home / ".arduino15" / "arduino-cli.yaml").write_text("directories: {data: /a}\n")
        self.assertIn("not understood", self.install().stderr)
        self.assertTrue(self.local("esp32").exists())

    def test_a_core_without_network_upload_is_left(self):
        core = self.home / "Arduino" / "hardware" / "espressif" / "esp32"
        core.mkdir(parents=True)
        (core / "platform.txt").write_text("name=ESP32\nversion=1.0.0\n")
        old = self.home / ".arduino15/packages/v/hardware/esp32/1.0.0"
        old.mkdir()
        (old / "platform.txt").write_text("name=ESP32\nversion=1.0.0\n")
        told = self.install("--dry-run").stderr
        for folder in (core, old):
            self.assertIn(f"{folder} has no upload over the network", told)
            self.assertNotIn(f"{folder}/platform.local.txt", told)
        self.install()
        self.assertFalse((core / "platform.local.txt").exists())
        shutil.copytree(old, self.dir / "d/packages/v/hardware/esp32/1.0.0")
        done = self.install("--data-dir", str(self.dir / "d"), code=3)
        self.assertIn("none of the cores", done.stderr)

    def discovery(self, version="1.0.9"):
        tool = self.home / ".arduino15/packages/builtin/tools/mdns-discovery" / version
        tool.mkdir(parents=True)
        program = tool / "mdns-discovery"
        program.write_bytes(DISCOVERY)
        program.chmod(0o755)
        return program

    def test_discovery_stands_in_and_goes_again(self):
        tools = self.discovery("1.0.8"), self.discovery("1.0.9")
        before = self.state()
        self.install()
        self.assertEqual(tools[0].read_bytes(), DISCOVERY)  # only who asks for it gets it
        self.assertIn("would be replaced", self.install("--discovery", "--dry-run").stderr)
        self.assertEqual(tools[0].read_bytes(), DISCOVERY)
        self.install("--discovery")
        for tool in tools:
            done = subprocess.run([tool], input=b'HELLO 1 "arduino-cli 1.0.0"\nQUIT\n',
                                  capture_output=True, timeout=espota_test.TIMEOUT)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b'"protocolVersion": 1', done.stdout)
        self.assertIn("is as it should be", self.install("--discovery").stderr)
        self.assertEqual(tools[0].with_name("mdns-discovery.orig").read_bytes(), DISCOVERY)
        self.install("--remove")
        self.assertEqual(self.state(), before)
        self.assertTrue(os.access(tools[0], os.X_OK))

    def test_discovery_of_a_new_version_beside_ours(self):
        tool = self.discovery()
        self.install("--discovery")
        tool.write_bytes(b"newer")  # Arduino's tools installed it once more
        self.install("--discovery")
        self.assertEqual(tool.with_name("mdns-discovery.orig").read_bytes(), b"newer")

    def test_no_discovery_to_stand_in_for(self):
        done = self.install("--discovery", code=3)
        self.assertIn("mdns-discovery was not found", done.stderr)
        self.install("--remove")
        self.discovery()
        self.install("--discovery", "--core", str(self.cores["esp32"]))
        self.assertFalse(self.local("esp8266").exists())

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

    def test_file_systems_of_the_ide(self):
        """Its extension runs the core's own espota.py, without a password: it is one that is kept."""
        self.install("--shim")
        config = self.dir / "config" / "espota-c"
        config.mkdir(parents=True)
        self.file("config/espota-c/passwords", "127.0.0.1 geheim\n")
        image = self.file("littlefs.bin", bytes(range(256)) * 32)
        env = espota_test.environment({"XDG_CONFIG_HOME": str(config.parent)})
        with Stub("--fast", "--password", "geheim") as device:
            for core, first, rest in (("rp2040", ["-I"], []), ("esp32", [], ["-r"]),
                                      ("esp8266", [], [])):
                done = subprocess.run(
                    [sys.executable, *first, self.cores[core] / "tools" / "espota.py", *rest, "-i",
                     "127.0.0.1", "-p", str(device.port), "-f", image, "-s"],
                    env=env, capture_output=True, text=True, timeout=espota_test.TIMEOUT)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_shim_gives_the_exit_code_where_exec_does_not(self):
        self.install("--shim")
        shim = self.cores["esp8266"] / "tools" / "espota.py"
        script = ("import os, runpy, sys; os.name = 'nt'; sys.argv = sys.argv[1:]; "
                  "runpy.run_path(sys.argv[0], run_name='__main__')")
        for line, code in (("--help",), 0), (("-p", "x y"), 2), (("-i", "127.0.0.1"), 1):
            done = subprocess.run([sys.executable, "-c", script, str(shim), *line],
                                  capture_output=True, text=True, timeout=espota_test.TIMEOUT)
            self.assertEqual(done.returncode, code, done.stderr)

    def test_programs_of_other_systems_stay(self):
        tool = self.cores["esp32"] / "tools" / "espota.exe"
        tool.write_bytes(b"MZ of Espressif")
        self.install("--shim")
        self.assertEqual(tool.read_bytes(), b"MZ of Espressif")

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
