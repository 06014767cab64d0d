#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the Promela models of this folder exhaustively with spin.

Usage: run_models.py [--quick] SUITE, which is one of: bias park waker join scope group select fork
branches pool asymmetric nest planted_bugs all

--quick leaves out the configurations of millions of states, which take minutes.

For every configuration: the verifier's outcome, states, depth, memory and CPU time. A configuration
passes if spin searched all of its states and found no error. A planted bug passes if spin finds
an error, and that error is the one that the mistake leads to; the same configuration without the
mistake is among those that must pass. Needs spin and gcc (Debian packages of these names), and
is faster with tcc.
"""
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
MEMORY_MB = 1900
DEPTH = 100_000

# What spin says when it fails: the assertions of the models, by a name.
FAILURES = {
    "lost job": r"put==\(ran\+",
    "lost token": r"searching==0\)",
    "hog unwatched": r"tick_armed",
    "livelock": r"non-progress cycle",
    "resumed twice": r"off_stack.*runnable",
    "lost hand-over": r"handed_over==received",
    "missed cancel": r"!\(cancel_requested\)\)|!\(cancel\)&&\(freed==0\)|\(detached\|\| !\(1\)\)",
    "frame touched after its end": r"frame_stands",
    "wrong task cancelled": r"reason!=|!\(recycled\)",
    "core touched after free": r"freed==0\) \(at",
    "foreign wait ended": r"in_join",
    "leaked core": r"freed==1",
    "sleeps in a cancelled scope": r"asleep&&\(depth",
    "ended by a scope it does not hear": r"outcome!=",
    "taken by the wrong scope": r"asked\[1\]&& !",
    "a child sleeps on": r"asked&&asleep",
    "a child's group is not told": r"asked&&stands",
    "group touched after its end": r"violated stands",
    "met itself": r"q!=p",
    "party touched after its end": r"stands\[",
    "value lost or doubled": r"==made|mine\[p\]==before|got\[",
    "left without its value": r"settled\[",
    "sleeps beside what it waits for": r"word\[0\]==3|buffered|is_closed",
    "deadlock": r"!\(locked",
    "two holders": r"inside==(of_loop|of_owner|0)\) \(at",
    "lock left held": r"inside==0\)&& !\(held",
    "branch run twice or not at all": r"ran\[",
    "frame touched after its end": r"violated frame",
    "entry lost or doubled": r"had\[",
    "write under the lock not seen": r"count==made",
    "joined before all have ended": r"over\[",
    "spawn order overtaken": r"in_deque\[.*==0\) \(at",
    "waits for ever": r"invalid end state",
}


class Run(NamedTuple):
    """One verification: a model, its -D parameters, perhaps a mistake and what it must lead to."""
    model: str
    parameters: str
    large: bool = False  # worth the time of an optimising compiler; not for --quick
    live: bool = False
    bug: str = ""
    failure: str = ""

    def defines(self):
        names = self.parameters.split() + ([self.bug] if self.bug else [])
        return [f"-D{name}" for name in names]

    def title(self):
        words = [self.model, self.parameters or "(defaults)"]
        return " ".join(words + (["live"] if self.live else []) + ([self.bug] if self.bug else []))


PARK = [Run("park", parameters, large) for parameters, large in (
    ("N=2 INJECTORS=1", False),
    ("N=2 INJECTORS=2", True),
    ("N=2 INJECTORS=1 SCRIPT=1 HOGS=1", True),
    ("N=2 SCRIPT=1 SPAWNS=2 HOGS=1", False),
    ("N=2 INBOXERS=2 KERNEL=1", False),
    ("N=2 SCRIPT=1 HOGS=1 KERNEL=2", True),
    ("N=3 INJECTORS=1", True),
    ("N=3 ASLEEP=1 INJECTORS=2", True),
    ("N=3 ASLEEP=1 INBOXERS=1 INJECTORS=1", False),
    ("N=3 ASLEEP=1 INBOXERS=1 KERNEL=1", False),
    ("N=3 ASLEEP=1 INJECTORS=1 SCRIPT=1 HOGS=1", True),
    ("N=3 ASLEEP=1 SCRIPT=1 SPAWNS=2 HOGS=1", True),
    ("N=3 ASLEEP=1 SCRIPT=1 HOGS=1 KERNEL=1", True),
)] + [Run("park", parameters, large=True, live=True) for parameters in (
    "N=2 ASLEEP=1 INJECTORS=2",
    "N=2 SCRIPT=1 SPAWNS=2 HOGS=1",
    "N=2 INBOXERS=1 KERNEL=1",
)]

WAKER = [Run("waker", parameters, large) for parameters, large in (
    ("LISTS=0 EVENTS=0 CANCEL=1", False),
    ("LISTS=1 EVENTS=1", False),
    ("LISTS=1 EVENTS=2 CLOSE=1", False),
    ("LISTS=1 EVENTS=1 CANCEL=1", False),
    ("LISTS=1 EVENTS=1 CANCEL=1 REUSE=1", False),
    ("LISTS=1 EVENTS=2 TIMER=1 CANCEL=1 REUSE=1", False),
    ("LISTS=2 EVENTS=1", False),
    ("LISTS=2 EVENTS=1 TIMER=1 CANCEL=1", True),
    ("LISTS=2 EVENTS=1 TIMER=1 CANCEL=1 REUSE=1", True),
)]

JOIN = [Run("join", parameters) for parameters in (
    "", "CLAIM=1", "JOINER_CANCELLED=1", "CLAIM=1 JOINER_CANCELLED=1",
    "CLAIM=1 EVENT=1", "CLAIM=1 EVENT=1 JOINER_CANCELLED=1",
    "LONE=1", "LONE=1 EVENT=1", "LONE=1 JOINER_CANCELLED=1",
    "LONE=1 EVENT=1 JOINER_CANCELLED=1")]

SCOPE = [Run("scope", parameters) for parameters in (
    "EVENTS=0", "EVENTS=1", "EVENTS=2", "EVENTS=1 CANCELLERS=2",
    "SHIELD=1 CANCELLERS=0 EVENTS=1", "SHIELD=1 CANCELLERS=0 EVENTS=3")]

GROUP = [Run("group", parameters) for parameters in (
    "SCOPE=1", "SCOPE=0 GROUP=1", "SCOPE=1 GROUP=1", "SCOPE=1 SHIELDED=1",
    "SCOPE=1 GROUP=1 SHIELDED=1")]

SELECT = [Run("select", parameters) for parameters in (
    "", "TIMER=1", "CLOSE=1 TIMER=1", "MASK0=3 MASK1=3", "MASK0=3 MASK1=3 MASK2=3",
    "MASK0=9 MASK1=6 TIMER=1", "MASK0=1 MASK1=2 TIMER=1 CLOSE=1",
    "MASK0=5 MASK1=2 MASK2=10 TIMER=1", "CAP=1 MASK0=5 MASK1=10 TIMER=1",
    "CAP=1 MASK0=1 MASK1=5 MASK2=2 TIMER=1", "CAP=1 MASK0=1 MASK1=1 MASK2=10 CLOSE=1")]

FORK = [Run("fork", parameters) for parameters in (
    "BRANCHES=1", "BRANCHES=2", "THIEVES=2", "SUSPENDS=1", "SUSPENDS=1 THIEVES=2", "SUSPENDS=2",
    "SUSPENDS=2 THIEVES=0", "FAILS=1 SUSPENDS=1", "CANCEL=1", "CANCEL=1 SUSPENDS=1 THIEVES=2")]

BRANCHES = [Run("branches", parameters) for parameters in (
    "PUSHES=2 TAKERS=1", "PUSHES=3", "PUSHES=4")]

POOL = [Run("pool", parameters) for parameters in (
    "", "PATIENT=1", "CANCEL=1", "CANCEL=2", "MOST=2", "MOST=2 CANCEL=1", "MOST=2 DEPENDS=1",
    "CALLERS=3", "CALLERS=3 CANCEL=1", "FAILS=1", "FAILS=1 CANCEL=1", "MOST=2 FAILS=1")]

BIAS = [Run("bias", parameters) for parameters in (
    "HOME=4", "HOME=3 FOREIGN=2", "HOME=3 FOREIGN=2 TWICE=1", "HOME=2 FOREIGN=3 TWICE=1")]

ASYMMETRIC = [Run("asymmetric", parameters) for parameters in (
    "", "OWN=5 TWICE=3", "TAKERS=2", "OWN=4 TAKERS=2", "OWN=2 TAKERS=3 TWICE=1",
    "UNBIASED=1 TAKERS=2")]

NEST = [Run("nest", parameters, large) for parameters, large in (
    ("", False),
    ("CHILDREN=3 THIEVES=2", False),
    ("SUSPENDS=1", False),
    ("CHILDREN=3 SUSPENDS=1 LEAVES=1 THIEVES=0", False),
    ("CHILDREN=3 LEAVES=1 GIVES_WAY=1 LOOPS=2", False),
    ("CHILDREN=3 SUSPENDS=1 LEAVES=1 GIVES_WAY=1 LOOPS=2 THIEVES=2", True),
    ("SECOND=1", False),
    ("CHILDREN=3 SECOND=1 LEAVES=1 LOOPS=2 THIEVES=2", True),
    ("CHILDREN=3 DESTROYS=1 LEAVES=1 LOOPS=2 THIEVES=2", False),
    ("OUTER=1", False),
    ("OUTER=1 LEAVES=1 LOOPS=2", False),
    ("OUTER=1 SUSPENDS=1 LOOPS=2 THIEVES=2", True),
    ("OUTER=1 CHILDREN=3 SUSPENDS=1 GIVES_WAY=1 LOOPS=2", True),
    ("OUTER=1 SUSPENDS=1 LEAVES=1 GIVES_WAY=1 LOOPS=2", True),
    ("OUTER=1 SECOND=1 LEAVES=1 LOOPS=2", True),
    ("OUTER=1 DESTROYS=1 LEAVES=1 LOOPS=2", True),
)]

PLANTED_BUGS = [Run("park", parameters, bug=f"BUG_{bug}", failure=failure)
                for parameters, bug, failure in (
    ("N=2 INJECTORS=1", "LOOK_THEN_ANNOUNCE", "lost job"),
    ("N=2 INJECTORS=1", "SEARCHER_LEAVES_AFTER_ITS_LAST_SEARCH", "lost job"),
    ("N=2 INJECTORS=2", "WITHDRAWS_WITHOUT_NOTICING", "lost token"),
    ("N=2 INJECTORS=2", "WAKER_LEAVES_THE_PARKED", "lost token"),
    ("N=2 INJECTORS=2", "NO_SECOND_LOOK", "lost job"),
    ("N=2 INJECTORS=1 SCRIPT=1 HOGS=1", "NO_TOKEN_PASSED_ON", "lost job"),
    ("N=2 SCRIPT=1 HOGS=1 KERNEL=2", "RUNS_BEFORE_IT_TAKES_INJECTED", "lost job"),
    ("N=2 SCRIPT=1 SPAWNS=2 HOGS=1", "ARMS_ONLY_AFTER_SLEEP", "hog unwatched"),
    ("N=2 SCRIPT=1 SPAWNS=2 HOGS=1", "SENTINEL_ENDS_BLINDLY", "hog unwatched"),
    ("N=2 SCRIPT=1 HOGS=1 KERNEL=2", "RUNNING_LOOP_TAKES_THE_TICK", "hog unwatched"),
    ("N=2 SCRIPT=1 HOGS=1 KERNEL=2", "HELPER_SWALLOWS_THE_WAKE_UP", "lost token"),
)] + [
    Run("park", "N=2 ASLEEP=1 INJECTORS=2", live=True, bug="BUG_THE_REFUSED_DO_NOT_LOOK",
        failure="livelock"),
] + [Run("waker", parameters, bug=f"BUG_{bug}", failure=failure)
     for parameters, bug, failure in (
    ("LISTS=1 EVENTS=1", "COMMITS_WITHOUT_A_CHECK", "lost hand-over"),
    ("LISTS=1 EVENTS=1", "COMMITS_BEFORE_IT_LEAVES", "resumed twice"),
    ("LISTS=1 EVENTS=1", "RESUMES_ALWAYS", "resumed twice"),
    ("LISTS=2 EVENTS=1", "LEAVES_WITHOUT_THE_LOCK", "frame touched after its end"),
    ("LISTS=1 EVENTS=1 CANCEL=1", "CANCEL_LOOKED_AT_BEFORE_W1", "missed cancel"),
    ("LISTS=0 EVENTS=0 CANCEL=1", "CANCEL_LOOKED_AT_BEFORE_W4", "missed cancel"),
    ("LISTS=1 EVENTS=1 CANCEL=1 REUSE=1", "CLAIMS_WHATEVER_WAIT", "wrong task cancelled"),
    ("LISTS=1 EVENTS=1 CANCEL=1 REUSE=1", "RECYCLES_A_BUSY_FIBER", "wrong task cancelled"),
)] + [Run("join", "CLAIM=1 JOINER_CANCELLED=1", bug=f"BUG_{bug}", failure=failure)
      for bug, failure in (
    ("JOINER_FREES_BEFORE_DONE", "core touched after free"),
    ("JOINER_LEAVES_ITS_PARKER", "foreign wait ended"),
    ("SUSPENDS_WITHOUT_SETTLING", "missed cancel"),
    ("SETTLES_AND_THEN_REGISTERS", "missed cancel"),
    ("DETACHES_WITHOUT_A_LOOK", "leaked core"),
    ("RUNNER_IGNORES_BUSY", "wrong task cancelled"),
    ("CANCEL_LOOKED_AT_BEFORE_RUNNER_IS_KNOWN", "missed cancel"),
)] + [Run("join", "LONE=1 JOINER_CANCELLED=1", bug=f"BUG_{bug}", failure=failure)
      for bug, failure in (
    ("NO_HEAVY_FENCE", "leaked core"),
    ("KEEPS_WHAT_IT_SAW", "leaked core"),
)] + [Run("scope", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("EVENTS=1", "LEAVES_A_CANCELLER_AT_WORK", "ended by a scope it does not hear"),
    ("EVENTS=1", "KEEPS_M", "taken by the wrong scope"),
    ("EVENTS=1", "WALKS_AND_THEN_LOWERS", "sleeps in a cancelled scope"),
    ("EVENTS=1", "RAISES_AND_THEN_MARKS", "ended by a scope it does not hear"),
    ("EVENTS=1", "LOOKS_AND_THEN_RAISES", "sleeps in a cancelled scope"),
    ("SHIELD=1 CANCELLERS=0 EVENTS=1", "CLAIMS_A_SHIELDED_WAIT",
     "ended by a scope it does not hear"),
)] + [Run("group", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("SCOPE=1 GROUP=1", "LOOKS_BEFORE_IT_ENTERS", "a child sleeps on"),
    ("SCOPE=1 GROUP=1", "GOES_WHILE_BUSY", "group touched after its end"),
    ("SCOPE=1 SHIELDED=1", "LOOKS_BEFORE_IT_LINKS", "a child's group is not told"),
    ("SCOPE=1 SHIELDED=1", "MAKES_A_GROUP_AS_NOBODY", "a child's group is not told"),
)] + [Run("select", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("TIMER=1", "MOVES_BEFORE_THE_CLAIM", "value lost or doubled"),
    ("TIMER=1", "LEAVES_WITHOUT_THE_LOCK", "party touched after its end"),
    ("MASK0=9 MASK1=6 TIMER=1", "LOCKS_IN_ANY_ORDER", "deadlock"),
    ("MASK0=3 MASK1=3", "UNLOCKS_BETWEEN_LOOKING_AND_ENLISTING",
     "sleeps beside what it waits for"),
    ("CLOSE=1 TIMER=1", "SLEEPS_ON_A_CLOSED_CHANNEL", "sleeps beside what it waits for"),
    ("MASK0=1 MASK1=2 TIMER=1 CLOSE=1", "GOES_ON_BEFORE_THE_SETTLEMENT",
     "left without its value"),
    ("MASK0=3 MASK1=3", "ENLISTS_AS_IT_LOOKS", "met itself"),
)] + [Run("bias", "HOME=3 FOREIGN=2", bug=f"BUG_{bug}", failure=failure)
      for bug, failure in (
    ("NO_HEAVY_FENCE", "two holders"),
    ("LOOKS_BEFORE_IT_SAYS", "two holders"),
    ("DOES_NOT_WAIT", "two holders"),
    ("UNLOCKS_BY_THE_PRESENT_HOME", "lock left held"),
    ("SAYS_HOW_BEFORE_IT_HOLDS", "waits for ever"),
)] + [Run("fork", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("BRANCHES=2", "SAYS_TAKEN_FIRST", "branch run twice or not at all"),
    ("BRANCHES=2", "DOES_NOT_WAIT_FOR_THE_ADOPTION", "branch run twice or not at all"),
    ("SUSPENDS=2 THIEVES=0", "LEAVES_THEM_IN_THE_DEQUE", "waits for ever"),
    ("SUSPENDS=1", "LOOKS_WITHOUT_THE_LOCK", "frame touched after its end"),
    ("CANCEL=1", "LOOKS_BEFORE_IT_LINKS", "waits for ever"),
)] + [Run("branches", parameters, bug=f"BUG_{bug}", failure="entry lost or doubled")
      for parameters, bug in (
    ("PUSHES=3", "NO_HEAVY_FENCE"),
    ("PUSHES=3", "TAKES_THE_LAST_WITHOUT_ASKING"),
)] + [Run("pool", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("", "WAITS_WITHOUT_A_LOOK", "waits for ever"),
    ("PATIENT=1", "LOOKS_AND_THEN_IDLES", "waits for ever"),
    ("", "GOES_THOUGH_IT_WAS_SENT", "waits for ever"),
    ("CANCEL=1", "LEAVES_WHILE_IT_RUNS", "frame touched after its end"),
    ("MOST=2 DEPENDS=1", "A_STARTED_THREAD_SENDS_NOBODY", "waits for ever"),
    ("FAILS=1", "NOBODY_IS_TOLD_OF_A_FAILURE", "waits for ever"),
)] + [Run("asymmetric", "TAKERS=2", bug=f"BUG_{bug}", failure=failure)
      for bug, failure in (
    ("NO_HEAVY_FENCE", "two holders"),
    ("LOOKS_BEFORE_IT_SAYS", "two holders"),
    ("DOES_NOT_LOOK", "two holders"),
    ("NO_EPOCH", "two holders"),
    ("GOES_AWAY_AND_LEAVES_IT_OPEN", "two holders"),
    ("TAKES_BY_A_STORE", "two holders"),
    ("LETS_GO_AND_THEN_WRITES", "write under the lock not seen"),
)] + [Run("nest", parameters, bug=f"BUG_{bug}", failure=failure)
      for parameters, bug, failure in (
    ("", "THIEF_COUNTS_LATER", "group touched after its end"),
    ("", "THIEF_COUNTS_THE_LAST_TOO", "waits for ever"),
    ("SUSPENDS=1", "READY_BEFORE_IT_COUNTS", "joined before all have ended"),
    ("SUSPENDS=1", "BOTH_HAVE_WHAT_THE_LIST_HAD", "joined before all have ended"),
    ("SUSPENDS=1", "GIVES_UP_ITS_SHARE_FIRST", "group touched after its end"),
    ("OUTER=1 LEAVES=1 LOOPS=2", "COUNTS_ONLY_WHO_SUSPENDS", "joined before all have ended"),
    ("SECOND=1", "NO_SHARE_FOR_THE_LIST", "joined before all have ended"),
    ("SECOND=1", "PUSHES_BEFORE_IT_COUNTS", "joined before all have ended"),
    ("SECOND=1", "STAYS_AT_THE_END_OF_ITS_MAKER", "waits for ever"),
    ("CHILDREN=3 LEAVES=1 GIVES_WAY=1 LOOPS=2", "KEEPS_BEHIND_THE_DEQUE",
     "spawn order overtaken"),
    ("CHILDREN=3 LEAVES=1 GIVES_WAY=1 LOOPS=2", "KEEPS_BEHIND_ANOTHER_LOOP",
     "spawn order overtaken"),
)]

SUITES = {"bias": BIAS, "park": PARK, "waker": WAKER, "join": JOIN, "scope": SCOPE, "group": GROUP,
          "select": SELECT, "fork": FORK, "branches": BRANCHES, "pool": POOL,
          "asymmetric": ASYMMETRIC, "nest": NEST, "planted_bugs": PLANTED_BUGS}


def call(command, folder, what):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{what} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def compiler(run):
    """To compile is most of the work of a small configuration, and tcc is 30 times faster at it."""
    if run.large:
        return ["gcc", "-O2"]
    return ["tcc"] if shutil.which("tcc") else ["gcc", "-O0"]


def verify(run, folder):
    """Builds and runs the verifier of one configuration. Returns what it printed."""
    shutil.copy(HERE / f"{run.model}.pml", folder)
    said = call(["spin", "-a", *run.defines(), f"{run.model}.pml"], folder, "spin")
    if "rror" in said:
        raise RuntimeError(f"spin finds fault with {run.model}.pml:\n{said}")
    mode = ["-DNP", "-DNFAIR=3"] if run.live else ["-DSAFETY"]
    call([*compiler(run), "-w", *mode, f"-DMEMLIM={MEMORY_MB}", "-o", "pan", "pan.c"], folder,
         "compiling the verifier")
    options = ["-l", "-f"] if run.live else []
    return subprocess.run(["./pan", "-n", f"-m{DEPTH}", "-w22", *options], cwd=folder,
                          capture_output=True, text=True, check=False).stdout


def number(pattern, said):
    found = re.search(pattern, said)
    return float(found.group(1)) if found else float("nan")


def verdict(run, said):
    """Returns what is wrong; empty if the run came out as it must."""
    errors = re.search(r"errors: (\d+)", said)
    searched = "Full statespace search for" in said
    if errors is None or not searched:
        return "the verifier did not run"
    if run.bug:
        if errors.group(1) == "0":
            return "spin did not find the mistake"
        if not re.search(FAILURES[run.failure], said):
            return f"spin found something else than: {run.failure}"
        return ""
    if errors.group(1) != "0":
        return re.search(r"pan:1: .*|$", said).group(0) or "an error"
    for incomplete in ("max search depth too small", "Search not completed", "out of memory",
                       "Bit statespace", "Hash-Compact"):
        if incomplete in said:
            return f"not exhaustive: {incomplete}"
    return ""


def report(run, said, wrong, seconds):
    states = number(r"([\d.e+]+) states, stored", said)
    depth = number(r"depth reached (\d+)", said)
    memory = number(r"([\d.]+)\s+total actual memory", said)
    outcome = "FAILED" if wrong else f"found: {run.failure}" if run.bug else "ok"
    print(f"{run.title():<76} {states:>8.0f} states  depth {depth:>4.0f}  {memory:>5.0f} MB "
          f"{seconds:>5.1f} s  {outcome}", flush=True)
    if wrong:
        print(f"    {wrong}\n    to see the trace: spin -a {' '.join(run.defines())} "
              f"{run.model}.pml; gcc -o pan pan.c; ./pan; spin -t -p -g {run.model}.pml")


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_suite(runs, quick):
    failed = 0
    for run in runs:
        if quick and run.large and not run.bug:
            print(f"{run.title():<76} left out: large", flush=True)
            continue
        before = cpu_seconds()
        with tempfile.TemporaryDirectory(prefix="heddle_model_") as folder:
            said = verify(run, folder)
        wrong = verdict(run, said)
        report(run, said, wrong, cpu_seconds() - before)
        failed += bool(wrong)
    return failed


def main(arguments):
    quick = "--quick" in arguments
    if quick:
        arguments.remove("--quick")
    if len(arguments) != 1 or arguments[0] not in (*SUITES, "all"):
        print(__doc__, file=sys.stderr)
        return 2
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print(f"run_models: {tool} is not installed: apt-get install {tool} "
                  "(or configure with -DHEDDLE_WITH_MODELS=OFF)", file=sys.stderr)
            return 1
    all_sound = (BIAS + PARK + WAKER + JOIN + SCOPE + GROUP + SELECT + FORK + BRANCHES + POOL +
                 ASYMMETRIC + NEST)
    sound = {(run.model, run.parameters, run.live) for run in all_sound}
    for run in PLANTED_BUGS:
        assert (run.model, run.parameters, run.live) in sound, f"not checked without: {run.title()}"
    chosen = SUITES.values() if arguments[0] == "all" else [SUITES[arguments[0]]]
    failed = sum(run_suite(runs, quick) for runs in chosen)
    print(f"{failed} failed" if failed else "all as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
