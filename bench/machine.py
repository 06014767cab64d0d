# SPDX-License-Identifier: MIT
"""Where and of what a result was measured."""
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def cpu_model():
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.machine()


def package(name):
    return said("dpkg-query", "-W", "-f", "${Version}", name)


def from_cache(build, name):
    text = (Path(build) / "CMakeCache.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\w+=(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def revision():
    """Names the commit, and whether the tree differs from it elsewhere than in kept results."""
    changed = said("git", "status", "--porcelain", "--", ".", ":!bench/results")
    return said("git", "describe", "--always") + (" and changes" if changed else "")


def describe(build):
    """Returns what a reader must know, as (name, value) pairs."""
    compiler = from_cache(build, "CMAKE_CXX_COMPILER")
    flags = [from_cache(build, "CMAKE_CXX_FLAGS"), from_cache(build, "CMAKE_CXX_FLAGS_RELEASE"),
             "-fstack-clash-protection"]
    return [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("revision", revision()),
        ("CPU", f"{cpu_model()}, {len(os.sched_getaffinity(0))} usable"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("compiler", said(compiler, "--version").split("\n")[0]),
        ("flags", " ".join(" ".join(flags).split())),
        ("Boost.Context", package("libboost-context1.81-dev")),
        ("oneTBB", package("libtbb-dev")),
        ("load before", " ".join(f"{load:.2f}" for load in os.getloadavg())),
    ]


def short_name(build):
    """Names machine and compiler in a file name, as in intel-2cpu-gcc."""
    compiler = "clang" if "clang" in from_cache(build, "CMAKE_CXX_COMPILER") else "gcc"
    maker = "intel" if "Intel" in cpu_model() else "amd" if "AMD" in cpu_model() else \
        platform.machine()
    return f"{maker}-{len(os.sched_getaffinity(0))}cpu-{compiler}"
