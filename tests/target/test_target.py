# SPDX-License-Identifier: MIT
"""The core on a Cortex-M0+: what it needs, what it asks for, and whether it works there.

The whole of it is skipped where no cross compiler is installed; with clang alone what can be
said without a linker is said.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import espota_test

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEXT_LIMIT = 8 * 1024
MEMORY_LIMIT = 4096 + 1024

# All that a device may take of us, and what it needs for ArduinoOTA alone, as the porter's table says;
# digests come from elsewhere.
SOURCES = {path.stem: path.relative_to(ROOT) for folder in ("src/wire", "firmware-stub/core")
           for path in sorted((ROOT / folder).glob("*.c"))}
DEVICE = ("auth crc cursor digest eboot invitation receiver status text updater updater_message").split()
PUMP = ("firmware-stub/device.c", "firmware-stub/boot/boot.c")
# The loader that survives, with its SHA-256.
LOADER = "layout record safe sha256".split()
LOADER_LIMIT = 4096
LOADER_MEMORY_LIMIT = 1024  # beside one sector
FLAGS = ("-std=c11 -Os -ffreestanding -ffunction-sections -fdata-sections -Wall -Wextra -Werror "
         "-mcpu=cortex-m0plus -mthumb").split()
# What a program that uses the updater alone calls beyond the pump.
ALONE = ("begin", "write", "end", "magic", "abort", "message")
LIBC = re.compile(r"^(mem(cpy|move|set|cmp|chr)|__aeabi_\w+|__gnu_thumb1_case_\w+)$")


class Tools:
    """GCC with its binutils, or clang with LLVM's."""

    def __init__(self):
        self.gcc = shutil.which("arm-none-eabi-gcc")
        if self.gcc:
            self.compile = [self.gcc]
            self.nm, self.size = "arm-none-eabi-nm", "arm-none-eabi-size"
        elif shutil.which("clang") and shutil.which("llvm-nm") and shutil.which("llvm-size"):
            self.compile = ["clang", "--target=thumbv6m-none-eabi"]
            self.nm, self.size = "llvm-nm", "llvm-size"
        else:
            raise unittest.SkipTest("neither arm-none-eabi-gcc nor clang with LLVM's tools here")

    def object(self, source, out):
        run(*self.compile, *FLAGS, *INCLUDES, "-c", ROOT / source, "-o", out)

    def symbols(self, path, *options):
        """(name, kind, size) of each symbol."""
        found = []
        for line in run(self.nm, "-P", *options, path).splitlines():
            fields = line.split()
            if len(fields) >= 2 and not line.endswith(":"):
                found.append((fields[0], fields[1], int(fields[3], 16) if len(fields) > 3 else 0))
        return found

    def sections(self, path):
        """text (with constants), data, bss."""
        return [int(field) for field in run(self.size, path).splitlines()[1].split()[:3]]


INCLUDES = ["-isystem", HERE / "include", f"-I{ROOT}/firmware-stub", f"-I{ROOT}/src", f"-I{ROOT}/include",
            f"-I{HERE}"]


def run(*argv, timeout=None):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


