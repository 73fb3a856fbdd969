# SPDX-License-Identifier: MIT
"""What the suites leave out under Wine: only tests that there are, and of ten at most one."""

import ast
import os
import pathlib

import espota_test
from espota_test import Case

HERE = pathlib.Path(__file__).parent


def tests_of(suite):
    """(suite, class, test), each where it is written."""
    tree = ast.parse((HERE / f"test_{suite}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"):
                    yield suite, node.name, part.name


class LeftOut(Case):
    def setUp(self):
        super().setUp()
        suites = os.environ.get("ESPOTA_WINDOWS_SUITES")
        if not suites:
            self.skipTest("ESPOTA_WINDOWS_SUITES is not set")
        self.there = [test for suite in suites.split() for test in tests_of(suite)]
        self.out = [test for test, _ in espota_test.left_out()]

    def test_only_tests_that_there_are(self):
        self.assertEqual(set(self.out) - set(self.there), set())
        self.assertEqual(len(self.out), len(set(self.out)))

    def test_a_tenth_at_most(self):
        self.assertGreater(len(self.there), 300)
        self.assertLessEqual(len(self.out), len(self.there) // 10)

    def test_each_has_its_reason(self):
        for test, why in espota_test.left_out():
            self.assertGreater(len(why.split()), 3, test)


if __name__ == "__main__":
    espota_test.main()
