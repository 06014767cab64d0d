# SPDX-License-Identifier: MIT
"""Running the benchmark programs and reading what they print."""
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


class Absent(Exception):
    """The program was not built, because what it needs is not installed."""


@dataclass
class Sample:
    problem: str
    rival: str
    metric: str
    value: float
    tags: dict = field(default_factory=dict)


def on_cpu(cpu):
    """What a child runs first: one CPU of those allowed, where there are several."""
    allowed = sorted(os.sched_getaffinity(0))
    if cpu is None or len(allowed) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {allowed[cpu % len(allowed)]})


class Programs:
    """The programs below one build directory."""

    def __init__(self, build, verbose=False):
        self.directory = Path(build) / "bench"
        self.verbose = verbose

    def path(self, name):
        path = self.directory / name
        if not path.exists():
            raise Absent(name)
        return str(path)

    def has(self, name):
        return (self.directory / name).exists()

    def run(self, name, *arguments, cpu=None):
        """Runs a program to its end. Returns the measurements that it printed."""
        command = [self.path(name), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False,
                              preexec_fn=on_cpu(cpu))
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} ended with status {done.returncode}")
        found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if self.verbose:
            print(f"    {name} {' '.join(map(str, arguments))}: {found}", file=sys.stderr)
        return found


class Server:
    """A program that prints its port, and the process that serves if that is another, and ends
    when its standard input does."""

    def __init__(self, programs, name, cpu):
        self.child = subprocess.Popen([programs.path(name)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(cpu))
        port, *process = self.child.stdout.readline().split()
        self.port = int(port)
        self.pid = int(process[0]) if process else self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            status = self.child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            status = "still there after 15 s"
        if status != 0:
            print(f"bench: a server did not end as it should: {status}", file=sys.stderr)
