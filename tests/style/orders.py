#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every atomic access outside tests names its memory order and gives the reason.

1. acquire, release, acq_rel, consume and seq_cst need a comment '// order:' at most 6 lines above
   (or on the same line), in the same block or one around it, with a reason in it.
2. load, store, exchange, fetch_*, compare_exchange_* and test_and_set name their order; so do
   changes of a member declared std::atomic: no ++, +=, = on it.

Limits: an access is known by its name after '.' or '->', so a function of that name on something
that is no atomic must take its order too or be called otherwise; rule 2 for operators sees
members (name_) declared in the same file or in a header of the same stem; a plain read 'if
(flag_)' is not seen.
"""
import re
from pathlib import PurePath

import tree

REACH = 6
STRONG = re.compile(r"memory_order(?:_|::)(acquire|release|acq_rel|consume|seq_cst)\b")
REASON = re.compile(r"//\s*order:(.*)")
ACCESS = re.compile(r"(?:\.|->)\s*(load|store|exchange|fetch_\w+|compare_exchange_\w+|"
                    r"test_and_set)\s*\(")
MEMBER = re.compile(r"\batomic(?:_\w+)?\b[^;=(){]*?\b(\w+_)\s*[;={\[]")


def arguments(code, opening):
    """The text between the parenthesis at `opening` and its partner."""
    depth = 0
    for at in range(opening, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            return code[opening + 1:at]
    return code[opening + 1:]


def depths(code_lines):
    """Brace depth at the start of each line."""
    depth, result = 0, []
    for line in code_lines:
        result.append(depth)
        depth += line.count("{") - line.count("}")
    return result


def has_reason(at, lines, code_lines, depth):
    if REASON.search(lines[at]):
        return True
    lowest, distance = depth[at], 0
    for above in range(at - 1, -1, -1):
        lowest = min(lowest, depth[above + 1])
        comment = lines[above].lstrip().startswith("//") and not code_lines[above].strip()
        distance += not comment or not lines[above + 1].lstrip().startswith("//")
        if distance > REACH:
            return False
        if REASON.search(lines[above]) and depth[above] <= lowest:
            return True
    return False


def check_orders(path, lines, code_lines):
    depth = depths(code_lines)
    for at, code in enumerate(code_lines):
        strong = STRONG.search(code)
        if strong and not has_reason(at, lines, code_lines, depth):
            yield tree.Finding(path, at + 1, f"{strong.group(1)} without '// order:' above it")
    for at, line in enumerate(lines):
        reason = REASON.search(line)
        if reason and len(re.findall(r"\w+", reason.group(1))) < 2:
            yield tree.Finding(path, at + 1, "an empty '// order:'")


def check_accesses(path, code, members):
    for match in ACCESS.finditer(code):
        if "order" not in arguments(code, match.end() - 1):
            line = code.count("\n", 0, match.start()) + 1
            yield tree.Finding(path, line, f"{match.group(1)}() does not name its memory order")
    if not members:
        return
    names = "|".join(sorted(members))
    change = re.compile(rf"\b({names})\s*(?:\+\+|--|[-+|&^]=|=(?!=))|(?:\+\+|--)\s*({names})\b")
    for number, line in enumerate(code.splitlines(), 1):
        if "atomic" not in line and (match := change.search(line)):
            name = match.group(1) or match.group(2)
            yield tree.Finding(path, number, f"an operator on the atomic {name} hides seq_cst")


def check(root):
    sources = [p for p in tree.files(root, tree.CPP) if not p.startswith("tests/")]
    headers = {}
    for path in sources:
        if path.endswith(".hpp"):
            key = (path.split("/")[0], PurePath(path).stem)
            headers.setdefault(key, []).append(path)
    for path in sources:
        text = tree.read(root, path)
        code = tree.code_only(text)
        kin = headers.get((path.split("/")[0], PurePath(path).stem), [])
        declared = code + "".join(tree.code_only(tree.read(root, k)) for k in kin if k != path)
        lines, code_lines = text.splitlines(), code.splitlines()
        code_lines += [""] * (len(lines) - len(code_lines))
        yield from check_orders(path, lines, code_lines)
        yield from check_accesses(path, code, set(MEMBER.findall(declared)))


PLANTS = {
    "an acquire without a reason": (
        {"a.cpp": "void f() {\n  x.load(std::memory_order_acquire);\n}\n"},
        ["a.cpp:2: error: acquire without"]),
    "a reason in another function, and one too far away": (
        {"a.cpp": "void f() {\n  // order: release, partner: g()\n  h();\n}\nvoid g() {\n"
                  "  y.store(1, std::memory_order_release);\n}\n",
         "b.cpp": "// order: release, partner: g()\n" + "f();\n" * 6
                  + "y.store(1, std::memory_order_release);\n"},
        ["a.cpp:6: error: release", "b.cpp:8: error: release"]),
    "an empty reason": (
        {"a.cpp": "// order:\nx.load(std::memory_order_seq_cst);\n"}, ["a.cpp:1: error: an empty"]),
    "accesses that do not name their order": (
        {"a.cpp": "x.load();\ny->store(1);\nz.fetch_add(\n    f(1));\n"
                  "v.compare_exchange_weak(a, b);\n"},
        ["a.cpp:1: error: load", "a.cpp:2: error: store", "a.cpp:3: error: fetch_add",
         "a.cpp:5: error: compare_exchange_weak"]),
    "operators on an atomic member": (
        {"m/a.hpp": "class a {\n  std::atomic<int> n_{0};\n  int m_ = 0;\n};\n",
         "m/a.cpp": "void f() {\n  ++n_;\n  n_ = 3;\n  m_ = 4;\n  if (n_ == 3) g();\n}\n"},
        ["a.cpp:2: error: an operator on the atomic n_", "a.cpp:3: error"]),
    "what is allowed": (
        {"a.cpp": "// order: release, partner: the load in g()\n// and a second line.\n"
                  "if (x.exchange(true, std::memory_order_release)) {\n"
                  "  y.load(std::memory_order_relaxed);\n}\n"
                  "// order: acquire, partner: the store in f()\n"
                  "x.compare_exchange_strong(a, b,\n    std::memory_order_acq_rel,\n"
                  "    std::memory_order_relaxed);\nstd::exchange(a, b);\n"
                  "// x.load()\n",
         "tests/a_test.cpp": "x.load();\n"}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
