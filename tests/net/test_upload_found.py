# SPDX-License-Identifier: MIT
"""upload --name and --all: devices found by their announcements, and what may go wrong."""

import espota_test
import netlab


class UploadFound(netlab.Lab):
    def setUp(self):
        super().setUp()
        self.image = self.file("image.bin", espota_test.image(8192))

    def upload(self, *argv):
        return self.here.espota_c("upload", "--force", "--progress", "none", *argv, self.image)

    def device(self, name, *argv):
        return self.stub("--fast", "--hostname", name, *argv)

    def test_the_announced_port_is_taken(self):
        stub = self.device("door")
        done = self.upload("--json", "--name", "door")
        self.assertEqual(done.returncode, 0, done.stderr)
        events = espota_test.events(done.stdout)
        invited = next(e for e in events if e["event"] == "invited")
        self.assertEqual((invited["target"], invited["address"]),
                         ("door", f"10.9.0.2:{stub.ready['port']}"))

    def test_a_pattern_that_fits_one(self):
        self.device("door")
        self.device("window")
        done = self.upload("--name", "D*")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_name_that_nobody_has(self):
        done = self.upload("--name", "door")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.device("window")
        done = self.upload("--name", "door")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("'door'", done.stderr)
        self.assertIn("window", done.stderr)

    def test_a_name_that_several_have(self):
        self.device("door-1")
        self.device("door-2")
        self.device("window")
        done = self.upload("--name", "door-*")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("door-1", done.stderr)
        self.assertIn("door-2", done.stderr)
        self.assertNotIn("window", done.stderr)
        done = self.upload("--json", "--name", "door-*", "--all", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({e["target"] for e in espota_test.events(done.stdout)
                          if e["event"] == "result"}, {"door-1", "door-2"})

    def test_all_needs_yes_or_a_terminal(self):
        self.device("door")
        done = self.upload("--all")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--yes", done.stderr)
        self.assertIn("door", done.stderr)
        for answer, code, words in (("n\n", 1, b"nothing was sent"), ("y\n", 0, b"")):
            with self.subTest(answer=answer):
                terminal = espota_test.Terminal(
                    *self.here.argv(espota_test.espota_c(), "upload", "--force", "--all",
                                    self.image), typed=[("[y/N]", answer)])
                self.assertEqual(terminal.run(), code, terminal.screen)
                self.assertIn(words, terminal.screen)

    def test_a_forged_announcement_hears_no_answer(self):
        self.device("door", "--password", "secret")
        secret = self.file("secret", "secret\n")
        done = self.upload("--name", "door", "--password-file", secret)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("--yes", done.stderr)
        done = self.upload("--name", "door", "--password-file", secret, "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)

    def kept(self, text):
        (self.dir / "espota-c").mkdir()
        self.file("espota-c/passwords", text)
        return {"XDG_CONFIG_HOME": str(self.dir)}

    def test_a_forged_name_gets_no_password_that_is_kept(self):
        """Whoever calls himself "door" is not who the password is for, until somebody says so."""
        self.device("door", "--password", "secret")
        env = self.kept("door secret\n* secret\n")
        argv = ("upload", "--force", "--progress", "none", self.image)
        done = self.here.espota_c(*argv, "--name", "door", env=env)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("--yes", done.stderr)
        done = self.here.espota_c(*argv, "--name", "door", "--yes", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_name_is_no_address(self):
        """An address is known by itself alone; a name also by what it resolves to."""
        stub = self.device("door", "--password", "secret")
        port = stub.ready["port"]
        env = self.kept("door secret\n")
        argv = ("upload", "--force", "--progress", "none", "--retries", "0", self.image)
        done = self.here.espota_c(*argv, "--host", f"10.9.0.2:{port}", env=env)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("none was given", done.stderr)
        done = self.here.espota_c(*argv, "--host", f"door.local:{port}", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_password_is_offered_after_a_question(self):
        self.device("door", "--password", "secret")
        secret = self.file("secret", "secret\n")
        terminal = espota_test.Terminal(
            *self.here.argv(espota_test.espota_c(), "upload", "--force", "--name", "door",
                            "--password-file", secret, self.image), typed=[("[y/N]", "y\n")])
        self.assertEqual(terminal.run(), 0, terminal.screen)


if __name__ == "__main__":
    espota_test.main()
