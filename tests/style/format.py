#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that C++ files are as clang-format 14 writes them; scripts/check --fix makes them so.

Other versions of clang-format differ in small things, so no other one is tried.
"""
import shutil
import subprocess
import sys
from pathlib import Path

import tree

TOOL = "clang-format-14"
STYLE = Path(__file__).resolve().parents[2] / ".clang-format"
BATCH = 50


def batches(root):
    paths = list(tree.files(root, tree.CPP))
    for first in range(0, len(paths), BATCH):
        yield [str(Path(root) / path) for path in paths[first:first + BATCH]]


def run(root, *options):
    if not shutil.which(TOOL):
        sys.exit(f"{TOOL} is not installed: run scripts/setup")
    for paths in batches(root):
        yield subprocess.run([TOOL, f"--style=file:{STYLE}", *options, *paths], check=False,
                             capture_output=True, text=True)


def check(root):
    for done in run(root, "--dry-run", "-Werror"):
        seen = set()
        for line in done.stderr.splitlines():
            parts = line.split(":")
            if len(parts) > 3 and "clang-format" in line and parts[0] not in seen:
                seen.add(parts[0])
                path = str(Path(parts[0]).relative_to(root))
                yield tree.Finding(path, int(parts[1]), "not formatted: scripts/check --fix")
        if done.returncode and not seen:
            yield tree.Finding(TOOL, 1, done.stderr.strip())


PLANTS = {
    "a file as nobody would write it": (
        {"a.cpp": "int  f( ) {return 1 ;}\n"}, ["a.cpp:1: error: not formatted"]),
    "a formatted file": ({"a.cpp": "int f() { return 1; }\n"}, []),
}

if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        sys.exit(max((done.returncode for done in run(STYLE.parent, "-i")), default=0))
    tree.main(check, PLANTS)
