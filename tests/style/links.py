#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the links of all *.md files: a relative one must name a file or folder of the project, its
#heading one that is there, its #L12 a line the file has. Links to the web are not followed.
"""
import re
from pathlib import Path

import tree

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)"
                  r"|<(?:img|a)\s[^>]*?(?:src|href)=\"([^\"]+)\"")


def prose(text):
    """The text without code, line by line."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*(```|~~~)", line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def slugs(text):
    """The anchors that the headings of a page get."""
    seen = set()
    for _, line in prose(text):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            number = 0
            while (name := f"{slug}-{number}" if number else slug) in seen:
                number += 1
            seen.add(name)
    return seen


def missing(root, path, link):
    """Says what is wrong with a link, or nothing."""
    target, _, anchor = link.partition("#")
    top = Path(root).resolve()
    file = (top / path).parent / target if target else top / path
    file = top / target.lstrip("/") if target.startswith("/") else file
    if not file.exists():
        return f"'{link}' leads nowhere"
    if top not in (file.resolve(), *file.resolve().parents):
        return f"'{link}' leads out of the project"
    if not anchor or file.is_dir():
        return None
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = re.fullmatch(r"L(\d+)(?:-L?(\d+))?", anchor)
    if lines:
        last = int(lines.group(2) or lines.group(1))
        return None if last <= len(text.splitlines()) else f"'{link}': no such line"
    if file.suffix == ".md" and anchor.lower() not in slugs(text):
        return f"'{link}': no such heading"
    return None


def check(root):
    for path in tree.files(root, (".md",)):
        for number, line in prose(tree.read(root, path)):
            for match in LINK.finditer(re.sub(r"`[^`]*`", "``", line)):
                link = next(group for group in match.groups() if group)
                if not re.match(r"[a-z]+:", link) and (wrong := missing(root, path, link)):
                    yield tree.Finding(path, number, wrong)


PLANTS = {
    "a link to nothing": (
        {"docs/a.md": "see [b](b.md)\n\n[c]: ../c.md\n"},
        ["docs/a.md:1: error: 'b.md' leads nowhere", "docs/a.md:3: error"]),
    "a heading and a line that are not there": (
        {"a.md": "[x](b.md#gone) [y](b.md#L9)\n", "b.md": "# Here\n"},
        ["no such heading", "no such line"]),
    "out of the project": ({"a.md": "[x](../)\n"}, ["leads out"]),
    "what is allowed": (
        {"a.md": "[b](docs/b.md#two-words-1) [w](https://x.org) `[no](code)` [t](#top)\n# Top\n"
                 "```\n[no](code)\n```\n[d](docs) [l](docs/b.md#L2)\n",
         "docs/b.md": "# Two `words`\n## Two words\n"}, []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
