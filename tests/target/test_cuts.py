# SPDX-License-Identifier: MIT
"""Power cuts on emulated boards with the loader that survives, at changes of their flash and inside.

A life begins with a cut, often has more of them while the loader recovers, and ends with power that
stays: then the old program or the new one starts, and the chip holds all of it, and all of the old
file system or the new one. tests/power does this to the same code in simulation, with more ways to
tear; here processors run it, on qemu's chips.
"""

import functools
import hashlib
import os
import random
import re
import resource
import subprocess
from collections import Counter, namedtuple

import boards
import espota_test
from board_case import Case

# What is cut: the chip before, at which changes of the program's or the loader's, what may start then,
# which file systems may be there, and what is uploaded.
Scene = namedtuple("Scene", "name chip changes of_program may_start may_hold upload")
STARTS = 3  # of a program on trial
UP = r"version (\d) up|died: .*"
FILES_AT = 2 << 20
FILES = {name: hashlib.shake_128(name.encode()).digest(30_000) for name in ("old", "new")}

total = Counter()


def tearDownModule():
    if total:
        print(f"{total['cuts']} cuts on emulated boards, {total['inside']} of them inside a change, "
              f"{total['files']} in lives with a new file system; {total['lives']} lives: "
              f"{total['torn']} torn")


