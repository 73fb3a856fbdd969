# SPDX-License-Identifier: MIT
"""What other tools pick up: the PlatformIO script, the GitHub action and the script that stands in for
espota.py, against a device; what winget, Scoop and Chocolatey are told."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest
import xml.etree.ElementTree

import espota_test
from espota_test import Case, Stub, espota_c, image

CONTRIB = pathlib.Path(__file__).resolve().parents[2] / "contrib"


class PlatformIO(Case):
    """The script sees an environment as SCons makes it; what it builds is then run."""

    class Environment:
        def __init__(self, project, options, values):
            self.project, self.options = project, options
            self.values, self.actions, self.before = dict(values), [], {}

        def Replace(self, **values):
            self.values.update(values)

        def AddPreAction(self, target, action):
            self.before[target] = action

        def AddPostAction(self, target, action):
            self.actions.append((target, action))

        def GetProjectOption(self, name, default=None):
            return self.options.get(name, default)

        def subst(self, text):
            return str(self.project) if text == "$PROJECT_DIR" else self.values.get(text[1:], "")

        def Execute(self, commands):
            return subprocess.run(commands[0], check=False).returncode

    ESPOTA = {"UPLOAD_PROTOCOL": "espota", "UPLOADER": "/framework/tools/espota.py"}

    def load(self, values=None, program=None, **options):
        env = self.Environment(self.dir, options, self.ESPOTA if values is None else values)
        script = CONTRIB / "platformio" / "espota_c.py"
        change = {"ESPOTA_C": espota_c() if program is None else program}
        if program == "":
            change["PATH"] = str(self.dir)
        for name, value in change.items():
            self.addCleanup(os.environ.__setitem__, name, os.environ[name])
            os.environ[name] = value
        scope = {"env": env, "Import": lambda name: None, "__name__": "espota_c"}
        exec(compile(script.read_text(), str(script), "exec"), scope)
        return env

    def command(self, env, flags, source):
        """As SCons puts it together; the flags are PlatformIO's own."""
        self.assertEqual(env.before["upload"](None, [source], env), 0)
        line = env.values["UPLOADCMD"]
        for name, value in (("$UPLOADERFLAGS", flags), ("$UPLOADER", env.values["UPLOADER"]),
                            ("$SOURCE", str(source))):
            line = line.replace(name, value)
        return line

    def test_upload(self):
        env = self.load()
        with Stub("--fast", "--password", "secret", "--uploads", "1") as stub:
            flags = (f"--auth=secret --port={stub.port} --debug --progress -i 127.0.0.1")
            done = subprocess.run(self.command(env, flags, self.file("firmware.bin", image())),
                                  shell=True, capture_output=True, text=True,
                                  timeout=espota_test.TIMEOUT,
                                  env=espota_test.environment())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("secret", done.stdout + done.stderr)

    def test_another_upload_stays_as_it_is(self):
        serial = {"UPLOAD_PROTOCOL": "esptool", "UPLOADER": "/tool/esptool.py", "UPLOADCMD": "x"}
        env = self.load(serial)
        self.assertEqual((env.values, env.before, env.actions), (serial, {}, []))
        # but an address as upload_port is espota, whatever the protocol is called
        env = self.load({**serial, "UPLOADER": "/framework/tools/espota.py"})
        self.assertEqual(env.values["UPLOADER"], espota_c())

    def test_without_espota_c_only_what_needs_it_fails(self):
        env = self.load(program="", custom_espota_privatekey="private.key")
        with contextlib.redirect_stderr(io.StringIO()) as told:
            self.assertNotEqual(env.before["upload"](None, None, env), 0)
            self.assertIn("espota-c is not installed", told.getvalue())
            (_, action), = env.actions
            self.assertNotEqual(action(None, [self.dir / "firmware.bin"], env), 0)

    def test_signing_after_the_build(self):
        key = self.dir / "private.key"
        done = espota_test.run("keygen", "--out", key, "--pub", self.dir / "public.key")
        self.assert_exit(done, 0)
        env = self.load(custom_espota_privatekey="private.key")
        firmware = self.file("firmware.bin", image())
        (target, action), = env.actions
        self.assertEqual(target, "$BUILD_DIR/${PROGNAME}.bin")
        for _ in range(2):  # each build signs anew
            self.assertEqual(action(None, [firmware], env), 0)
        done = espota_test.run("verify", "--publickey", self.dir / "public.key", "--bin",
                               str(firmware) + ".signed")
        self.assert_exit(done, 0)


