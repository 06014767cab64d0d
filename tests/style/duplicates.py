#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds logic written twice: runs of LINES equal lines of code in two places.

Lines count as equal when they differ only in blanks, comments, literals and the names of things
that end in '_' or are local (every name is taken as one name; keywords and punctuation must
agree). Lines without a word, includes, using and declarations of one name do not count. Tests,
benchmarks, examples and the lab are left out: they repeat themselves on purpose, to be read
alone.
"""
import re

import tree

LINES = 12
LEFT_OUT = ("tests/", "bench/", "examples/", "lab/")
KEYWORDS = set("""break case catch class const constexpr continue default delete do else enum for
friend if namespace new noexcept operator private public return sizeof static struct switch template
this throw true false nullptr try typename using void while""".split())


def normal(line):
    line = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: m[0] if m[0] in KEYWORDS else "n", line)
    return re.sub(r"\s+|\b\d[\w.']*", "", line)


def significant(text):
    """Yields (line, normal form) of the lines that carry logic."""
    for number, line in enumerate(tree.code_only(text).splitlines(), 1):
        form = normal(line)
        if line.lstrip().startswith(("#", "using ", "namespace ")) or len(form) < 5:
            continue
        if re.fullmatch(r"n+(<[^()]*>)?n*[;{,]?", form):
            continue
        yield number, form


def check(root):
    first, reported_to = {}, {}
    for path in tree.files(root, tree.CPP):
        if path.startswith(LEFT_OUT):
            continue
        lines = list(significant(tree.read(root, path)))
        for at in range(len(lines) - LINES + 1):
            key = tuple(form for _, form in lines[at:at + LINES])
            where = (path, lines[at][0], at)
            other = first.setdefault(key, where)
            far = other[0] != path or at - other[2] >= LINES
            if other != where and far and at >= reported_to.get(path, 0):
                reported_to[path] = at + LINES
                yield tree.Finding(path, where[1], f"{LINES} lines as in {other[0]}:{other[1]}")


BODY = "".join(f"  if (a{i} > b{i}) return f(a{i});\n" for i in range(6))
LOOP = "".join(f"  for (int i = 0; i < {i}; ++i) g(i);\n" for i in range(6))
PLANTS = {
    "the same logic under other names": (
        {"a.cpp": "int f() {\n" + BODY + LOOP + "}\n",
         "b.cpp": "// x\nint h() {\n" + BODY.replace("a", "c") + LOOP + "}\n"},
        ["b.cpp:2: error: 12 lines as in a.cpp:1"]),
    "short likeness, tests": (
        {"a.cpp": BODY, "b.cpp": BODY + "return 3;\n", "tests/a.cpp": BODY + LOOP,
         "tests/b.cpp": BODY + LOOP}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
