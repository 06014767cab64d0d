#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends requests that can be read in two ways to three servers, and prints what each makes of them.

differential.py PROGRAM: that of ../http, which has the requests, and is heddle's server. Behind
each request comes another, for /marker: who answers that one has taken the first for ended. Fails
unless heddle refuses what its table refuses, with the status there, once, and closes, and reads
what its table takes as that says.
"""
import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).parent

MARKER = b"GET /marker HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
PATIENCE_SECONDS = 1.0


class Answer:
    """What a server said, up to its end or until it was silent for a while."""

    def __init__(self, port, request):
        self.text, self.end = b"", "open"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as stream:
            try:
                stream.sendall(request + MARKER)
                stream.settimeout(PATIENCE_SECONDS)
                while piece := stream.recv(65536):
                    self.text += piece
                self.end = "closed"
            except TimeoutError:
                pass
            except (ConnectionResetError, BrokenPipeError):
                self.end = "reset"
        self.statuses = [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d{3}) ", self.text)]
        self.marker = b"GET /marker" in self.text

    def __str__(self):
        said = " ".join(map(str, self.statuses)) or "nothing"
        return f"{said}, {self.end}{', marker' if self.marker else ''}"


def cases(program):
    ran = subprocess.run([program, "cases"], stdout=subprocess.PIPE, text=True, check=True)
    for line in ran.stdout.splitlines():
        kind, status, data, read = line.split("\t")
        yield kind, int(status), bytes.fromhex(data), read


@contextlib.contextmanager
def started(*command):
    """A server that prints its port and ends with its input."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        yield int(server.stdout.readline())
        server.stdin.close()


@contextlib.contextmanager
def nginx():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = (HERE / "nginx.conf").read_text(encoding="utf-8")
        file = pathlib.Path(folder) / "nginx.conf"
        settings = settings.replace("FOLDER", folder).replace("PORT", str(port))
        file.write_text(settings, encoding="utf-8")
        command = ["nginx", "-p", folder, "-c", str(file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            yield port
            server.terminate()


def shown(kind, request):
    common = b"POST /x HTTP/1.1\r\nHost: h\r\n"
    if kind == "fields":
        request = request.removeprefix(common).removesuffix(b"\r\n0\r\n\r\n")
    elif kind == "chunks":
        request = request.removeprefix(common + b"Transfer-Encoding: chunked\r\n\r\n")
    return f"{kind} {request!r}"[:100]


REFUSALS = {400, 413, 414, 417, 431, 501, 505}


def faults(answer, status, read):
    """Yields what is wrong with heddle's answer."""
    if not answer.statuses:
        yield "no answer"
    elif status == 200:
        if answer.statuses[0] in REFUSALS:
            yield f"refused with {answer.statuses[0]}"
        if read and f"\r\n\r\n{read}\n".encode() not in answer.text:
            yield f"not read as '{read}'"
        if read and not answer.marker:
            yield "the next request was not answered"
    else:
        if answer.statuses[0] != status:
            yield f"{answer.statuses[0]} and not {status}"
        if len(answer.statuses) > 1 or answer.marker:
            yield "something behind it was answered"
        if answer.end != "closed":
            yield f"the connection is {answer.end}"


def compare(table, servers):
    """Prints the table. Returns how many answers of heddle are wrong."""
    asked = [(name, row) for row in table for name in servers]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda each: Answer(servers[each[0]], each[1][2]), asked))
    rows = [answers[at:at + len(servers)] for at in range(0, len(answers), len(servers))]
    wrong, taken = 0, dict.fromkeys(servers, 0)
    print(f"{'request':100}  " + "  ".join(f"{name:24}" for name in servers))
    for (kind, status, request, read), said in zip(table, rows):
        print(f"{shown(kind, request):100}  " + "  ".join(f"{str(each):24}" for each in said))
        for name, each in zip(servers, said):
            taken[name] += status != 200 and each.statuses[:1] == [200]
        for fault in faults(said[0], status, read):
            wrong += 1
            print(f"  heddle: {fault}")
    refused = sum(status != 200 for _, status, _, _ in table)
    print(f"\nof {refused} requests that heddle's table refuses, taken (200) by: "
          + ", ".join(f"{name} {count}" for name, count in taken.items()))
    return wrong


def main():
    program = sys.argv[1]
    table = list(cases(program))
    if {kind for kind, *_ in table} != {"fields", "line", "chunks", "taken"} or len(table) < 100:
        sys.exit("differential: the table is not complete")
    with started(program, "serve") as heddle, nginx() as other, \
            started("node", HERE / "server.mjs") as node:
        wrong = compare(table, {"heddle": heddle, "nginx": other, "node": node})
    if wrong:
        sys.exit(f"differential: {wrong} answers of heddle are wrong")


main()
