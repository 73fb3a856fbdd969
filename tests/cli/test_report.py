# SPDX-License-Identifier: MIT
"""Where upload --report writes: known before a device hears of the run."""

import os

import espota_test
from espota_test import Case, run
from images import image

NOBODY = 65534


class Report(Case):
    def setUp(self):
        super().setUp()
        self.stub = espota_test.Stub()
        self.addCleanup(self.stub.close)
        self.image = self.file("image.bin", image(20000))

    def upload(self, report):
        return run("upload", "-q", "--host", self.stub.target, "--report", report, self.image)

    def assert_refused(self, report, *words):
        """And the device was left alone."""
        self.assert_one_line(self.upload(report), 8, report, *words)
        self.assertNotIn("invited", [event["event"] for event in self.stub.events()])

    def test_unwritable(self):
        self.assert_refused(self.dir / "none/r.md", "No such file")
        (self.dir / "r.xml").mkdir()
        self.assert_refused(self.dir / "r.xml", "directory")

    def test_a_pipe_that_nobody_reads(self):
        os.mkfifo(self.dir / "r.md")
        self.assert_refused(self.dir / "r.md", "nobody reads")

    def test_a_pipe(self):
        pipe = self.dir / "r.xml"
        os.mkfifo(pipe)
        with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
            self.assert_exit(self.upload(pipe), 0)
            self.assertIn(b"<testsuites>", reader.read())

    def test_somebody_elses_link(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make what another user made")
        shared, theirs = self.dir / "shared", self.file("theirs", b"theirs")
        shared.mkdir()
        shared.chmod(0o1777)
        (shared / "r.md").symlink_to(theirs)
        os.lchown(shared / "r.md", NOBODY, NOBODY)
        self.assert_refused(shared / "r.md", "of another user")
        self.assertEqual(theirs.read_bytes(), b"theirs")

    def test_a_run_that_fails_is_told(self):
        with espota_test.Stub("--password", "x") as locked:
            done = run("upload", "-q", "--host", locked.target, "--report", self.dir / "r.md",
                       self.image, env={"ESPOTA_PASSWORD": "wrong"})
        self.assert_exit(done, 4)
        self.assertIn("| auth |", (self.dir / "r.md").read_text())


if __name__ == "__main__":
    espota_test.main()