class Action(Case):
    action = CONTRIB / "github"

    def run_action(self, **inputs):
        output = self.dir / "output"
        output.write_text("")
        bin_dir = self.dir / "bin"
        bin_dir.mkdir(exist_ok=True)
        if not (bin_dir / "espota-c").exists():
            (bin_dir / "espota-c").symlink_to(os.path.abspath(espota_c()))
        env = {f"INPUT_{name}": str(value) for name, value in inputs.items()}
        env.update(PATH=f"{bin_dir}:{os.environ['PATH']}", GITHUB_OUTPUT=str(output),
                   GITHUB_STEP_SUMMARY=str(self.dir / "summary"), GITHUB_ACTIONS="true",
                   INPUT_REPORT=str(self.dir / "report.md"))
        env["ESPOTA_PASSWORD"] = inputs.get("PASSWORD", "")
        env.setdefault("INPUT_BUILD", "installed")
        done = subprocess.run(["sh", str(self.action / "run.sh")], capture_output=True,
                              text=True, env=espota_test.environment(env),
                              stdin=subprocess.DEVNULL, timeout=espota_test.TIMEOUT)
        pairs = (line.split("=", 1) for line in output.read_text().splitlines())
        return done, dict(pairs)


class GitHub(Action):
    def test_sign_and_send(self):
        key = self.dir / "private.key"
        self.assert_exit(espota_test.run("keygen", "--out", key, "--pub", self.dir / "pub"), 0)
        firmware = self.file("firmware.bin", image())
        with Stub("--fast", "--password", "secret", "--uploads", "1") as stub:
            done, outputs = self.run_action(IMAGE=firmware, PRIVATE_KEY=key.read_text(),
                                            TARGETS=f"127.0.0.1:{stub.port}", PASSWORD="secret",
                                            OPTIONS="--retries=0\n--timeout=20")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(outputs["ok"], "1")
        self.assertEqual(outputs["failed"], "0")
        self.assertEqual(outputs["signed-path"], f"{firmware}.signed")
        self.assertIn("1 of 1 done", (self.dir / "summary").read_text())
        for text in (done.stdout, done.stderr):
            self.assertNotIn("secret", text)
            self.assertNotIn("PRIVATE KEY", text)

    def test_a_device_that_refuses(self):
        firmware = self.file("firmware.bin", image())
        with Stub("--fast", "--password", "secret") as stub:
            done, outputs = self.run_action(IMAGE=firmware, TARGETS=f"127.0.0.1:{stub.port}",
                                            PASSWORD="wrong", OPTIONS="--retries=0")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual((outputs["ok"], outputs["failed"]), ("0", "1"))
        self.assertEqual(outputs["report"], str(self.dir / "report.md"))
        self.assertIn("::error title=espota-c::", done.stderr)

    def test_no_report_is_no_output(self):
        """An upload that ends before it begins, and a report of an earlier run."""
        report = self.dir / "report.md"
        for before in (None, "of the last run"):
            if before:
                report.write_text(before)
            done, outputs = self.run_action(IMAGE=self.dir / "none.bin", TARGETS="127.0.0.1:9",
                                            OPTIONS="--no-such-option")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn("report", outputs)
            self.assertFalse((self.dir / "summary").exists())

    def test_inputs_are_words_and_never_commands(self):
        marker = self.dir / "marker"
        done, _ = self.run_action(IMAGE=self.file("firmware.bin", image()),
                                  TARGETS=f"$(touch {marker})",
                                  OPTIONS=f"--timeout=1\n`touch {marker}`")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse(marker.exists())


