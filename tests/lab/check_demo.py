#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the demo briefly and checks what it reports.

check_demo.py <heddle_demo>   it ends by itself, leaves no process behind, and its report has all
                              five parts, no failed request, and a speed-up of waiting over 10;
                              and its load generator counts failures when nobody answers, and
                              ends with status 1
check_demo.py --self-test     reports with a fault planted are refused, each for its fault
"""
import html.parser
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TIME_LIMIT = 120  # seconds; it takes about ten, but the machine may have other things to do
VOID = {"meta", "br", "hr", "img", "link", "input"}
CONNECTIONS = 1000


class Report(html.parser.HTMLParser):
    """Collects sections with their data- attributes, and counts what is drawn in each."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.faults, self._open = {}, [], []
        self.feed(text)
        self.close()
        if self._open:
            self.faults.append(f"<{self._open[-1]}> is never closed")

    def handle_startendtag(self, tag, attrs):
        self._see(tag, dict(attrs))

    def handle_starttag(self, tag, attrs):
        self._see(tag, dict(attrs))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def _see(self, tag, attrs):
        if tag in ("script", "link", "img", "iframe") or {"src", "href"} & attrs.keys():
            self.faults.append(f"<{tag}> fetches something: the report must stand alone")
        if tag == "section":
            self.sections[attrs.get("id", "")] = {"data": attrs, "drawn": {}}
        elif self.sections:
            drawn = list(self.sections.values())[-1]["drawn"]
            for kind in (tag, *attrs.get("class", "").split()):
                drawn[kind] = drawn.get(kind, 0) + 1


def number(section, name):
    try:
        return float(section["data"].get("data-" + name, "nan"))
    except ValueError:
        return float("nan")


# section, what must hold (a missing number is not-a-number, for which nothing holds), in words
CLAIMS = [
    ("pages", lambda s: number(s, "speedup") > 10, "20 pages at once are not 10 times faster"),
    ("pages", lambda s: number(s, "failed") == 0, "pages failed"),
    ("pages", lambda s: number(s, "fetched") >= 40, "fewer than 2 x 20 pages were fetched"),
    ("pages", lambda s: s["drawn"].get("page", 0) == 40, "there are not 2 x 20 bars"),
    ("service", lambda s: number(s, "failed") == 0, "requests failed"),
    ("service", lambda s: number(s, "connections") >= CONNECTIONS, "connections are missing"),
    ("service", lambda s: number(s, "requests") >= CONNECTIONS, "hardly a request was answered"),
    ("service", lambda s: number(s, "rate") > 0, "there is no rate"),
    ("service", lambda s: number(s, "p99-ms") > 0, "there is no p99"),
    ("service", lambda s: s["drawn"].get("table", 0) >= 3, "tables are missing"),
    ("cpu", lambda s: s["data"].get("data-agree") == "yes", "the ways to compute disagree"),
    ("cpu", lambda s: number(s, "speedup") > 0, "there is no speed-up"),
    ("cpu", lambda s: s["drawn"].get("table", 0) >= 2, "tables are missing"),
    ("contrast", lambda s: s["data"].get("data-right") == "yes", "not all ways count the same"),
    ("contrast", lambda s: number(s, "primes") > 0, "there is no count"),
    ("contrast", lambda s: number(s, "runs") >= 10, "ways are missing"),
    ("contrast", lambda s: number(s, "pool-echo-p99-ms") > 0, "the echo was not measured"),
    ("contrast", lambda s: s["drawn"].get("table", 0) == 6, "there are not six tables"),
    ("contrast", lambda s: s["drawn"].get("chart", 0) >= 10, "pictures are missing"),
    ("timeline", lambda s: number(s, "spans") >= 200, "hardly anything was recorded"),
    ("timeline", lambda s: s["drawn"].get("chart", 0) == 5, "there are not five pictures"),
    ("timeline", lambda s: s["drawn"].get("own", 0) >= 50, "hardly a fiber is drawn"),
]


def findings(text):
    report = Report(text)
    yield from report.faults
    for name, holds, otherwise in CLAIMS:
        section = report.sections.get(name)
        if section is None:
            yield f"{name}: the section is missing"
        elif not holds(section):
            yield f"{name}: {otherwise}: {section['data']}"


