#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""P15 and P16 by nginx, one process without a log, answering out of its configuration.

Prints its port and nginx's process; ends when its standard input does.
"""
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server_tokens off;
  default_type "text/plain; charset=utf-8";
  keepalive_requests 1000000000;
  {folders}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /plain {{ return 200 "Hello, World!"; }}
    location /users/ {{ return 200 "$uri"; }}
  }}
}}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def await_listener(port, server):
    for _ in range(500):
        if server.poll() is not None:
            sys.exit("nginx has ended before it listened")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)
    server.kill()
    sys.exit("nginx does not listen")


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = " ".join(f"{place}_temp_path {folder}/{place};" for place in places)
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, folders=folders, port=port),
                                 encoding="utf-8")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-e", "stderr", "-p", folder, "-c", configuration]
        with subprocess.Popen(command) as server:
            await_listener(port, server)
            print(port, server.pid, flush=True)
            sys.stdin.read()
            server.send_signal(signal.SIGTERM)


main()
