#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the sizes of files, functions and lines, and how a file opens.

Files: over 600 lines is an error, over 400 a warning. Functions: over 70 lines from brace to
brace is an error. Lines: over 100 columns is an error (a line that is one long URL is let off).
The first line names the licence; in C++ a comment that says what the file is follows.

Limits: a function is taken to be the outermost { } outside namespaces, classes and enums whose
head has a parameter list; so a lambda counts as part of the function around it, a table of
initialisers does not count, and macros that hide braces are not understood.
"""
import re

import tree

FILE_HARD, FILE_SOFT, FUNCTION_HARD, LINE_HARD = 600, 400, 70, 100
SPDX = "SPDX-License-Identifier: MIT"
SCRIPTS = (".py", ".cmake", ".pml", ".sh")


def without_template(head):
    """The head of a declaration without its template <...> parts."""
    while match := re.search(r"\btemplate\s*<", head):
        at, depth = match.end(), 1
        while at < len(head) and depth:
            depth += (head[at] == "<") - (head[at] == ">")
            at += 1
        head = head[:match.start()] + head[at:]
    return head


def is_function(head):
    before, parameters, _ = without_template(head).partition("(")
    if not parameters or re.search(r"\b(namespace|class|struct|union|enum)\b", before):
        return False
    return "=" not in re.sub(r"operator\s*\S+\s*$", "", before)


def functions(text):
    """Yields (line of the opening brace, number of lines) of every function with a body."""
    code = "\n".join("" if line.lstrip().startswith("#") else line
                     for line in tree.code_only(text).splitlines())
    line, head, opened, depth = 1, "", 0, 0
    for at, char in enumerate(code):
        line += char == "\n"
        if depth:
            depth += (char == "{") - (char == "}")
            if depth == 0 and re.match(r"\s*[,{]", code[at + 1:at + 200]):
                continue  # the braces of a member initialiser: the body is still to come
            if depth == 0:
                yield opened, line - opened + 1
                head = ""
        elif char == "{" and is_function(head):
            opened, depth = line, 1
        elif char in "{};":
            head = ""
        else:
            head += char


def check_lines(path, lines):
    if len(lines) > FILE_HARD:
        yield tree.Finding(path, 1, f"{len(lines)} lines: split it (at most {FILE_HARD})")
    elif len(lines) > FILE_SOFT:
        yield tree.Finding(path, 1, f"{len(lines)} lines: more than {FILE_SOFT}", warning=True)
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_HARD and not re.fullmatch(r"\W*https?://\S+", line):
            yield tree.Finding(path, number, f"{len(line)} columns: at most {LINE_HARD}")


def check_opening(path, lines):
    body = lines[1:] if lines and lines[0].startswith("#!") else lines
    if not body or SPDX not in body[0]:
        yield tree.Finding(path, 1, f"the file does not open with '{SPDX}'")
    elif path.endswith(tree.CPP) and not re.match(r"//+ ?\S.{9,}", (body + [""])[1]):
        yield tree.Finding(path, 2, "no comment below the licence says what this file is")


def check(root):
    for path in tree.files(root, tree.CPP + SCRIPTS + ("CMakeLists.txt",)):
        text = tree.read(root, path)
        lines = text.splitlines()
        yield from check_opening(path, lines)
        yield from check_lines(path, lines)
        if path.endswith(tree.CPP):
            for line, size in functions(text):
                if size > FUNCTION_HARD:
                    yield tree.Finding(path, line, f"a function of {size} lines: at most "
                                                   f"{FUNCTION_HARD}")


OPENING = f"// {SPDX}\n// A file that says what it is.\n"
PLANTS = {
    "a file of 601 lines, and one of 401": (
        {"a.cpp": OPENING + "int a;\n" * 599, "b.cpp": OPENING + "int a;\n" * 399},
        ["a.cpp:1: error: 601 lines", "b.cpp:1: warning: 401 lines"]),
    "a long line": ({"a.cpp": OPENING + "// " + "x y " * 25 + "\n"}, ["a.cpp:3: error: 103 col"]),
    "a long function, in a class in a namespace": (
        {"a.cpp": OPENING + "namespace a {\nclass b : c<int> {\n explicit b(int x = 3) : d_{x} {\n"
         + "  f();\n" * 70 + " }\n};\n}\n"}, ["a.cpp:5: error: a function of 72 lines"]),
    "a long test, a long operator": (
        {"a.cpp": OPENING + "TEST(a, b) {\n" + "f([] { g(); });\n" * 70 + "}\n"
         + "template <class T>\nbool operator==(T a, T b) {\n" + "f();\n" * 70 + "}\n"},
        ["a.cpp:3: error: a function of 72", "a.cpp:76: error: a function of 72"]),
    "long things that are no function": (
        {"a.cpp": OPENING + "int table[] = {\n" + "1,\n" * 80 + "};\nclass c {\n" + "int f();\n"
         * 80 + "};\nnamespace d {\n" + "int f() { return 1; }\n" * 80 + "}\n"}, []),
    "no licence, no paragraph": (
        {"a.cpp": "int a;\n", "b.hpp": f"// {SPDX}\n#pragma once\n", "c.py": "#!x\nprint()\n"},
        ["a.cpp:1: error: the file does not open", "b.hpp:2: error: no comment", "c.py:1: error"]),
    "a fine file": ({"a.cpp": OPENING + "int f() {\n" + "g();\n" * 68 + "}\n"}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