def run(arguments):
    """Runs a program in a session of its own. Returns its status and output; ends what is left."""
    with tempfile.TemporaryFile("w+") as output:  # a pipe would wait for whoever is left behind
        program = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            status = program.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            status = f"still running after {TIME_LIMIT} s"
        try:
            os.killpg(program.pid, signal.SIGKILL)  # the session is over: this should hit nobody
            status = f"{status}, and left a process behind"
        except ProcessLookupError:
            pass
        program.wait()
        output.seek(0)
        return status, output.read()


def check_report(demo):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.html")
        picture = Path(folder, "picture.svg")
        status, output = run([demo, "--quick", "--output", report, "--picture", picture])
        print(output)
        if status != 0:
            yield f"the demo ended with status {status}"
        for file in (report, picture):
            if not file.is_file():
                yield f"{file.name} was not written"
                return
        yield from findings(report.read_text(encoding="utf-8"))
        yield from Report(picture.read_text(encoding="utf-8")).faults


def check_client(demo):
    """Port 1 of the loopback interface: nobody listens there."""
    status, output = run([demo, "--client", "--server", "127.0.0.1:1", "--connections", "7",
                          "--measured-ms", "100"])
    if status != 1 or "\nfailed 7.0" not in output or "\nend" not in output:
        yield f"7 failures were not counted, or the status is not 1 but {status}: {output}"


def specimen(**changes):
    """A report that passes, but for the changes."""
    data = {"pages": 'data-speedup="19.5" data-fetched="40" data-failed="0"',
            "service": f'data-connections="{CONNECTIONS}" data-rate="9000" data-p99-ms="2" '
                       'data-requests="20000" data-failed="0"',
            "cpu": 'data-speedup="1.9" data-agree="yes"',
            "contrast": 'data-right="yes" data-primes="1229" data-runs="10" '
                        'data-pool-echo-p99-ms="0.2"',
            "timeline": 'data-spans="300"'}
    body = {"pages": '<rect class="page"/>' * 40, "service": "<table></table>" * 3,
            "cpu": "<table></table>" * 2,
            "contrast": "<table></table>" * 6 + '<svg class="chart"></svg>' * 10,
            "timeline": '<svg class="chart"></svg>' * 5 + '<rect class="own"/>' * 50}
    for name, (old, new) in changes.items():
        for part in (data, body):
            part[name] = part[name].replace(old, new)
    return "".join(f'<section id="{name}" {data[name]}>{body[name]}</section>' for name in data)


PLANTS = {
    "a speed-up of 9": (specimen(pages=("19.5", "9.9")), "not 10 times faster"),
    "no speed-up": (specimen(pages=("speedup", "other")), "not 10 times faster"),
    "a failed page": (specimen(pages=('failed="0"', 'failed="1"')), "pages failed"),
    "a failed request": (specimen(service=('failed="0"', 'failed="3"')), "requests failed"),
    "a connection short": (specimen(service=("1000", "999")), "connections are missing"),
    "answers that differ": (specimen(cpu=("yes", "no")), "disagree"),
    "a way that miscounts": (specimen(contrast=("yes", "no")), "not all ways count the same"),
    "an echo that is left out": (specimen(contrast=("echo-p99", "other")), "was not measured"),
    "a table less": (specimen(contrast=("<table></table>" * 6, "")), "not six tables"),
    "a part left out": (specimen().replace('id="cpu"', 'id="gpu"'), "cpu: the section is missing"),
    "an empty timeline": (specimen(timeline=('class="own"', "")), "hardly a fiber is drawn"),
    "a picture less": (specimen(timeline=('<svg class="chart"></svg>', "")), "five pictures"),
    "something fetched": (specimen(cpu=("<table>", '<img src="a"><table>')), "stand alone"),
    "a tag left open": (specimen(cpu=("</table>", "")), "closes nothing"),
}


def self_test():
    if wrong := list(findings(specimen())):
        yield f"a good report is refused: {wrong}"
    for name, (text, expected) in PLANTS.items():
        if not any(expected in found for found in findings(text)):
            yield f"{name} was not found"
    for name, command, expected in [
            ("a process left behind", "sleep 60 & exit 0", "0, and left a process behind"),
            ("a bad status", "exit 3", 3)]:
        found, _ = run(["sh", "-c", command])
        if found != expected:
            yield f"{name} was not found: {found}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--self-test":
        wrong = list(self_test())
    else:
        wrong = [*check_report(sys.argv[1]), *check_client(sys.argv[1])]
    for one in wrong:
        print("error:", one)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
