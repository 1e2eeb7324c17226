"""A reader of the logs that stands still stops nobody; what it misses is counted."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import BINARY, ROOT, Server

CALLS = 20_000  # their lines are more than twice what may wait
GET = b"GET /v2/models/echo HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: " + b"r" * 120 + b"\r\n\r\n"


class Silent:
    """A server whose standard output nobody reads after `ready`."""

    def __init__(self, folder, logs: str):
        config = folder / "sluice.yaml"
        config.write_text(f"logs: {{access: stdout{logs}}}\n")
        args = [
            str(BINARY),
            "serve",
            "--config",
            str(config),
            "--models",
            str(ROOT / "models"),
            "--listen",
            "127.0.0.1:0",
        ]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, cwd=ROOT)
        self.address = self._line().split()[-1]
        assert self._line() == "ready"

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            line += self.process.stdout.read(1)
        return line.decode().strip()

    def get(self, path: str, headers: dict[str, str] = {}) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def call(self, count: int) -> int:
        """Pipelined calls; how many were answered."""
        host, port = self.address.split(":")
        answers = 0
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            for _ in range(0, count, 100):
                connection.sendall(GET * 100)
                got = b""
                while got.count(b"HTTP/1.1 200") < 100 or not got.endswith(b"}"):
                    piece = connection.recv(1 << 20)
                    if not piece:
                        return answers
                    got += piece
                answers += 100
        return answers

    def read_some(self) -> bytes:
        return self.process.stdout.read(1 << 16)

    def lost(self) -> int:
        text = self.get("/metrics")[1].decode()
        return int(
            float(re.search(r'^ai_inference_log_lines_dropped_total\{log="access"\} (\S+)$', text, re.M).group(1))
        )


@pytest.fixture
def silent(tmp_path):
    servers = []

    def run(logs: str = "") -> Silent:
        servers.append(Silent(tmp_path, logs))
        return servers[-1]

    yield run
    for server in servers:
        server.process.kill()
        server.process.wait()


def test_calls_are_answered_and_lost_lines_counted(silent):
    server = silent()
    begin = time.monotonic()
    assert server.call(CALLS) == CALLS
    assert time.monotonic() - begin < 60
    assert server.get("/healthz")[0] == 200
    assert server.get("/v2/health/live")[0] == 200
    assert server.get("/v2/models/echo", {"x-request-timeout": "0.5"})[0] == 200
    assert server.lost() > 1000
    # What waited is lost as well, in time; then the reader comes back.
    time.sleep(2.5)
    read = [b""]
    server.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    read = server.process.stdout.read
    text = b"".join(iter(lambda: read(1 << 16), b"")).decode()
    assert server.process.wait(timeout=60) == 0
    assert time.monotonic() - begin < 20
    lines = [json.loads(line) for line in text.splitlines()]
    calls = [line for line in lines if line.get("request_id") == "r" * 120]
    told = sum(line["lines"] for line in lines if line.get("event") == "access_log.lines_lost")
    assert len(calls) < CALLS and len(calls) + told in range(CALLS, CALLS + 3), "each call has a line, or is counted"


def test_a_reader_that_stands_still_for_five_seconds(silent):
    """Calls before, during and after: each has its line, or is counted as lost."""
    server = silent()
    assert server.call(CALLS) == CALLS
    time.sleep(5)
    text = bytearray()
    reader = threading.Thread(target=lambda: [text.extend(piece) for piece in iter(server.read_some, b"")])
    reader.start()
    assert server.call(CALLS) == CALLS
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=60) == 0
    reader.join()
    lines = [json.loads(line) for line in text.decode().splitlines()]
    named = [line for line in lines if line.get("request_id") == "r" * 120]
    told = sum(line["lines"] for line in lines if line.get("event") == "access_log.lines_lost")
    assert told > 1000 and len(named) + told == 2 * CALLS


def test_the_end_does_not_wait_for_the_reader(silent):
    server = silent()
    assert server.call(1000) == 1000
    server.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    assert server.process.wait(timeout=60) == 0
    assert time.monotonic() - begin < 10


def test_who_prefers_waiting_keeps_deadlines_probes_and_the_end(silent):
    server = silent(", on_full: block")
    with pytest.raises(OSError):
        host, port = server.address.split(":")
        with socket.create_connection((host, int(port)), timeout=3) as connection:
            for _ in range(CALLS):
                connection.sendall(GET)
                while not connection.recv(1 << 16).endswith(b"}"):
                    pass
    assert server.get("/healthz")[0] == 200
    assert server.get("/v2/health/live")[0] == 200
    begin = time.monotonic()
    assert server.get("/v2/models/echo", {"x-request-timeout": "0.5"})[0] == 504
    assert time.monotonic() - begin < 5
    assert server.lost() == 0
    server.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    assert server.process.wait(timeout=90) == 0
    assert time.monotonic() - begin < 45


def test_a_renamed_file_is_opened_anew(tmp_path):
    server = Server(tmp_path, listeners=1)

    def call(request_id: str) -> None:
        connection = http.client.HTTPConnection(server.address)
        connection.request("GET", "/v2/models/echo", headers={"x-request-id": request_id})
        assert connection.getresponse().status == 200

    call("before")
    assert server.log_lines("before")
    server.log_path.rename(tmp_path / "access.log.1")
    time.sleep(1.1)
    call("after")
    assert server.log_lines("after", wait_s=10)
    assert "after" not in (tmp_path / "access.log.1").read_text()
    assert server.stop() == 0


def test_lines_of_bad_requests_are_short(tmp_path):
    server = Server(tmp_path, listeners=1)
    for i in range(50):
        connection = http.client.HTTPConnection(server.address)
        headers = {"content-type": "x" * 30000 + "/y", "x-request-id": f"bad-{i}"}
        connection.request("POST", "/api/v1/classify", b'{"' + b"k" * 50000 + b'":1}', headers)
        connection.getresponse().read()
    assert server.log_lines("bad-49")
    lines = server.log_path.read_text().splitlines()
    assert len(lines) == 50 and max(map(len, lines)) < 4096
    assert server.stop() == 0
