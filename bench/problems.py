# SPDX-License-Identifier: MIT
"""The problems: how each is measured, and what heddle must reach. README.md has the definitions.

A problem's measure() yields samples; its verdicts are computed from them by judge.py. Rivals take
turns, A B A B, so that a slow minute of the machine meets all of them.
"""
from contextlib import ExitStack
from dataclasses import dataclass

from programs import Sample, Server


@dataclass
class Line:
    """One line of the result: a metric, and what it must reach against a rival's, or as it is.

    limit: None: shown, not judged. rival: None: the limit is absolute. of: "min" of the samples, or
    "max" where more is better or the worst case counts. tags: only the samples that have them.
    instead_of: judged only if this rival was not measured. void_if: a metric that misses the limit
    only when the machine is too busy to judge; of the same two, where the limit is a ratio.
    """
    metric: str
    label: str
    unit: str
    limit: float = None
    rival: str = None
    of: str = "min"
    sign: str = "<="
    tags: tuple = ()
    mine: str = "heddle"
    instead_of: str = None
    void_if: str = None


@dataclass
class Ranking:
    """All that were measured by one metric, the least first."""
    metric: str
    label: str
    unit: str
    rivals: tuple
    tags: tuple = ()


@dataclass
class Problem:
    key: str
    title: str
    measure: callable
    lines: list
    rankings: tuple = ()


def in_turns(key, programs, rounds, contestants):
    """Runs contestants, {rival: (program, arguments...)}, one after the other, and again."""
    for _ in range(rounds):
        for rival, (program, *arguments) in contestants.items():
            if not programs.has(program):
                continue
            for found in programs.run(program, *arguments):
                tags = {k: v for k, v in found.items() if k not in ("metric", "value")}
                yield Sample(key, rival, found["metric"], found["value"], tags)


def micro(key, folder, rivals, others=None):
    """One program a rival in `folder`. A benchmark of heddle's that `others` names counts as a
    rival of that name, {benchmark: rival}."""
    def measure(programs, effort):
        for sample in in_turns(key, programs, effort.rounds, {
                rival: (f"{folder}/{rival}",) for rival in ("heddle", *rivals)}):
            what = sample.tags.pop("what")
            sample.rival = (others or {}).get(what, sample.rival)
            yield sample
    return measure


def spawn_million(programs, effort):
    return in_turns("P3", programs, effort.rounds, {
        "heddle": ("spawn_million/heddle",), "tbb": ("spawn_million/tbb",)})


def parked(programs, effort):
    size = ("--fibers", effort.million)
    return in_turns("P4", programs, 1, {
        "heddle": ("parked/heddle", *size), "boost_fiber": ("parked/boost_fiber", *size)})


