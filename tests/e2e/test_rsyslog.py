"""deploy/observability/logs/rsyslog.conf, by a real rsyslog: every line of the access log arrives, parsed, once."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import threading
import time
from pathlib import Path

import requests

from conftest import ROOT, Server
from programs import program
from prometheus import DEPLOY

CALLS = 1000


class Receiver(socketserver.ThreadingTCPServer):
    """Takes syslog over TCP, a message per line."""

    daemon_threads = True

    def __init__(self):
        self.lines: list[str] = []
        super().__init__(("127.0.0.1", 0), None)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address) -> None:
        with request.makefile("r", encoding="utf-8") as stream:
            for line in stream:
                self.lines.append(line)


def environment() -> dict[str, str]:
    """Its libraries may be where tools/setup.sh unpacked them."""
    folders = [str(folder) for folder in (ROOT / ".deps/unpacked").glob("*/usr/lib/*-linux-gnu")]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}


def modules() -> list[str]:
    for folder in (ROOT / ".deps/unpacked/rsyslog/usr/lib").glob("*/rsyslog"):
        return ["-M", str(folder)]
    return []


def configuration(folder: Path, log: Path, port: int) -> Path:
    text = (DEPLOY / "logs/rsyslog.conf").read_text()
    for old, new in (
        ("/var/log/sluice/access.log", str(log)),
        ("/var/log/sluice/not-json.log", str(folder / "not-json.log")),
        ("/var/lib/rsyslog", str(folder)),
        ('port="514"', f'port="{port}"'),
    ):
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "rsyslog.conf"
    file.write_text(text)
    return file


def calls(server: Server) -> None:
    with requests.Session() as session:
        for number in range(CALLS):
            text = "一条\n新闻" if number % 3 else 5  # every third one is refused
            session.post(
                f"{server.url}/api/v1/classify", json={"texts": [text]}, headers={"X-Request-ID": f"n{number}"}
            )


def test_every_line_arrives_with_its_time_and_fields(tmp_path):
    rsyslogd = program("rsyslogd")
    receiver = Receiver()
    server = Server(tmp_path)
    daemon = None
    try:
        config = configuration(tmp_path, server.log_path, receiver.server_address[1])
        daemon = subprocess.Popen(
            [rsyslogd, "-n", "-f", config, "-i", tmp_path / "rsyslogd.pid", *modules()],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        calls(server)
        with open(server.log_path, "a") as log:
            log.write("no JSON\n")
        end = time.monotonic() + 60
        while len(receiver.lines) < CALLS or not (tmp_path / "not-json.log").exists():
            assert daemon.poll() is None and time.monotonic() < end, f"{len(receiver.lines)} lines arrived"
            time.sleep(0.1)
        time.sleep(0.5)  # for what would come twice
    finally:
        assert server.stop() == 0
        if daemon:
            daemon.terminate()
            daemon.wait(30)
        receiver.shutdown()
    heads, lines = zip(*(re.match(r"<134>1 (\S+) \S+ sluice - - - (.*)", line).groups() for line in receiver.lines))
    found = [json.loads(line) for line in lines]
    written = [json.loads(line) for line in server.log_path.read_text().splitlines() if line.startswith("{")]
    assert sorted(line["request_id"] for line in found) == sorted(f"n{number}" for number in range(CALLS))
    by_id = {line["request_id"]: line for line in written}
    assert all(line == by_id[line["request_id"]] for line in found)
    assert list(heads) == [line["timestamp"] for line in found]
    assert "no JSON" in (tmp_path / "not-json.log").read_text()