class Target(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tools = Tools()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.objects = {}
        for name, source in SOURCES.items():
            cls.add(name, source)
        for source in PUMP:
            cls.add(source, source)
        for name in LOADER + ["program"]:
            cls.add(name, f"firmware-stub/boot/{name}.c")

    @classmethod
    def add(cls, name, source):
        out = pathlib.Path(cls.folder.name) / (str(name).replace("/", "_") + ".o")
        cls.tools.object(source, out)
        cls.objects[name] = out

    def test_memory(self):
        out = pathlib.Path(self.folder.name) / "sizes.o"
        self.tools.object("tests/target/sizes.c", out)
        sizes = {name.removeprefix("size_of_"): size
                 for name, _, size in self.tools.symbols(out) if name.startswith("size_of_")}
        for name, size in sorted(sizes.items()):
            print(f"memory of the {name}: {size} bytes (limit {MEMORY_LIMIT})")
        self.assertEqual(set(sizes), {"receiver", "updater", "device"})
        self.assertGreater(sizes["updater"], 4096)
        self.assertLessEqual(max(sizes.values()), MEMORY_LIMIT)

    def test_text(self):
        rows = {name: self.tools.sections(self.objects[name])[0] for name in DEVICE}
        for name, size in rows.items():
            print(f"  {size:6} {name}")
        print(f"  {sum(rows.values()):6} all of it, used or not")
        if not self.tools.gcc:
            self.skipTest("no linker for the target here: what a device uses cannot be told")
        needed = {f"espota_updater_{verb}" for verb in ALONE}
        for source in PUMP:
            needed |= {name for name, _, _ in self.tools.symbols(self.objects[source], "-u")
                       if name.startswith("espota_")}
        out = pathlib.Path(self.folder.name) / "device.elf"
        run(self.tools.gcc, "-mcpu=cortex-m0plus", "-mthumb", "-nostdlib",
            "-Wl,--gc-sections,--unresolved-symbols=ignore-all,-e,espota_receiver_init",
            *[f"-Wl,-u,{name}" for name in sorted(needed)],
            *[self.objects[name] for name in DEVICE], "-o", out)
        text, data, bss = self.tools.sections(out)
        pump = [self.tools.sections(self.objects[source])[0] for source in PUMP]
        print(f"text of the core as a device uses it: {text} bytes (limit {TEXT_LIMIT})")
        print(f"  beside it the pump has {pump[0]}, the loader's run {pump[1]}")
        self.assertGreater(text, 4096)
        self.assertLessEqual(text, TEXT_LIMIT)
        self.assertEqual((data, bss), (0, 0))

    def deepest(self, sources, entry):
        """Bytes of stack on the deepest way down from a function, without what the port does there."""
        frames, calls = {}, {}
        for source in sources:
            run(self.tools.gcc, *FLAGS, "-fcallgraph-info=su", *INCLUDES, "-c", ROOT / source, "-o",
                pathlib.Path(self.folder.name) / "stack.o")
            graph = (pathlib.Path(self.folder.name) / "stack.ci").read_text(encoding="utf-8")
            for name, size in re.findall(r'node: { title: "([^"]+)" label: "[^"]*?(\d+) bytes \(static\)', graph):
                frames[name.split(":")[-1]] = int(size)
            for caller, callee in re.findall(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', graph):
                calls.setdefault(caller.split(":")[-1], set()).add(callee.split(":")[-1])

        def depth(name):
            return frames.get(name, 0) + max((depth(callee) for callee in calls.get(name, ())), default=0)

        self.assertGreater(frames[entry], 0)
        # what a digest needs is called through the port's table
        return depth(entry) + depth("digest_add")

    def test_loader(self):
        if not self.tools.gcc:
            self.skipTest("no linker for the target here: what the loader uses cannot be told")
        out = pathlib.Path(self.folder.name) / "loader.elf"
        run(self.tools.gcc, "-mcpu=cortex-m0plus", "-mthumb", "-nostdlib",
            "-Wl,--gc-sections,--unresolved-symbols=ignore-all,-e,espota_boot_safe,-u,espota_boot_crypto",
            *[self.objects[name] for name in LOADER + ["crc", "cursor"]], "-lgcc", "-o", out)
        text, data, bss = self.tools.sections(out)
        stack = self.deepest([f"firmware-stub/boot/{name}.c" for name in LOADER] +
                             ["src/wire/crc.c", "src/wire/cursor.c"], "espota_boot_safe")
        print(f"text of the loader that survives: {text} bytes with digests (limit {LOADER_LIMIT})")
        print(f"  its stack beside one sector, without what flash functions need: {stack} bytes (limit {LOADER_MEMORY_LIMIT})")
        self.assertGreater(text, 1024)
        self.assertLessEqual(text, LOADER_LIMIT)
        self.assertEqual((data, bss), (0, 0))
        self.assertGreater(stack, 256)
        self.assertLessEqual(stack, LOADER_MEMORY_LIMIT)

    def test_symbols(self):
        """The core calls itself, mem* and the compiler's helpers, and exports one prefix."""
        defined, wanted = set(), {}
        for name, path in self.objects.items():
            for symbol, kind, _ in self.tools.symbols(path):
                if kind == "U":
                    wanted.setdefault(symbol, name)
                elif kind.isupper():
                    defined.add(symbol)
        self.assertGreater(len(defined), 50)
        strangers = {symbol: name for symbol, name in wanted.items()
                     if symbol not in defined and not LIBC.match(symbol)}
        self.assertEqual(strangers, {})
        self.assertEqual([name for name in defined if not name.startswith("espota_")], [])

    def test_no_state_outside_contexts(self):
        for name, path in self.objects.items():
            _, data, bss = self.tools.sections(path)
            self.assertEqual((name, data, bss), (name, 0, 0))

    def test_vectors_here_and_there(self):
        expected = (HERE / "vectors.txt").read_text(encoding="utf-8").splitlines()
        here = run(os.environ["ESPOTA_VECTORS"]).splitlines()
        self.assertEqual(here, expected)
        qemu = shutil.which("qemu-system-arm")
        if not self.tools.gcc or not qemu:
            self.skipTest("arm-none-eabi-gcc or qemu-system-arm is not installed")
        out = pathlib.Path(self.folder.name) / "vectors.elf"
        sources = [SOURCES[name] for name in DEVICE] + list(PUMP)
        sources += ["tests/target/main_arm.c", "tests/target/vectors.c"]
        run(self.tools.gcc, *FLAGS, *INCLUDES, "-nostdlib", "-T", HERE / "link.ld",
            "-Wl,--gc-sections", *[ROOT / source for source in sources], "-lgcc", "-o", out)
        there = run(qemu, "-M", "lm3s6965evb", "-cpu", "cortex-m0", "-display", "none",
                    "-monitor", "none", "-serial", "none", "-chardev", "stdio,id=said",
                    "-semihosting-config", "enable=on,target=native,chardev=said",
                    "-kernel", out, timeout=espota_test.TIMEOUT).splitlines()
        notes = [line for line in there if line.startswith("#")]
        print("on an emulated Cortex-M0:", ", ".join(note[2:] for note in notes))
        self.assertEqual([line for line in there if not line.startswith("#")], expected)
        self.assertEqual(len(notes), 1)


if __name__ == "__main__":
    espota_test.main()
