# SPDX-License-Identifier: MIT
"""Budgets: how long functions and files are. Prints the longest, fails beyond the bound."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
FUNCTION_LONG, FUNCTION_BOUND = 60, 100
FILE_LONG, FILE_BOUND = 400, 800


def sources():
    for folder in ("include", "src", "firmware-stub", "tests"):
        yield from sorted((ROOT / folder).rglob("*.[ch]"))


def scripts():
    yield from sorted((ROOT / "tests").rglob("*.py"))


def functions(lines):
    """(name line, length) of each function: clang-format puts its braces in the first column."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


class Budgets(unittest.TestCase):
    def test_functions(self):
        lengths = []
        for path in sources():
            for start, length in functions(path.read_text(encoding="utf-8").splitlines()):
                lengths.append((length, f"{path.relative_to(ROOT)}:{start}"))
        lengths.sort(reverse=True)
        self.assertGreater(len(lengths), 20)
        self.report("functions", lengths, FUNCTION_LONG, "median %d lines"
                    % lengths[len(lengths) // 2][0])
        self.assertEqual([where for length, where in lengths if length > FUNCTION_BOUND], [])

    def test_files(self):
        lengths = sorted(((len(path.read_text(encoding="utf-8").splitlines()),
                           str(path.relative_to(ROOT)))
                          for path in (*sources(), *scripts())), reverse=True)
        self.report("files", lengths, FILE_LONG, "%d files" % len(lengths))
        self.assertEqual([where for length, where in lengths if length > FILE_BOUND], [])

    def report(self, what, lengths, bound, note):
        long = [row for row in lengths if row[0] > bound]
        print(f"{what}: {note}, longest {lengths[0][0]} ({lengths[0][1]}), "
              f"{len(long)} over {bound}")
        for length, where in long:
            print(f"  {length:4} {where}")


if __name__ == "__main__":
    unittest.main()
