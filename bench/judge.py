# SPDX-License-Identifier: MIT
"""From samples to verdicts and tables."""
from dataclasses import dataclass
from statistics import median


@dataclass
class Row:
    problem: str
    label: str
    heddle: str
    rival: str
    ratio: str
    limit: str
    verdict: str


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def shown(values, unit, best=min):
    """The best value and the median, as in '5.1 (5.3) ns'."""
    text = number(best(values))
    if len(values) > 1:
        text += f" ({number(median(values))})"
    return f"{text} {unit}".strip()


def pick(samples, rival, metric, tags):
    return [s.value for s in samples if s.rival == rival and s.metric == metric
            and all(s.tags.get(key) == value for key, value in tags)]


def judged(problem, limit, samples):
    """One limit's row."""
    mine_name = "16 loops" if limit.rival == "2 loops" else "heddle"
    mine = pick(samples, mine_name, limit.metric, limit.tags)
    best = max if limit.of == "max" else min
    bound = f"{limit.sign} {limit.limit:g}" + (" x" if limit.rival else f" {limit.unit}".rstrip())
    if not mine:
        return Row(problem.key, limit.label, "not measured", "", "", bound, "-")
    if limit.rival is None:
        value = best(mine)
        rival, ratio = "", ""
    else:
        theirs = pick(samples, limit.rival, limit.metric, limit.tags)
        if not theirs:
            return Row(problem.key, limit.label, shown(mine, limit.unit, best),
                       f"{limit.rival}: absent", "", bound, "-")
        value = best(mine) / best(theirs)
        rival = f"{limit.rival}: {shown(theirs, limit.unit, best)}"
        ratio = f"{value:.2f} ({median(mine) / median(theirs):.2f})"
    met = value <= limit.limit if limit.sign == "<=" else value >= limit.limit
    return Row(problem.key, limit.label, shown(mine, limit.unit, best), rival, ratio, bound,
               "met" if met else "MISSED")


def groups(samples, metric):
    """The samples of one metric, apart by tags, in the order of their coming."""
    apart = {}
    for sample in samples:
        if sample.metric == metric:
            apart.setdefault(tuple(sorted(sample.tags.items())), []).append(sample)
    return apart


def reported(problem, samples):
    for metric, label, unit in problem.reported:
        for tags, group in groups(samples, metric).items():
            mine = [s.value for s in group if s.rival == "heddle"]
            others = sorted({s.rival for s in group} - {"heddle"})
            where = ", ".join(f"{key} {value}" for key, value in tags)
            yield Row(problem.key, label + (f" ({where})" if where else ""),
                      shown(mine, unit) if mine else "",
                      "; ".join(f"{name}: {shown([s.value for s in group if s.rival == name], unit)}"
                                for name in others), "", "", "")


def others(problem, samples):
    """Rivals that were measured but are no yardstick."""
    yardsticks = {(limit.metric, limit.rival) for limit in problem.limits}
    for limit in problem.limits:
        if ("done", limit.metric, limit.tags) in yardsticks:
            continue
        yardsticks.add(("done", limit.metric, limit.tags))
        for name in sorted({s.rival for s in samples} - {"heddle", "16 loops"}):
            values = pick(samples, name, limit.metric, limit.tags)
            if values and (limit.metric, name) not in yardsticks:
                yield Row(problem.key, limit.label, "", f"{name}: {shown(values, limit.unit)}",
                          "", "", "")


def rows(problem, samples):
    return [*(judged(problem, limit, samples) for limit in problem.limits),
            *reported(problem, samples), *others(problem, samples)]


HEAD = Row("", "what", "heddle", "rival", "ratio", "must be", "")


def columns(row):
    return [row.problem, row.label, row.heddle, row.rival, row.ratio, row.limit, row.verdict]


def as_text(table):
    lines = [columns(row) for row in (HEAD, *table)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def as_markdown(table):
    lines = [columns(row) for row in (HEAD, *table)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("MISSED", "**missed**") for cell in line) + " |"
                     for line in lines)