class Cuts(Case):
    loader = rom = "safe-"
    size = 0  # no more than the program has
    cuts, slow_cuts = 30, 200
    seed = 12

    @classmethod
    def setUpClass(cls):
        if cls.cuts == 0:
            espota_test.only_with("slow", "runs for minutes")
        super().setUpClass()

    @functools.cached_property
    def images(self):
        return {version: self.image(version) for version in (1, 2)}

    def lay(self, content):
        """This on the chip; what lies behind is never looked at."""
        path = self.dir / "chip.bin"
        path.write_bytes(content)
        os.truncate(path, boards.QEMU[self.board][3])
        return path

    def look(self, flash):
        return flash.read_bytes()[:boards.CHIP_SIZE]

    def run_once(self, flash, cuts=(0, 0, 0), *new):
        """What it said from power to a cut, or to the program that is up: its version, None after a cut.
        With `new` this is uploaded in between."""
        upload = None
        with boards.Device(self.board, self.programs, flash, self.air, cuts, loader=self.rom) as device:
            found = device.wait(UP)
            if found and new:
                upload = subprocess.Popen(self.upload_argv(*new), stdout=subprocess.DEVNULL,
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
        flash = self.chip()
        with open(flash, "r+b") as chip:
            chip.seek(FILES_AT)
            chip.write(FILES["old"])
        self.assertEqual(self.run_once(flash, (0, 0, 0), self.images[1])[0], 1)
        known = self.look(flash)  # from now on the loader has a digest of it
        return self.scenes_of_program(known) + self.scenes_of_files(known)

    def stage(self, known, *upload):
        """A chip on which this waits for the loader, and how many changes it took."""
        flash = self.lay(known)
        version, said = self.run_once(flash, (0, 1, 0), *upload)
        self.assertIsNone(version, said)
        return flash, self.changes(said, "program: end")

    def scenes_of_program(self, known):
        new = self.images[2]
        flash, changes = self.stage(known, new)
        staged = self.look(flash)
        scenes = [Scene("upload", known, changes, True, {1, 2}, {"old"}, (new,))]
        version, said = self.run_once(flash, (1, 0, 0))
        self.assertIsNone(version, said)
        scenes += [Scene("swap", staged, self.changes(said, "loader"), False, {1, 2}, {"old"}, ()),
                   Scene("confirmation", self.look(flash), 4, True, {1, 2}, {"old"}, ())]
        unsure = boards.settings(flags=boards.FAST | boards.UNSURE)
        flash = self.lay(staged[:boards.SETTINGS_AT] + unsure + staged[boards.SETTINGS_AT + len(unsure):])
        for _ in range(STARTS):
            self.assertEqual(self.run_once(flash)[0], 2)
        tried = self.look(flash)
        version, said = self.run_once(flash)
        self.assertEqual(version, 1, said)
        return [*scenes, Scene("way back", tried, self.changes(said, "loader"), False, {1}, {"old"}, ())]

    def scenes_of_files(self, known):
        upload = (self.file("files.bin", FILES["new"]), "--fs", "--force")
        flash, changes = self.stage(known, *upload)
        staged = self.look(flash)
        version, said = self.run_once(flash)
        self.assertEqual(version, 1, said)
        return [Scene("upload of files", known, changes, True, {1}, {"old", "new"}, upload),
                Scene("copy of files", staged, self.changes(said, "loader"), False, {1}, {"new"}, ())]

    def plan(self, scene, chance):
        """At which changes, and how, the power goes in one life."""
        def tear():
            return chance.choice((0, chance.randrange(1, 1 << 32)))

        last = scene.changes
        nth = chance.choice((chance.randint(1, last), chance.randint(1, min(last, 6)),
                             chance.randint(max(1, last - 6), last)))
        plan = [(nth, 0, tear()) if scene.of_program else (0, nth, tear())]
        while len(plan) < 4 and chance.random() < 0.5:
            plan.append((0, chance.randint(1, chance.choice((6, 60))), tear()))
        return plan

    def live(self, scene, plan, update_again=False):
        """The cuts that there were, and the versions of program and files in the end."""
        flash, happened = self.lay(scene.chip), []
        for i, cuts in enumerate(plan):
            if self.run_once(flash, cuts, *(scene.upload if i == 0 else ()))[0] is None:
                happened.append(cuts)
        version, said = self.run_once(flash)
        self.assertIn(version, scene.may_start, said)
        content, there = self.images[version].read_bytes(), self.look(flash)
        self.assertEqual(there[:len(content)], content, "torn")
        held = [name for name, files in FILES.items() if there[FILES_AT:FILES_AT + len(files)] == files]
        self.assertTrue(scene.may_hold.issuperset(held) and held, f"{held}: files torn")
        if update_again:
            other = 3 - version
            self.assertEqual(self.run_once(flash, (0, 0, 0), self.images[other])[0], other, "takes no update")
        return happened, f"{version}, {held[0]} files"

    def test_power_cuts(self):
        wanted = self.slow_cuts if os.environ.get("ESPOTA_TEST_SLOW") else self.cuts
        scenes, chance = self.scenes(), random.Random(self.seed)
        cuts, ends, lives = [], Counter(), 0
        while len(cuts) < wanted:
            scene = scenes[lives % len(scenes)]
            plan, end = self.plan(scene, chance), None
            with self.subTest(scene=scene.name, plan=plan):
                plan, end = self.live(scene, plan, chance.randrange(10) == 0)
            cuts += plan
            total["files"] += len(plan) if scene.name.endswith("files") else 0
            ends[scene.name, end or "torn"] += 1
            total["torn"] += end is None
            lives += 1
        inside = sum(tear != 0 for _, _, tear in cuts)
        total.update(cuts=len(cuts), inside=inside, lives=lives)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{self.board}: {len(cuts)} cuts, {inside} inside a change, in {lives} lives; in the end:",
              "; ".join(f"{scene}: {n} with {end}" for (scene, end), n in sorted(ends.items())),
              f"({used.ru_utime + used.ru_stime:.0f} s of CPU so far)")

    def test_finds_what_tears(self):
        """A loader that takes its work for done after the first step of it."""
        if self.board != "lx106":
            espota_test.only_with("slow", "is shown on lx106")
        chance, found, tried = random.Random(self.seed), Counter(), 0
        scenes = [scene for scene in self.scenes() if scene.name in ("swap", "copy of files")]
        self.rom = "hasty-"
        for scene in scenes:
            self.assertTrue(self.live(scene, [])[1])  # it works, as long as there is power
        while len(found) < len(scenes) and tried < 40:
            scene = scenes[tried % len(scenes)]
            try:
                self.live(scene, self.plan(scene, chance))
            except AssertionError:
                found[scene.name] += 1
            tried += 1
        print(f"{self.board}: a loader without a step: torn in {sum(found.values())} of {tried} lives:", *found)
        self.assertEqual(len(found), len(scenes))

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
    board, slow_cuts = "lx106", 1200  # the quickest


class Sf2(Cuts):
    board, slow_cuts = "sf2", 200


class Mps2(Cuts):
    board, lwip = "mps2", "lwip-2.2"
    cuts = 0


class Rv32(Cuts):
    board = "rv32"
    cuts = 0


if __name__ == "__main__":
    espota_test.main()
