#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks small things that go wrong in any repository.

Scripts have a shebang and the run bit, and nothing else has; a note of work left over names the
page below docs/ that keeps it, as in 'TO''DO(docs/limits.md): ...'; no conflict markers, blanks
at line ends, symbolic links, tabs in C++, file(GLOB) in CMake, or headers without #pragma once.
"""
import os
import re
from pathlib import Path

import tree

TEXT = tree.CPP + (".py", ".md", ".cmake", ".txt", ".json", ".sh", ".in", ".pml", ".yml")
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b(?:\((docs/[\w./-]+\.md)\))?")


def is_script(path):
    folder, _, name = path.rpartition("/")
    return folder in ("scripts", ".ci") and "." not in name


def check_modes(root, path, text):
    file = Path(root) / path
    if file.is_symlink():
        yield tree.Finding(path, 1, "a symbolic link")
    runs, shebang = os.access(file, os.X_OK), text.startswith("#!")
    if shebang and not runs:
        yield tree.Finding(path, 1, "a script without the run bit: chmod +x")
    if runs and not shebang:
        yield tree.Finding(path, 1, "a run bit on what is no script")
    if is_script(path) and not shebang:
        yield tree.Finding(path, 1, "a script without a shebang")


def check_text(root, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        note = LEFT_OVER.search(line)
        if note and not (note.group(2) and (Path(root) / note.group(2)).is_file()):
            yield tree.Finding(path, number, f"{note.group(1)} without a page in docs/")
        if re.match(r"(<{7}|>{7}) |={7}$", line):
            yield tree.Finding(path, number, "a conflict marker")
        if line != line.rstrip():
            yield tree.Finding(path, number, "blanks at the end of the line")
        if "\t" in line and path.endswith(tree.CPP):
            yield tree.Finding(path, number, "a tab")
        if path.endswith(("CMakeLists.txt", ".cmake")) and re.search(r"file\s*\(\s*GLOB", line):
            yield tree.Finding(path, number, "GLOB: list the files")
    if path.endswith((".hpp", ".h")) and "#pragma once\n" not in text:
        yield tree.Finding(path, 1, "a header without #pragma once")
    if text and not text.endswith("\n"):
        yield tree.Finding(path, text.count("\n") + 1, "no line break at the end")


def check(root):
    for path in tree.files(root):
        if path.endswith(TEXT) or is_script(path):
            text = tree.read(root, path)
            yield from check_modes(root, path, text)
            yield from check_text(root, path, text)


NOTE = "TO" "DO"
PLANTS = {
    "work left over without a home": (
        {"a.cpp": f"// {NOTE}: later\n// {NOTE}(docs/gone.md): later\n"},
        ["a.cpp:1: error", "a.cpp:2: error"]),
    "a script that does not run, and one without a shebang": (
        {"scripts/norun": "#!/bin/sh\n", "scripts/b": "echo\n"},
        ["scripts/b:1: error: a script without a shebang", "without the run bit"]),
    "a conflict, blanks, a tab, no end, no guard": (
        {"a.hpp": "<<<<<<< mine\nint a; \n\tint b;"},
        ["conflict", "blanks", "a tab", "#pragma once", "no line break"]),
    "a glob": ({"CMakeLists.txt": "file(GLOB a *.cpp)\n"}, ["GLOB: list"]),
    "what is allowed": (
        {"a.hpp": f"#pragma once\n// {NOTE}(docs/a.md): later\n", "docs/a.md": "# a\n",
         "scripts/run": "#!/bin/sh\n"}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