class InPlaceOfPython(Case):
    """The script where a core's own was, called as cores call it."""

    def script(self, name="espota.py", beside=True):
        tools = self.dir / "tools"
        tools.mkdir(exist_ok=True)
        shutil.copy(CONTRIB / "arduino" / "espota.py", tools / name)
        if beside and not (tools / "espota-c").exists():
            (tools / "espota-c").symlink_to(os.path.abspath(espota_c()))
        return tools / name

    def run_script(self, script, *argv, env=None):
        return subprocess.run([sys.executable, "-I", str(script), *map(str, argv)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=espota_test.TIMEOUT,
                              env=espota_test.environment({"ESPOTA_C": "", **(env or {})}))

    def test_upload_and_its_exit_code(self):
        firmware = self.file("firmware.bin", image())
        script = self.script()
        with Stub("--fast", "--password", "secret", "--uploads", "1") as stub:
            line = ("-i", "127.0.0.1", "-p", stub.port, "-f", firmware)
            self.assertEqual(self.run_script(script, *line, "--auth=wrong").returncode, 1)
            done = self.run_script(script, *line, "--auth=secret")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_script(script, "--no-such-option").returncode, 2)
        # espota.py's own help, though nothing in the line says whose
        self.assertIn("--host_port", self.run_script(script, "--help").stdout)

    def test_signing(self):
        firmware = self.file("firmware.bin", image())
        done = self.run_script(self.script("signing.py"), "--mode", "sign", "--privatekey",
                               self.dir / "none", "--bin", firmware, "--out", self.dir / "signed")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_where_espota_c_is(self):
        script = self.script(beside=False)
        here = self.dir / "here"
        here.mkdir()
        env = {"PATH": str(here)}
        done = self.run_script(script, "--help", env=env)
        self.assertEqual(done.returncode, 1)
        self.assertIn("espota-c is not installed", done.stderr)
        done = self.run_script(script, "--help", env={**env, "ESPOTA_C": str(self.dir / "no")})
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not start", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        done = self.run_script(script, "--help", env={**env, "ESPOTA_C": espota_c()})
        self.assertEqual(done.returncode, 0)
        (here / "espota-c").symlink_to(os.path.abspath(espota_c()))
        self.assertEqual(self.run_script(script, "--help", env=env).returncode, 0)

    def test_ended_by_a_signal_is_no_success(self):
        program = self.file("dies", b"#!/bin/sh\nkill -9 $$\n")
        os.chmod(program, 0o755)
        done = self.run_script(self.script(beside=False), env={"ESPOTA_C": str(program)})
        self.assertEqual(done.returncode, 128 + signal.SIGKILL)


