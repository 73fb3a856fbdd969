# SPDX-License-Identifier: MIT
"""What tests/run.sh says of cases that were left out, with ctest and cmake played by scripts."""

import os
import subprocess
import sys

import espota_test
from espota_test import Case
from option_tables import ROOT

MODULE = '''
import unittest, espota_test
class Some(unittest.TestCase):
    def test_left_out(self):
        self.skipTest("no such thing here")
    def test_subtest(self):
        with self.subTest(case=1):
            self.skipTest("not this one")
class None_(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("nothing of it")
    def test_never(self):
        pass
%s
espota_test.main()
'''
CTEST = '''#!/bin/sh
echo 'SKIPPED test_x: b' >>"$ESPOTA_SKIP_LOG"
echo 'SKIPPED test_x: a' >>"$ESPOTA_SKIP_LOG"
echo 'SKIPPED test_x: a' >>"$ESPOTA_SKIP_LOG"
printf '%s\\n' '1/1 Test #1: x ... Passed' '  \\n of a test' '100% tests passed, 0 tests failed out of 1' 'Total'
exit 8
'''


class Skips(Case):
    def outcome(self, change, full="0"):
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        env = {**os.environ, "ESPOTA_SKIP_LOG": str(log), "ESPOTA_TEST_NAME": "cli_some",
               "ESPOTA_TEST_FULL": full, "ESPOTA_TEST_SLOW": "0"}
        done = subprocess.run([sys.executable, self.file("test_some.py", MODULE % change)],
                              env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, log.read_text() if log.exists() else ""

    def test_a_file_of_which_a_case_was_left_out_did_run(self):
        code, log = self.outcome("")
        self.assertEqual(code, 0)
        self.assertEqual(log.count("SKIPPED cli_some: "), 3)
        for reason in ("no such thing here", "not this one", "nothing of it"):
            self.assertIn(reason, log)

    def test_a_file_of_which_all_were_left_out_did_not(self):
        code, log = self.outcome("del Some.test_subtest")
        self.assertEqual((code, log.count("SKIPPED")), (espota_test.SKIP, 2))

    def test_each_is_told_with_the_command_that_runs_it(self):
        log = self.outcome("")[1]
        for line in log.splitlines():
            self.assertTrue(line.endswith(" (sh tests/run.sh --full -R '^cli_some$')"), line)
        # with all tools there it is the machine that cannot
        log = self.outcome("", full="1")[1]
        self.assertEqual((log.count("SKIPPED"), log.count("run.sh")), (3, 0), log)

    def test_what_takes_long_names_its_option(self):
        slow = "Some.test_left_out = lambda self: espota_test.only_with('slow', 'takes hours')"
        for full in "01":
            self.assertIn("takes hours (sh tests/run.sh --slow -R '^cli_some$')\n",
                          self.outcome(slow, full)[1])

    def test_nothing_left_out(self):
        self.assertEqual(self.outcome("Some.test_left_out = lambda self: None\n"
                                      "del Some.test_subtest, None_"), (0, ""))

    def test_they_stand_above_the_summary(self):
        for name, script in (("ctest", CTEST), ("cmake", "#!/bin/sh\n"),
                             ("dpkg-query", "#!/bin/sh\nprintf installed\n")):
            self.file(name, script, mode=0o755)
        done = subprocess.run(["sh", ROOT / "tests/run.sh"], check=False, stdout=subprocess.PIPE,
                              env={**os.environ, "PATH": f"{self.dir}:{os.environ['PATH']}",
                                   "ESPOTA_BUILD": str(self.dir / "build")})
        self.assertEqual(done.returncode, 8)
        self.assertEqual(done.stdout.decode().splitlines()[-6:],
                         ["1/1 Test #1: x ... Passed", "  \\n of a test", "SKIPPED test_x: a",
                          "SKIPPED test_x: b", "100% tests passed, 0 tests failed out of 1",
                          "Total"])


if __name__ == "__main__":
    espota_test.main()
