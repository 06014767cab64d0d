# SPDX-License-Identifier: MIT
"""From samples to verdicts and tables."""
from dataclasses import dataclass, replace
from math import inf
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


def bound(line):
    if line.limit is None:
        return ""
    return f"{line.sign} {line.limit:g}" + (" x" if line.rival else f" {line.unit}".rstrip())


def verdict(line, value):
    if line.limit is None:
        return ""
    met = value <= line.limit if line.sign == "<=" else value >= line.limit
    return "met" if met else "MISSED"


def divided(mine, theirs):
    """A counter may be 0."""
    return mine / theirs if theirs else inf if mine else 1


def judged(problem, line, samples):
    if any(sample.rival == line.instead_of for sample in samples):
        line = replace(line, limit=None)
    best = max if line.of == "max" else min
    mine = pick(samples, line.mine, line.metric, line.tags)
    row = Row(problem.key, line.label, "not measured", "", "", bound(line),
              "" if line.limit is None else "-")
    if not mine:
        return row
    row.heddle = shown(mine, line.unit, best)
    if line.rival is None:
        row.verdict = verdict(line, best(mine))
        yardstick = pick(samples, line.mine, line.void_if, line.tags)
        if row.verdict == "MISSED" and yardstick and verdict(line, best(yardstick)) == "MISSED":
            row.verdict = "busy"
        return row
    theirs = pick(samples, line.rival, line.metric, line.tags)
    if not theirs:
        row.rival = f"{line.rival}: absent"
        return row
    ratio = divided(best(mine), best(theirs))
    row.rival = f"{line.rival}: {shown(theirs, line.unit, best)}"
    row.ratio = f"{ratio:.2f} ({divided(median(mine), median(theirs)):.2f})"
    row.verdict = verdict(line, ratio)
    if row.verdict == "MISSED" and line.void_if:
        yardstick = [pick(samples, who, line.void_if, line.tags) for who in (line.mine, line.rival)]
        if all(yardstick) and verdict(line, divided(*map(best, yardstick))) == "MISSED":
            row.verdict = "busy"
    return row


def rows(problem, samples):
    return [judged(problem, line, samples) for line in problem.lines]


def rankings(problem, samples):
    """Yields a sentence each: who needed how much, the least first, and who was absent."""
    for ranking in problem.rankings:
        found = {rival: pick(samples, rival, ranking.metric, ranking.tags)
                 for rival in ranking.rivals}
        measured = sorted((rival for rival in found if found[rival]),
                          key=lambda rival: min(found[rival]))
        absent = [rival for rival in found if not found[rival]]
        places = [f"{place}. {rival} {shown(found[rival], ranking.unit)}"
                  for place, rival in enumerate(measured, 1)]
        places += ["absent: " + ", ".join(absent)] if absent else []
        yield f"{problem.key}, {ranking.label}: " + "; ".join(places)


HEAD = Row("", "what", "heddle", "rival", "ratio", "must be", "")


def columns(row):
    return [row.problem, row.label, row.heddle, row.rival, row.ratio, row.limit, row.verdict]


def as_text(table):
    lines = [columns(row) for row in (HEAD, *table)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def summary(table):
    count = {word: sum(row.verdict == word for row in table)
             for word in ("met", "MISSED", "-", "busy")}
    return (f"{count['met']} met, {count['MISSED']} missed, {count['-']} without a yardstick here, "
            f"{count['busy']} not judged on a busy machine")


def as_markdown(table):
    lines = [columns(row) for row in (HEAD, *table)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("MISSED", "**missed**") for cell in line) + " |"
                     for line in lines)