class WindowsPackages(Case):
    """Filled in from a zip that is named as contrib/windows/build.sh names it."""

    NAME = "espota-c-1.2.3-windows-x86_64"
    URL = "https://example.invalid/releases/download/v1.2.3"

    def make(self, url=URL + "/", name=NAME + ".zip"):
        self.zip = self.dir / name
        self.zip.write_bytes(b"PK of any bytes")
        self.sha256 = hashlib.sha256(self.zip.read_bytes()).hexdigest()
        return subprocess.run(["sh", str(CONTRIB / "windows" / "packages.sh"), str(self.zip), url,
                               str(self.dir / "out")], capture_output=True, text=True)

    def made(self, path):
        text = (self.dir / "out" / path).read_text()
        self.assertNotRegex(text, "@[A-Z0-9_]+@")
        return text

    def setUp(self):
        super().setUp()
        done = self.make()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 6)

    def test_winget(self):
        """Names, patterns and required fields of the schemas of manifests, version 1.6.0."""
        required = {
            "version": ("espota-c.espota-c.yaml", "DefaultLocale"),
            "installer": ("espota-c.espota-c.installer.yaml", "Installers", "InstallerType",
                          "NestedInstallerType", "NestedInstallerFiles"),
            "defaultLocale": ("espota-c.espota-c.locale.en-US.yaml", "PackageLocale", "Publisher",
                              "PackageName", "License", "ShortDescription"),
        }
        for kind, (file, *fields) in required.items():
            values = self.yaml(self.made(f"winget/{file}"))
            self.assertEqual((values["ManifestType"], values["ManifestVersion"]), (kind, "1.6.0"))
            self.assertEqual(values["PackageVersion"], "1.2.3")
            self.assertRegex(values["PackageIdentifier"], r"^[^.\s]{1,32}(\.[^.\s]{1,32}){1,7}$")
            self.assertTrue(file.startswith(values["PackageIdentifier"] + "."))
            for field in fields:
                self.assertIn(field, values, file)
            if kind == "defaultLocale":
                self.assertTrue(3 <= len(values["ShortDescription"]) <= 256)
                self.assertLessEqual(len(values["Tags"]), 16)
            if kind == "installer":
                self.assertEqual(values["Installers"], [{
                    "Architecture": "x64", "InstallerUrl": f"{self.URL}/{self.NAME}.zip",
                    "InstallerSha256": self.sha256}])
                self.assertEqual(values["NestedInstallerFiles"], [{
                    "RelativeFilePath": f"{self.NAME}\\espota-c.exe",
                    "PortableCommandAlias": "espota-c"}])

    def yaml(self, text):
        """The little of YAML that these files are: plain scalars, lists of them or of mappings."""
        values, items = {}, None
        for line in text.splitlines():
            plain = r"([^\s'\"&*!|>%@`{}\[\]#:-](?:[^:#]|:(?! ))*)"
            if line.startswith("#"):
                continue
            if match := re.fullmatch(r"(\w+):", line):
                items = values.setdefault(match[1], [])
            elif match := re.fullmatch(r"(\w+): " + plain, line):
                self.assertNotIn(match[1], values)
                values[match[1]] = match[2]
            elif match := re.fullmatch(r"  - (\w+): " + plain, line):
                items.append({match[1]: match[2]})
            elif match := re.fullmatch(r"    (\w+): " + plain, line):
                items[-1][match[1]] = match[2]
            else:
                match = re.fullmatch("  - " + plain, line)
                self.assertTrue(match, line)
                items.append(match[1])
        return values

    def test_scoop(self):
        values = json.loads(self.made("scoop/espota-c.json"))
        self.assertEqual(set(values), {"version", "description", "homepage", "license",
                                       "architecture", "bin", "checkver"})
        self.assertEqual(values["version"], "1.2.3")
        self.assertEqual(values["architecture"], {"64bit": {
            "url": f"{self.URL}/{self.NAME}.zip", "hash": self.sha256, "extract_dir": self.NAME}})

    def test_chocolatey(self):
        space = "{http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd}"
        root = xml.etree.ElementTree.fromstring(self.made("chocolatey/espota-c.nuspec"))
        meta = {item.tag.replace(space, ""): item.text for item in root.find(space + "metadata")}
        for name in ("id", "title", "authors", "projectUrl", "licenseUrl", "tags", "summary",
                     "description"):
            self.assertTrue(meta[name], name)
        self.assertEqual(meta["version"], "1.2.3")
        self.assertEqual(root.find(f"{space}files/{space}file").get("src"), "tools\\**")
        script = self.made("chocolatey/tools/chocolateyInstall.ps1")
        self.assertIn(f"Url64bit       = '{self.URL}/{self.NAME}.zip'", script)
        self.assertIn(f"Checksum64     = '{self.sha256}'", script)

    def test_what_is_no_release_is_refused(self):
        for url in ("http://example.invalid", "https://", "https://example.invalid/'; rm"):
            self.assertNotEqual(self.make(url=url).returncode, 0, url)
        self.assertNotEqual(self.make(name="espota-c.zip").returncode, 0)