def sleepers(programs, effort):
    for tag, count, rounds in (("1e6", effort.million, 2), ("1e5", effort.million // 10, 3)):
        size = ("--sleepers", count)
        for sample in in_turns("P10", programs, min(rounds, effort.rounds), {
                "heddle": ("sleepers/heddle", *size), "tokio": ("sleepers/tokio", *size),
                "boost_fiber": ("sleepers/boost_fiber", *size)}):
            sample.tags["sleepers"] = tag
            yield sample


def asked_in_turns(key, programs, effort, folder, connections, *arguments):
    """The servers on one CPU, and one load on another that asks one after the other."""
    rivals = [name for name in ("nginx", "hyper", "go") if programs.has(f"{folder}/{name}")]
    with ExitStack() as stack:
        servers = [(name, stack.enter_context(Server(programs, f"{folder}/{name}", cpu=0)))
                   for name in ("heddle", "raw_epoll", *rivals)]
        where = [f"{name}:{server.pid}:{server.port}" for name, server in servers]
        for found in programs.run("echo/load", "--connections", connections, "--rounds",
                                  effort.windows, "--window-ms", 400, *arguments, "--", *where,
                                  cpu=1):
            yield Sample(key, found["rival"], found["metric"], found["value"],
                         {"connections": connections})


def echo(programs, effort):
    for connections in (64, 1000):
        yield from asked_in_turns("P14", programs, effort, "echo", connections)


def http(key, pipelined):
    """Requests in messages of so many."""
    def measure(programs, effort):
        for connections in (64, 1000) if pipelined == 1 else (64,):
            yield from asked_in_turns(key, programs, effort, "http", connections,
                                      "--http", pipelined)
    return measure


def channel(key, metrics, better):
    """One loop by CPU time, two by wall time; `better` makes what is judged of a sample."""
    def measure(programs, effort):
        for loops, clock in ((1, "cpu_ns"), (2, "wall_ns")):
            # Two threads of Boost.Fiber wake each other through the kernel: fewer rounds.
            count = 1_000_000 if loops == 1 else 100_000
            size = ("--loops", loops, "--repeats", 1, "--count", count)
            for sample in in_turns(key, programs, effort.rounds, {
                    "heddle": ("channel/heddle", *size),
                    "boost_fiber": ("channel/boost_fiber", *size)}):
                if sample.metric == f"{metrics}_{clock}":
                    yield Sample(key, sample.rival, metrics, better(sample.value),
                                 {"loops": loops})
                    if sample.rival == "heddle" and key == "P6" and loops == 1:
                        yield Sample(key, "1 loop", metrics, better(sample.value), {"loops": 2})
    return measure


def timeout(programs, effort):
    for sample in in_turns("P9", programs, effort.rounds, {
            "heddle": ("timeout/heddle", "--rounds", 1),
            "boost_fiber": ("timeout/boost_fiber", "--rounds", 1)}):
        if sample.metric != "clock_ns":
            yield sample
            continue
        for added in ("ready_added_ns", "answered_added_ns"):
            yield Sample("P9", "clock_gettime", added, sample.value)


def recursion(key, programs, rounds, contestants):
    """Runs {rival: program} on one loop, by CPU time, and on two, by wall time."""
    for loops, clock in ((1, "cpu_ns"), (2, "wall_ns")):
        for sample in in_turns(key, programs, rounds, {
                rival: (program, "--loops", loops) for rival, program in contestants.items()}):
            if sample.metric in ("cpu_ns", "wall_ns") and sample.metric != clock:
                continue
            metric = "ns" if sample.metric == clock else sample.metric
            yield Sample(key, sample.rival, metric, sample.value, {"loops": loops})


def fib(programs, effort):
    for sample in recursion("P11", programs, effort.rounds, {
            "heddle": "fib/heddle", "tbb": "fib/tbb"}):
        yield sample
        metric = "forks" if sample.rival == "heddle" else "tbb_forks"
        on_one = sample.tags["loops"] == 1
        yield Sample("P11", "1 loop" if on_one else "2 loops", metric, 1e9 / sample.value)
    for sample in in_turns("P11", programs, 1, {"boost_fiber": ("fib/boost_fiber",)}):
        if sample.metric == "cpu_ns":
            yield Sample("P11", sample.rival, "ns", sample.value, {"loops": 1})


def in_milliseconds(samples):
    for sample in samples:
        if sample.metric == "ns":
            sample.metric, sample.value = "ms", sample.value / 1e6
        yield sample


def skynet(programs, effort):
    return in_milliseconds(recursion("P12", programs, effort.rounds, {
        "heddle": "skynet/heddle", "heddle_group": "skynet/heddle_group",
        "tbb": "skynet/tbb", "tbb_invoke": "skynet/tbb_invoke"}))


def matrices_and_queens(programs, effort):
    # A count of the placements takes seconds: fewer rounds.
    for what, rounds in (("nqueens", effort.rounds // 2), ("matmul", effort.rounds)):
        for sample in in_milliseconds(recursion("P13", programs, rounds, {
                "heddle": f"{what}/heddle", "tbb": f"{what}/tbb"})):
            sample.tags["what"] = what
            yield sample


def idle(programs, effort):
    return in_turns("P18", programs, 1, {"heddle": ("idle/heddle",)})


def many_loops(programs, effort):
    for what in ("spawn_million", "fib"):
        for sample in in_turns("P19", programs, effort.rounds, {
                f"{loops} loops": (f"{what}/heddle", "--loops", loops) for loops in (16, 2)}):
            if sample.metric == "wall_ns":
                yield Sample("P19", sample.rival, what, 1e9 / sample.value)


def counters(programs, effort):
    return in_turns("P21", programs, min(3, effort.rounds), {
        f"{loops} loops": ("counters/heddle", "--loops", loops)
        for loops in (2, 4, 8, 16, 32, 64)})


def hand_over(programs, effort):
    for _ in range(effort.rounds):
        for program in ("hand_over/heddle", "hand_over/tbb"):
            if programs.has(program):
                for found in programs.run(program):
                    yield Sample("P17", found["rival"], found["metric"], found["value"])


def saturated(programs, effort):
    for found in programs.run("saturated/heddle"):
        yield Sample("P22", found.get("beside", "heddle"), found["metric"], found["value"])


def hog(programs, effort):
    yield from in_turns("P20", programs, 1, {"heddle": ("hog/heddle", "--ms", effort.hog_ms)})
    # What is left behind on the loop when a hog begins differs from time to time: more beginnings.
    for sample in in_turns("P20", programs, effort.rounds, {
            "heddle": ("hog/heddle", "--ms", effort.hog_ms // 10)}):
        if sample.metric.endswith("_max_ms"):
            yield sample


def beside(metric, label, unit, *rivals, **other):
    """Lines that are shown, not judged."""
    return (Line(metric, label, unit, rival=rival, **other) for rival in rivals)


def on(loops):
    """How lines begin that are about so many loops."""
    return "1 loop: " if loops == 1 else f"{loops} loops: "


def echo_lines():
    for count in (64, 1000):
        tags = (("connections", count),)
        about = f"{count} connections: "
        yield Line("cpu_ns", about + "server CPU a message", "ns", 1.08, "raw_epoll", tags=tags)
        yield Line("p99_us", about + "round trip p99", "us", 1.3, "raw_epoll", tags=tags)
        yield Line("per_second", about + "messages a second", "", rival="raw_epoll", of="max",
                   tags=tags)


HTTP_SERVERS = ("heddle", "raw_epoll", "nginx", "hyper", "go")


def http_rankings(*counts):
    return tuple(Ranking("cpu_ns", f"{count} connections: server CPU a request", "ns",
                         HTTP_SERVERS, (("connections", count),)) for count in counts)


def http_lines():
    for count in (64, 1000):
        tags = (("connections", count),)
        about = f"{count} connections: "
        yield Line("cpu_ns", about + "server CPU a request", "ns", 1.08, "raw_epoll", tags=tags)
        yield Line("cpu_ns", about + "server CPU a request", "ns", 1, "nginx", tags=tags)
        for rival in ("hyper", "go"):
            yield Line("cpu_ns", about + "server CPU a request", "ns", rival=rival, tags=tags)
        yield Line("p99_us", about + "round trip p99", "us", rival="raw_epoll", tags=tags)


def fib_lines():
    for loops in (1, 2):
        tags = (("loops", loops),)
        yield Line("ns", on(loops) + "a fork", "ns", 0.1, "tbb", tags=tags)
    yield Line("ns", "1 loop: a fork", "ns", rival="boost_fiber", tags=(("loops", 1),))
    # Where oneTBB has not two cores either, the machine is busy.
    yield Line("forks", "forks on two loops", "/s", 1.8, "1 loop", of="max", sign=">=",
               mine="2 loops", void_if="tbb_forks")


def skynet_lines():
    for loops in (1, 2):
        tags = (("loops", loops),)
        yield Line("ms", on(loops) + "by fork_join", "ms", 0.3, "tbb_invoke", tags=tags)
        yield Line("peak_mb", on(loops) + "by fork_join, memory", "MB", 10, of="max",
                   tags=tags)
        yield Line("ms", on(loops) + "by task_group", "ms", 0.55, "tbb", tags=tags,
                   mine="heddle_group")
        yield Line("peak_mb", on(loops) + "by task_group, memory", "MB", 10, of="max", tags=tags,
                   mine="heddle_group")


def matrices_and_queens_lines():
    for what, label, limit in (("nqueens", "nqueens(14)", 0.7), ("matmul", "matmul(1024)", 1)):
        for loops in (1, 2):
            yield Line("ms", on(loops) + label, "ms", limit, "tbb",
                       tags=(("what", what), ("loops", loops)))


def counters_lines():
    for shape in ("forks", "a group", "groups"):
        for metric, label, limit in (("writes", "writes across loops", 2),
                                     ("steals", "steals", None), ("wakeups", "wake-ups", None)):
            yield Line(metric, f"{shape}, 64 loops: {label}", "", limit, "2 loops",
                       tags=(("shape", shape),), mine="64 loops")


def hog_lines():
    p99, worst = "thread_p99_ms", "thread_max_ms"
    for what in ("timer", "echo"):
        yield Line(f"{what}_p99_ms", f"{what}: p99", "ms", 5, of="max", void_if=p99)
        yield Line(f"{what}_max_ms", f"{what}: max", "ms", 50, of="max", void_if=worst)
    for what, label in (("early", "timers armed before the hog"),
                        ("queued", "fibers queued behind the hog")):
        yield Line(f"{what}_max_ms", f"{label}: max", "ms", 50, of="max", void_if=worst)
    yield Line(p99, "timer of a plain thread: p99", "ms", of="max")
    yield Line(worst, "timer of a plain thread: max", "ms", of="max")


MANY = (("sleepers", "1e6"),)
FEWER = (("sleepers", "1e5"),)

PROBLEMS = [
    Problem("P1", "yield between two fibers, a switch",
            micro("P1", "yield", ("raw_context", "boost_fiber", "asio", "std_thread"),
                  {"at_one_place": "heddle_one_place"}),
            [Line("cpu_ns", "a switch", "ns", 2.2, "raw_context"),
             Line("cpu_ns", "a switch, both at one place", "ns", rival="raw_context",
                  mine="heddle_one_place"),
             *beside("cpu_ns", "a switch", "ns", "boost_fiber", "asio", "std_thread")]),
    Problem("P2", "spawn and join, one at a time",
            micro("P2", "spawn_join", ("tbb", "boost_fiber", "asio", "std_thread")),
            [Line("cpu_ns", "spawn + join", "ns", 0.65, "tbb"),
             *beside("cpu_ns", "spawn + join", "ns", "boost_fiber", "asio", "std_thread")]),
    Problem("P3", "a million spawned, then joined, each", spawn_million,
            [Line("cpu_ns", "each", "ns", 0.3, "tbb"),
             Line("cold_cpu_ns", "each, first round of a process", "ns", rival="tbb"),
             Line("peak_bytes", "peak memory each", "B", 130),
             Line("peak_bytes", "peak memory each", "B", rival="tbb")]),
    Problem("P4", "a million parked fibers, guarded, default stack", parked,
            [Line("bytes", "resident with page tables, each", "B", 4700),
             Line("mappings", "mappings", "", 5000),
             Line("unguarded", "stacks without a guard", "", 0),
             Line("bytes", "resident with page tables, each", "B", rival="boost_fiber"),
             Line("start_ns", "spawn, start and park, each", "ns", rival="boost_fiber")]),
    Problem("P5", "two channels, there and back", channel("P5", "round_trip", lambda ns: ns),
            [Line("round_trip", "1 loop: a round trip", "ns", 0.3, "boost_fiber",
                  tags=(("loops", 1),)),
             Line("round_trip", "2 loops: a round trip", "ns", 0.35, "boost_fiber",
                  tags=(("loops", 2),))]),
    Problem("P6", "a buffered channel, one producer, one consumer",
            channel("P6", "message", lambda ns: 1e9 / ns),
            [Line("message", "1 loop: messages", "/s", 1.8, "boost_fiber", of="max", sign=">=",
                  tags=(("loops", 1),)),
             Line("message", "2 loops: messages", "/s", 0.5, "1 loop", of="max", sign=">=",
                  tags=(("loops", 2),)),
             Line("message", "2 loops: messages", "/s", rival="boost_fiber", of="max",
                  tags=(("loops", 2),))]),
    Problem("P7", "a mutex nobody else wants, locked and unlocked",
            micro("P7", "mutex", ("two_rmw", "boost_fiber", "std_thread", "tbb")),
            [Line("cpu_ns", "lock + unlock", "ns", 1.6, "two_rmw"),
             *beside("cpu_ns", "lock + unlock", "ns", "boost_fiber", "std_thread", "tbb")]),
    Problem("P8", "spawn, cancel and join, one at a time",
            micro("P8", "spawn_cancel", (), {
                name: name for name in ("spawn_join", "cancel_parked", "cancel_sleeping")}),
            [Line("cpu_ns", "cancelled before it runs", "ns", 3, "spawn_join"),
             Line("cpu_ns", "cancelled while it waits", "ns", rival="spawn_join",
                  mine="cancel_parked"),
             Line("cpu_ns", "cancelled in its sleep, unwound by exceptions", "ns",
                  rival="spawn_join", mine="cancel_sleeping")]),
    Problem("P9", "with_timeout around a call that does not time out", timeout,
            [Line("ready_added_ns", "added to a call that returns at once", "ns", 2.5,
                  "clock_gettime"),
             Line("answered_added_ns", "added to a call that waits for another fiber", "ns", 2.5,
                  "clock_gettime"),
             Line("answered_added_ns", "added to a call that waits for another fiber", "ns",
                  rival="boost_fiber")]),
    Problem("P10", "sleeps of 1..1000 ms, all at once, warm stacks", sleepers,
            [Line("cpu_s", "1e6: CPU time", "s", 0.7, "tokio", tags=MANY),
             Line("cpu_s", "1e6: CPU time", "s", 0.2, "boost_fiber", tags=MANY,
                  instead_of="tokio"),
             Line("late_p50_ms", "1e5: lateness p50", "ms", 0.2, tags=FEWER),
             Line("late_p99_ms", "1e5: lateness p99", "ms", 1.5, tags=FEWER),
             Line("late_p50_ms", "1e5: lateness p50", "ms", rival="tokio", tags=FEWER),
             Line("late_p99_ms", "1e5: lateness p99", "ms", rival="tokio", tags=FEWER)]),
    Problem("P11", "fib by fork_join, no cut-off", fib, [*fib_lines()]),
    Problem("P12", "skynet, a million leaves", skynet, [*skynet_lines()]),
    Problem("P13", "queens and matrices", matrices_and_queens, [*matrices_and_queens_lines()]),
    Problem("P14", "TCP echo of 64 bytes", echo, [*echo_lines()]),
    Problem("P15", "HTTP/1.1, kept alive", http("P15", 1), [*http_lines()],
            http_rankings(64, 1000)),
    Problem("P16", "HTTP/1.1, 16 requests pipelined", http("P16", 16),
            [Line("per_second", "requests a second", "", 0.75, "raw_epoll", of="max", sign=">="),
             *(Line("cpu_ns", "server CPU a request", "ns", rival=rival)
               for rival in ("raw_epoll", "nginx", "hyper", "go"))],
            http_rankings(64)),
    Problem("P17", "a call that another thread makes, back to back", hand_over,
            [Line("median_us", "blocking(): median", "us", 1.3, "condition_variable",
                  mine="blocking"),
             Line("median_us", "cpu(): median", "us", 1.3, "condition_variable", mine="cpu"),
             Line("median_us", "cpu(): median", "us", rival="tbb", mine="cpu"),
             Line("percent_of_a_core_at_1khz", "blocking() once a millisecond adds, of a core",
                  "%", 3, mine="blocking"),
             Line("percent_of_a_core_with_sleeps", "with the sleeps between", "%",
                  mine="blocking")]),
    Problem("P18", "an idle runtime", idle,
            [Line("percent_of_a_core", "of a core", "%", 0.2)]),
    Problem("P19", "throughput of P3 and P11 with 16 loops against 2", many_loops,
            [Line(metric, label, "/s", 0.85, "2 loops", of="max", sign=">=", mine="16 loops")
             for metric, label in (("spawn_million", "spawned and joined with 16 loops"),
                                   ("fib", "forks with 16 loops"))]),
    Problem("P20", "beside a fiber that hogs one of two loops", hog, [*hog_lines()]),
    Problem("P21", "what a million tasks cost other loops, 64 loops against 2", counters,
            [*counters_lines()]),
    Problem("P22", "beside a saturated CPU pool", saturated,
            [Line("echo_p99_ms", "echo: p99", "ms", 5, mine="a saturated CPU pool"),
             Line("echo_p99_ms", "echo: p99", "ms", rival="nothing", mine="a saturated CPU pool"),
             Line("echo_max_ms", "echo: max", "ms", mine="a saturated CPU pool"),
             Line("pool_share_beside_busy_loops", "the pool's work beside busy loops, of alone",
                  "", 0.3, sign=">=", of="max")]),
]
