#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the tables of tests/ported: which case of another project became which test of ours; and
that the tests are there which docs/coverage.md names.

A row is | their case | our test | why not |: one or more tests, each of which must be in the
sources as suite.name (TEST, TEST_F, TEST_P, TYPED_TEST); or why there is none. Both may be given;
neither is an error, and so are a case that has two rows, a reference where a test should be, and a
page without a table. A page is a *.md file in tests/ported; README.md is prose. In docs/coverage.md
`module.suite.name` is a test as ctest calls it, `stress.name` a program of tests/stress.
"""
import re
from pathlib import Path

import tree

FOLDER = "tests/ported/"
COVERAGE = "docs/coverage.md"
STRESS = "tests/stress/CMakeLists.txt"
TEST = re.compile(r"^\s*(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.MULTILINE)
NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")
BY_CTEST = re.compile(r"`(stress|[a-z]+\.\w+)\.(\w+)`")
PROGRAM = re.compile(r"^\s*heddle_stress\((\w+)", re.MULTILINE)
SEPARATOR = re.compile(r"^\|[\s:|-]+\|$")


def tests(root):
    found = set()
    for path in tree.files(root, (".cpp",)):
        if path.startswith("tests/"):
            for suite, name in TEST.findall(tree.code_only(tree.read(root, path))):
                found.add(f"{suite}.{name}")
    return found


def rows(text):
    """Yields (line, cells) of the rows below the head of each table."""
    head = True
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            head = True
        elif SEPARATOR.match(line):
            head = False
        elif not head:
            yield number, [cell.strip() for cell in line.strip().strip("|").split("|")]


def named_by_coverage(root):
    """Yields what docs/coverage.md names and is not there."""
    stress = Path(root) / STRESS
    programs = PROGRAM.findall(tree.read(root, STRESS)) if stress.is_file() else []
    known = tests(root)
    for number, line in enumerate(tree.read(root, COVERAGE).splitlines(), 1):
        for where, name in BY_CTEST.findall(line):
            there = name in programs if where == "stress" else (
                f"{where.split('.')[1]}.{name}" in known)
            if not there:
                yield tree.Finding(COVERAGE, number, f"there is no test {where}.{name}")


def check(root):
    if (Path(root) / COVERAGE).is_file():
        yield from named_by_coverage(root)
    known = None
    for path in tree.files(root, (".md",)):
        if not path.startswith(FOLDER) or path == FOLDER + "README.md":
            continue
        known = tests(root) if known is None else known
        seen, any_row = {}, False
        for number, cells in rows(tree.read(root, path)):
            any_row = True
            if len(cells) != 3:
                yield tree.Finding(path, number, f"{len(cells)} cells, not 3")
                continue
            case, ours, why = cells
            if not case.strip("` "):
                yield tree.Finding(path, number, "no case")
            elif case in seen:
                yield tree.Finding(path, number, f"{case} has a row already, {seen[case]}")
            seen.setdefault(case, number)
            names = NAME.findall(ours)
            if ours and (not names or re.search(r"\bsee\b", ours)):
                yield tree.Finding(path, number, "not a test: suite.name is wanted")
            for name in names:
                if name not in known:
                    yield tree.Finding(path, number, f"there is no test {name}")
            if not ours and len(why) < 8:
                yield tree.Finding(path, number, "neither a test nor why there is none")
        if not any_row:
            yield tree.Finding(path, 1, "no table")


HEAD = "| case | ours | why not |\n|---|---|---|\n"
SOURCE = "TEST(gate, opens) {}\nTEST_P(\n    gate, closes) {}\n// TEST(gate, sings) {}\n"
PLANTS = {
    "what is right": (
        {"tests/a_test.cpp": SOURCE, "tests/ported/README.md": "no table\n",
         "tests/ported/a.md": "# a\n\n" + HEAD + "| `x` | `gate.opens`, `gate.closes` | |\n"
                              "| `y` | | a Python matter |\n\n" + HEAD +
                              "| `z` | `gate.opens` | in part: no repr |\n"}, []),
    "a test that is not there, or commented out": (
        {"tests/a_test.cpp": SOURCE, "tests/ported/a.md": HEAD + "| `x` | `gate.flies` | |\n"
                                                          "| `y` | `gate.sings` | |\n"},
        ["a.md:3: error: there is no test gate.flies", "a.md:4: error: there is no test"]),
    "what a page on coverage names": (
        {"tests/a_test.cpp": SOURCE, STRESS: "heddle_stress(locks SOURCES x)\n",
         "docs/coverage.md": "`sync.gate.opens`, `stress.locks`, `a.cpp`\n"
                             "`sync.gate.flies` and `stress.keys`\n"},
        ["coverage.md:2: error: there is no test sync.gate.flies",
         "coverage.md:2: error: there is no test stress.keys"]),
    "rows that say nothing": (
        {"tests/a_test.cpp": SOURCE,
         "tests/ported/a.md": HEAD + "| `x` | | |\n| `y` | | - |\n| | | no such thing here |\n"
                              "| `w` | as above | |\n| `v` | see gate.opens | |\n| `u` | |\n"},
        ["a.md:3: error: neither", "a.md:4: error: neither", "a.md:5: error: no case",
         "a.md:6: error: not a test", "a.md:7: error: not a test", "a.md:8: error: 2 cells"]),
    "a case twice, a page without rows": (
        {"tests/ported/a.md": HEAD + "| `x` | | not in our kind of code |\n"
                              "| `x` | | not in our kind of code |\n",
         "tests/ported/b.md": "nothing\n"},
        ["a.md:4: error: `x` has a row already, 3", "b.md:1: error: no table"]),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
