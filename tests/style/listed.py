#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every .cpp file and every public header is named in a CMakeLists.txt above it.

The build lists its sources, so a file that nobody lists is not built, and a test in it never
runs. Named means: its path from that CMakeLists.txt, with or without the ending, or in the nearest
one its bare name, as a loop over program names has it. Comments do not count.
"""
import re
from pathlib import PurePosixPath

import tree


def above(path):
    """The folders over a path, the nearest first."""
    return [str(folder) for folder in PurePosixPath(path).parents]


def named(path, lists):
    nearest = True
    for folder in above(path):
        text = lists.get(folder)
        if text is None:
            continue
        relative = path if folder == "." else path.removeprefix(folder + "/")
        names = [relative.rsplit(".", 1)[0]]
        if nearest and not relative.startswith(("src/", "include/")):
            names.append(PurePosixPath(path).stem)
        if any(re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/-])", text) for name in names):
            return True
        nearest = False
    return False


def check(root):
    lists = {}
    for path in tree.files(root, ("CMakeLists.txt",)):
        text = re.sub(r"#.*", "", tree.read(root, path))
        lists[str(PurePosixPath(path).parent)] = text
    for path in tree.files(root, (".cpp", ".hpp")):
        if (path.endswith(".cpp") or "/include/" in path) and not named(path, lists):
            yield tree.Finding(path, 1, "no CMakeLists.txt above it lists this file")


PLANTS = {
    "a test, a source and a header that nobody lists": (
        {"m/CMakeLists.txt": "x(src/a.cpp include/b.hpp)\n# src/c.cpp\n", "m/src/a.cpp": "",
         "m/src/c.cpp": "", "m/include/b.hpp": "", "m/include/d.hpp": "",
         "tests/CMakeLists.txt": "", "tests/m/a_test.cpp": ""},
        ["m/include/d.hpp:1: error", "m/src/c.cpp:1: error", "tests/m/a_test.cpp:1: error"]),
    "a header that is called as its module is": (
        {"m/CMakeLists.txt": "x(m)\n", "m/include/heddle/m.hpp": ""}, ["m.hpp:1: error"]),
    "a name inside a longer one": (
        {"CMakeLists.txt": "x(src/my_gate.cpp gate_test)\n", "src/gate.cpp": "",
         "src/my_gate.cpp": ""}, ["src/gate.cpp:1: error"]),
    "what is allowed": (
        {"CMakeLists.txt": "", "e/CMakeLists.txt": "foreach(name IN ITEMS hello bye)\n",
         "e/hello.cpp": "", "e/asyncio/bye.cpp": "", "e/src/private.hpp": ""}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
