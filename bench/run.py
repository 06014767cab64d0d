#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures heddle beside its rivals and says which targets are met. scripts/bench builds, then
calls this; README.md explains the problems and the method."""
import argparse
import datetime
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import judge
import machine
from problems import PROBLEMS
from programs import Absent, Programs


@dataclass
class Effort:
    rounds: int
    windows: int  # of the echo load
    million: int
    hog_ms: int


FULL = Effort(rounds=5, windows=10, million=1_000_000, hog_ms=3000)
QUICK = Effort(rounds=2, windows=3, million=100_000, hog_ms=500)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--only", default="", help="as in p1,p14")
    parser.add_argument("--quick", action="store_true", help="small sizes: do the programs work?")
    parser.add_argument("--save", action="store_true", help="keep the result in bench/results")
    parser.add_argument("--verbose", action="store_true", help="every measurement as it comes")
    options = parser.parse_args()
    if options.quick and options.save:
        parser.error("--save keeps results, and those of --quick say nothing")
    return options


def chosen(only):
    wanted = [word.strip().upper() for word in only.split(",") if word.strip()]
    unknown = set(wanted) - {problem.key for problem in PROBLEMS}
    if unknown:
        sys.exit(f"bench: no such problem: {', '.join(sorted(unknown))}; there are "
                 + ", ".join(problem.key for problem in PROBLEMS))
    return [problem for problem in PROBLEMS if not wanted or problem.key in wanted]


def measure(problem, programs, effort):
    began = time.monotonic()
    print(f"{problem.key}: {problem.title} ...", end=" ", flush=True, file=sys.stderr)
    try:
        samples = list(problem.measure(programs, effort))
    except Absent as missing:
        print(f"{missing} was not built", file=sys.stderr)
        return []
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return samples


def write(stem, facts, table, ranked, samples):
    """Writes the table for people and the samples for programs."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    about = "\n".join(f"- {name}: {value}" for name, value in facts)
    name = stem.name
    places = "\nRanked, the least first:\n\n" * bool(ranked)
    places += "".join(f"- {line}\n" for line in ranked)
    stem.with_suffix(".md").write_text(
        f"# {name}\n\n{about}\n\nThe best value, and in brackets the median. Times are CPU time "
        f"where one loop runs. All samples: {name}.ndjson.\n\n{judge.as_markdown(table)}\n{places}",
        encoding="utf-8")
    with stem.with_suffix(".ndjson").open("w", encoding="utf-8") as out:
        out.write(json.dumps({"about": dict(facts)}) + "\n")
        for sample in samples:
            out.write(json.dumps(asdict(sample)) + "\n")
    print(f"\nwritten: {stem}.md, {stem}.ndjson")


def main():
    options = arguments()
    effort = QUICK if options.quick else FULL
    programs = Programs(options.build, options.verbose)
    facts = machine.describe(options.build)
    for name, value in facts:
        print(f"{name}: {value}")
    print()
    samples, table, ranked = [], [], []
    for problem in chosen(options.only):
        found = measure(problem, programs, effort)
        samples += found
        table += judge.rows(problem, found)
        ranked += judge.rankings(problem, found)
    facts.append(("load after", " ".join(f"{load:.2f}" for load in os.getloadavg())))
    if options.quick:
        facts.append(("sizes", "small (--quick): the numbers say nothing, and are not judged"))
        table = [replace(row, limit="", verdict="") for row in table]
    print("\nThe best value, and in brackets the median.\n\n" + judge.as_text(table))
    if ranked:
        print("\nRanked, the least first:\n" + "\n".join(ranked))
    print("\n" + ("a quick run: not judged" if options.quick else judge.summary(table)))
    today = datetime.date.today().isoformat()
    results = Path(__file__).parent / "results" if options.save else Path(options.build)
    write(results / f"{today}-{machine.short_name(options.build)}", facts, table, ranked, samples)


if __name__ == "__main__":
    main()