class GitHubPrograms(Action):
    """Where the action's espota-c comes from."""

    VERSION = "9.9.9"

    def setUp(self):
        super().setUp()
        cpu = {"aarch64": "aarch64", "x86_64": "x86_64"}.get(os.uname().machine)
        if os.uname().sysname != "Linux" or cpu is None:
            self.skipTest("no static program is made for this system")
        self.name = f"espota-c-{self.VERSION}-linux-{cpu}"
        self.action = self.dir / "action"
        shutil.copytree(CONTRIB / "github", self.action)
        self.firmware = self.file("firmware.bin", image())

    def release(self, spoil=False):
        """A release in a folder, of which the action is told; its espota-c says which it is."""
        program = self.dir / self.name / "bin" / "espota-c"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\necho released >&2\nexec "{espota_c()}" "$@"\n')
        program.chmod(0o755)
        tar = self.dir / f"{self.name}.tar.gz"
        subprocess.run(["tar", "-czf", tar, "-C", self.dir, self.name], check=True)
        digest = hashlib.sha256(tar.read_bytes()).hexdigest()
        if spoil:
            tar.write_bytes(tar.read_bytes()[:-1])
        with open(self.action / "pinned", "a", encoding="utf-8") as pinned:
            pinned.write(f"{digest} {tar.name} file://{self.dir}\n")

    def test_the_release_is_fetched(self):
        self.release()
        with Stub("--fast", "--uploads", "1") as stub:
            done, outputs = self.run_action(IMAGE=self.firmware, BUILD="release",
                                            TARGETS=f"127.0.0.1:{stub.port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(outputs["ok"], "1")
        self.assertIn("released", done.stderr)

    def test_another_file_than_the_released_one_is_not_run(self):
        self.release(spoil=True)
        done, outputs = self.run_action(IMAGE=self.firmware, BUILD="release", TARGETS="127.0.0.1:9")
        self.assertEqual((done.returncode, outputs), (1, {}))
        self.assertIn("its SHA-256 is another", done.stderr)
        self.assertNotIn("released", done.stderr)

    def test_an_action_of_no_release_says_so(self):
        done, _ = self.run_action(IMAGE=self.firmware, BUILD="release", TARGETS="127.0.0.1:9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("of no release", done.stderr)

    def test_source_is_built_only_when_asked(self):
        """cmake is one that notes how it is called, and installs the program of these tests."""
        self.action = CONTRIB / "github"
        (self.dir / "bin").mkdir()
        cmake = self.dir / "bin" / "cmake"
        cmake.write_text(f"""#!/bin/sh
echo "cmake $*" >>"{self.dir}/calls"
[ "$1" = --install ] || exit 0
mkdir -p "$4/bin" && ln -s "{os.path.abspath(espota_c())}" "$4/bin/espota-c"
""")
        cmake.chmod(0o755)
        (self.dir / "bin" / "espota-c").symlink_to("/bin/false")
        self.run_action(IMAGE=self.firmware, BUILD="installed", TARGETS="127.0.0.1:9")
        self.assertFalse((self.dir / "calls").exists())
        with Stub("--fast", "--uploads", "1") as stub:
            done, outputs = self.run_action(IMAGE=self.firmware, BUILD="source",
                                            TARGETS=f"127.0.0.1:{stub.port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(outputs["ok"], "1")
        self.assertIn(f"-S {CONTRIB.parent} ", (self.dir / "calls").read_text())


class Scripts(unittest.TestCase):
    def test_shellcheck(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        root = CONTRIB.parent
        scripts = [path for path in root.rglob("*.sh") if "build" not in path.parts]
        scripts.append(root / ".ci" / "run")
        done = subprocess.run(["shellcheck", "-x", *map(str, scripts)], cwd=root,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    espota_test.main()
