#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the style checkers share: which files there are, C++ without its comments, and the report.

A checker is a function check(root) that yields findings; main() runs it on the tree, or, with
--self-test, on planted trees, each of which must give exactly the findings it names.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

CPP = (".cpp", ".hpp", ".h")
SKIPPED = {".git", "build", "__pycache__", "node_modules", "target"}


class Finding(NamedTuple):
    path: str
    line: int
    what: str
    warning: bool = False

    def __str__(self):
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: {self.what}"


def files(root, suffixes=()):
    """Yields the relative paths of all files git does not ignore; without git, of all files."""
    for path in sorted(_all_files(Path(root))):
        if path.endswith(tuple(suffixes)) if suffixes else True:
            if (Path(root) / path).is_file():
                yield path


def _all_files(root):
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], capture_output=True, check=False)
        if listed.returncode == 0:
            return {name for name in listed.stdout.decode().split("\0") if name}
    found = set()
    for base, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED]
        found |= {str((Path(base) / name).relative_to(root)) for name in names}
    return found


def read(root, path):
    return (Path(root) / path).read_text(encoding="utf-8", errors="replace")


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def code_only(text, keep_includes=False):
    """Blanks comments and the insides of literals; every line keeps its number."""
    def blank(match):
        token = match.group(0)
        if keep_includes and token.startswith('"') and _is_include(text, match.start()):
            return token
        lines = "\n" * token.count("\n")
        return lines if token[0] == "/" else '""' + lines
    return TOKEN.sub(blank, text)


def _is_include(text, at):
    start = text.rfind("\n", 0, at) + 1
    return re.match(r"\s*#\s*include\s*$", text[start:at]) is not None


def includes(text):
    """Yields (line, '"' or '<', path) of every #include that is not commented out."""
    for number, line in enumerate(code_only(text, keep_includes=True).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1), match.group(2)


def main(check, plants):
    """plants: name -> ({path: text}, [expected fragment of each finding, in order])."""
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(_self_test(check, plants))
    if len(sys.argv) > 2 or sys.argv[1:] and sys.argv[1].startswith("-"):
        print(f"usage: {Path(sys.argv[0]).name} [ROOT | --self-test]\n\n"
              f"{sys.modules['__main__'].__doc__}")
        sys.exit(0 if sys.argv[1:] in (["--help"], ["-h"]) else 2)
    root = sys.argv[1] if sys.argv[1:] else Path(__file__).resolve().parents[2]
    findings = list(check(root))
    for finding in findings:
        print(finding)
    errors = sum(not f.warning for f in findings)
    print(f"{Path(sys.argv[0]).stem}: {errors} errors, {len(findings) - errors} warnings")
    sys.exit(1 if errors else 0)


def _self_test(check, plants):
    failed = 0
    for name, (planted, expected) in plants.items():
        with tempfile.TemporaryDirectory() as root:
            for path, text in planted.items():
                file = Path(root) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
                if text.startswith("#!") and "norun" not in path:
                    file.chmod(0o755)
            found = [str(f) for f in check(root)]
        good = len(found) == len(expected) and all(e in f for e, f in zip(expected, found))
        failed += not good
        print(f"{'ok' if good else 'FAILED'}: {name}")
        if not good:
            print(f"  expected {expected}\n  found    {found}")
    return 1 if failed else 0
