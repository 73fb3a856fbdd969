# SPDX-License-Identifier: MIT
"""Power cuts on emulated boards with the loader that survives, at changes of their flash and inside.

A life begins with a cut, often has more of them while the loader recovers, and ends with power that
stays: then the old program or the new one starts, and the chip holds all of it. tests/power does this
to the same code in simulation, with more ways to tear; here processors run it, on qemu's chips.
"""

import os
import random
import re
import resource
import subprocess
from collections import Counter, namedtuple

import boards
import espota_test
from board_case import Case

# What is cut: the chip before, at which changes of the program's or the loader's, what may start then.
Scene = namedtuple("Scene", "name chip changes of_program may_start")
STARTS = 3  # of a program on trial
UP = r"version (\d) up|died: .*"

total = Counter()


def tearDownModule():
    if total:
        print(f"{total['cuts']} cuts on emulated boards, {total['inside']} of them inside a change, in "
              f"{total['lives']} lives: {total['torn']} torn")


class Cuts(Case):
    loader = "safe-"
    size = 0  # no more than the program has
    cuts, slow_cuts = 24, 200
    seed = 12

    @classmethod
    def setUpClass(cls):
        if cls.cuts == 0:
            espota_test.only_with("slow", "runs for minutes")
        super().setUpClass()

    def lay(self, content):
        """This on the chip; what lies behind is never looked at."""
        path = self.dir / "chip.bin"
        path.write_bytes(content)
        os.truncate(path, boards.QEMU[self.board][3])
        return path

    def look(self, flash):
        return flash.read_bytes()[:boards.CHIP_SIZE]

    def run_once(self, flash, cuts=(0, 0, 0), new=None):
        """What it said from power to a cut, or to the program that is up: its version, None after a cut.
        With `new` this is uploaded in between."""
        upload = None
        with boards.Device(self.board, self.programs, flash, self.air, cuts, loader=self.loader) as device:
            found = device.wait(UP)
            if found and new:
                upload = subprocess.Popen(self.upload_argv(new), stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL, env=espota_test.environment())
                found = device.wait(UP)
                upload.kill()  # it may wait for an answer
                upload.wait()
        self.assertFalse(found and not found[1], device.out.lines)
        return found and int(found[1]), "\n".join(device.out.lines)

    def changes(self, said, who):
        return int(re.findall(who + r".*changes (\d+)", said)[-1])

    def scenes(self):
        """A chip for each, made by the device itself, in lives without a cut but the last."""
        images = {version: self.image(version) for version in (1, 2)}
        flash = self.chip()
        self.assertEqual(self.run_once(flash, new=images[1])[0], 1)
        known = self.look(flash)  # from now on the loader has a digest of it
        version, said = self.run_once(flash, (0, 1, 0), images[2])
        self.assertIsNone(version, said)
        staged = self.look(flash)
        scenes = [Scene("upload", known, self.changes(said, "program: end"), True, {1, 2})]
        version, said = self.run_once(flash, (1, 0, 0))
        self.assertIsNone(version, said)
        scenes += [Scene("swap", staged, self.changes(said, "loader"), False, {1, 2}),
                   Scene("confirmation", self.look(flash), 4, True, {1, 2})]
        unsure = boards.settings(flags=boards.FAST | boards.UNSURE)
        flash = self.lay(staged[:boards.SETTINGS_AT] + unsure + staged[boards.SETTINGS_AT + len(unsure):])
        for _ in range(STARTS):
            self.assertEqual(self.run_once(flash)[0], 2)
        tried = self.look(flash)
        version, said = self.run_once(flash)
        self.assertEqual(version, 1, said)
        return [*scenes, Scene("way back", tried, self.changes(said, "loader"), False, {1})]

    def live(self, scene, chance, images):
        """The cuts that there were, and the version that ran in the end."""
        def tear():
            return chance.choice((0, chance.randrange(1, 1 << 32)))

        flash = self.lay(scene.chip)
        last = scene.changes
        nth = chance.choice((chance.randint(1, last), chance.randint(1, min(last, 6)),
                             chance.randint(max(1, last - 6), last)))
        cuts = (nth, 0, tear()) if scene.of_program else (0, nth, tear())
        plan, happened = [cuts], []
        while len(plan) < 4 and chance.random() < 0.5:
            plan.append((0, chance.randint(1, chance.choice((6, 60))), tear()))
        with self.subTest(scene=scene.name, plan=plan):
            for i, cuts in enumerate(plan):
                uploaded = images[2] if i == 0 and scene.name == "upload" else None
                if self.run_once(flash, cuts, uploaded)[0] is None:
                    happened.append(cuts)
            version, said = self.run_once(flash)
            self.assertIn(version, scene.may_start, said)
            content = images[version].read_bytes()
            self.assertEqual(flash.read_bytes()[:len(content)], content, "torn")
            if chance.randrange(10) == 0:
                other = 3 - version
                self.assertEqual(self.run_once(flash, new=images[other])[0], other, "takes no update")
            return happened, version
        total["torn"] += 1
        return happened, 0

    def test_power_cuts(self):
        wanted = self.slow_cuts if os.environ.get("ESPOTA_TEST_SLOW") else self.cuts
        images = {version: self.image(version) for version in (1, 2)}
        scenes, chance = self.scenes(), random.Random(self.seed)
        cuts, ends, lives = [], Counter(), 0
        while len(cuts) < wanted:
            scene = scenes[lives % len(scenes)]
            happened, version = self.live(scene, chance, images)
            cuts += happened
            ends[scene.name, version] += 1
            lives += 1
        inside = sum(tear != 0 for _, _, tear in cuts)
        total.update(cuts=len(cuts), inside=inside, lives=lives)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{self.board}: {len(cuts)} cuts, {inside} inside a change, in {lives} lives; whole in the end:",
              ", ".join(f"{scene} in version {version}: {n}" for (scene, version), n in sorted(ends.items())),
              f"({used.ru_utime + used.ru_stime:.0f} s of CPU so far)")

    def test_trial(self):
        """A program that never confirms itself; until its trial is over there is no update."""
        new = self.image(2)
        device = self.device(self.chip(flags=boards.FAST | boards.UNSURE))
        device.up(1)
        self.assert_exit(self.upload(new), 0)
        device.up(2)
        refused = self.upload(new)
        self.assertEqual(refused.returncode, 5, refused.stderr)
        self.assertIn("ERROR[15]", refused.stderr)
        device.close()
        flash = self.dir / "chip.bin"
        for version in [2] * (STARTS - 1) + [1, 1]:
            self.assertEqual(self.run_once(flash)[0], version)


class Lx106(Cuts):
    board, slow_cuts = "lx106", 450  # the quickest


class Sf2(Cuts):
    board, slow_cuts = "sf2", 150


class Mps2(Cuts):
    board, lwip = "mps2", "lwip-2.2"
    cuts = 0


class Rv32(Cuts):
    board = "rv32"
    cuts = 0


if __name__ == "__main__":
    espota_test.main()
