#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that #includes point downwards.

1. Inside runtime/src the parts are ordered, see RANK; parts of one rank do not know each other.
2. <heddle/x/detail/...> is for module x, its tests and testing/: everybody else uses public
   headers.
3. A public header (below include/) includes neither private headers ("...") nor HEAVY third
   parties.
4. No include climbs with "..".

Between modules the build is the check: each has its own include root, so an upward include does
not compile. Limit: includes behind a macro are not seen.
"""
import re

import tree

RANK = {"base": 0, "observe": 1, "fiber": 2, "timer": 3, "reactor": 3, "sched": 4, "wait": 5,
        "scope": 6, "pool": 6, "debug": 7}
TOP = "the top level of runtime/src"
HEAVY = ("boost/", "tbb/", "oneapi/", "openssl/", "gtest/", "gmock/", "benchmark/", "ares",
         "libpq", "mysql", "sqlite3", "hiredis")


def part_of(path):
    """The part a file or a quoted include below runtime/src belongs to."""
    return path.split("/")[0] if "/" in path else TOP


def upward(source, target):
    mine, theirs = part_of(source), part_of(target)
    if mine == theirs or mine == TOP:
        return None
    if theirs == TOP or theirs in RANK and RANK[theirs] >= RANK[mine]:
        return f"{mine} must not include {target}: {theirs} is not below it"
    return None


def check_runtime_part(path, where, kind, target):
    source = path.removeprefix("runtime/src/")
    for part in (part_of(source), part_of(target) if kind == '"' else TOP):
        if part != TOP and part not in RANK:
            yield tree.Finding(path, where, f"unknown part '{part}': add it to RANK in layers.py")
            return
    if kind == '"' and (wrong := upward(source, target)):
        yield tree.Finding(path, where, wrong)


def check_one(path, where, kind, target):
    if ".." in target.split("/"):
        yield tree.Finding(path, where, f"'{target}' climbs: name it from an include root")
    detail = re.match(r"heddle/(\w+)/detail/", target)
    if detail and detail.group(1) not in path.split("/")[:3] and not path.startswith("testing/"):
        yield tree.Finding(path, where, f"'{target}' is not API: use public headers")
    if "/include/" in path:
        if kind == '"':
            yield tree.Finding(path, where, f"a public header includes the private '{target}'")
        glue = path.startswith("testing/") and target.startswith(("gtest/", "gmock/"))
        if target.startswith(HEAVY) and not glue:
            yield tree.Finding(path, where, f"'{target}' belongs into a .cpp file")


def check(root):
    for path in tree.files(root, tree.CPP):
        for where, kind, target in tree.includes(tree.read(root, path)):
            yield from check_one(path, where, kind, target)
            if path.startswith("runtime/src/"):
                yield from check_runtime_part(path, where, kind, target)


PLANTS = {
    "an upward include inside the runtime": (
        {"runtime/src/fiber/stack.cpp": '#include "base/a.hpp"\n#include "sched/idle.hpp"\n'},
        ["stack.cpp:2: error: fiber must not include sched/idle.hpp"]),
    "two parts of one rank": (
        {"runtime/src/timer/wheel.cpp": '#include "reactor/epoll.hpp"\n'},
        ["timer must not include reactor/epoll.hpp"]),
    "a part nobody ordered": (
        {"runtime/src/misc/x.cpp": "#include <vector>\n"}, ["unknown part 'misc'"]),
    "sync reaching into the runtime's detail": (
        {"sync/src/mutex.cpp": "#include <heddle/runtime/detail/spinlock.hpp>\n",
         "tests/io/x_test.cpp": "#include <heddle/runtime/detail/spinlock.hpp>\n",
         "tests/runtime/x_test.cpp": "#include <heddle/runtime/detail/spinlock.hpp>\n"},
        ["sync/src/mutex.cpp:1: error", "tests/io/x_test.cpp:1: error"]),
    "a heavy and a private include in a public header": (
        {"io/include/heddle/io/tls.hpp": '#include <openssl/ssl.h>\n#include "net/tcp.hpp"\n'},
        ["'openssl/ssl.h' belongs into a .cpp", "private 'net/tcp.hpp'"]),
    "a climbing include": ({"io/src/a/b.cpp": '#include "../c/d.hpp"\n'}, ["climbs"]),
    "what is allowed": (
        {"runtime/src/runtime.cpp": '#include "sched/worker.hpp"\n#include "config.hpp"\n',
         "runtime/src/scope/task_join.cpp": '#include "wait/waiter.hpp"\n#include <boost/x.hpp>\n'
                                       '// #include "debug/dump.hpp"\n'},
        []),
}

if __name__ == "__main__":
    tree.main(check, PLANTS)
