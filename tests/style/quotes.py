#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that the C++ a page shows is C++ that the tests compile.

Each ```cpp block of a *.md file must stand, line after line, in one source file of the project;
indentation, comments and blank lines do not count, and a line of '...' skips. A block that cannot
has '<!-- not compiled: why -->' on the line before it; or the page calls it ```text.
"""
import re

import tree

EXCUSE = re.compile(r"<!--\s*not compiled: \S.*-->")


def blocks(text):
    """Yields (line, lines) of the C++ blocks without an excuse."""
    lines, opened, block = text.splitlines(), 0, []
    for number, line in enumerate(lines, 1):
        if not opened and re.match(r"\s*```cpp\b", line):
            before = lines[number - 2] if number > 1 else ""
            opened, block = (-1 if EXCUSE.search(before) else number), []
        elif opened and re.match(r"\s*```\s*$", line):
            if opened > 0:
                yield opened, block
            opened = 0
        else:
            block.append(line)


def normal(lines):
    code = tree.code_only("\n".join(lines), keep_includes=True).splitlines()
    kept = [raw for raw, stripped in zip(lines, code + [""] * len(lines)) if stripped.strip()]
    return [re.sub(r"\s+", " ", re.sub(r"\s//.*", "", line)).strip() for line in kept]


def pieces(block):
    piece = []
    for line in block + ["..."]:
        if re.fullmatch(r"\s*(//\s*)?(\.\.\.|…)\s*", line):
            if normal(piece):
                yield "\n".join(normal(piece)) + "\n"
            piece = []
        else:
            piece.append(line)


def check(root):
    pages = list(tree.files(root, (".md",)))
    sources = None
    for path in pages:
        for number, block in blocks(tree.read(root, path)):
            if sources is None:
                sources = ["\n" + "\n".join(normal(tree.read(root, p).splitlines())) + "\n"
                           for p in tree.files(root, tree.CPP)]
            wanted = list(pieces(block))
            if not any(all("\n" + piece in source for piece in wanted) for source in sources):
                yield tree.Finding(path, number, "no source file has this code as it stands here")


PLANTS = {
    "code that nobody compiles": (
        {"a.md": "```cpp\nint f();\nint g();\n```\n", "a.cpp": "int f();\nint h();\n"},
        ["a.md:1: error: no source file has"]),
    "lines that stand apart": (
        {"a.md": "```cpp\nf();\nh();\n```\n", "a.cpp": "f();\ng();\nh();\n"}, ["a.md:1: error"]),
    "what is allowed": (
        {"a.md": "```cpp\n// said otherwise\nf(\"x\");\n...\nh();\n```\n"
                 "<!-- not compiled: a sketch -->\n```cpp\nno();\n```\n```\nno();\n```\n",
         "a.cpp": "void a() {\n  f(\"x\");  // why\n  g();\n  // more\n  h();\n}\n"}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
