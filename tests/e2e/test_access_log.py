"""The access log under load: one valid line per call, whatever happens to its file."""

from __future__ import annotations

import collections
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

from conftest import Server

CALLS, CLIENTS, PIPELINED = 100_000, 4, 200
FIELDS = {
    "timestamp": str,
    "request_id": str,
    "client_ip": str,
    "latency": float,
    "status": str,
    "trace_id": str,
    "method": str,
    "protocol": str,
    "code": str,
    "bytes_in": int,
    "bytes_out": int,
    "queue_ms": float,
    "infer_ms": float,
}


def burst(address: str, client: int) -> None:
    """Pipelined calls, each with a name of its own."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for first in range(0, CALLS // CLIENTS, PIPELINED):
            names = [f"burst-{client}-{first + i}" for i in range(PIPELINED)]
            request = "GET /v2/models/echo HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {}\r\n\r\n"
            connection.sendall("".join(request.format(name) for name in names).encode())
            got = b""
            while got.count(b"HTTP/1.1 200") < PIPELINED or not got.endswith(b"}"):
                more = connection.recv(1 << 20)
                assert more, "the server closed the connection"
                got += more


def test_a_burst_loses_no_line_while_files_are_rotated(tmp_path):
    models = tmp_path / "models"
    (models / "echo").mkdir(parents=True)
    (models / "echo/model.yaml").write_text("engine: identity\n")
    server = Server(tmp_path, models=models, listeners=1)
    files: list[Path] = []

    def rotate() -> None:
        name = tmp_path / f"access.{len(files)}"
        os.replace(server.log_path, name)
        files.append(name)
        server.process.send_signal(signal.SIGHUP)

    try:
        threads = [threading.Thread(target=burst, args=(server.address, client)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.3)
            if server.log_path.exists():
                rotate()
        for thread in threads:
            thread.join()
    finally:
        assert server.stop() == 0
    if server.log_path.exists():
        files.append(server.log_path)
    assert len(files) > 1
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    named = collections.Counter(line["request_id"] for line in lines if line.get("request_id", "").startswith("burst-"))
    assert len(named) == CALLS and set(named.values()) == {1}
    for line in lines:
        assert {name: type(line[name]) for name in FIELDS} == FIELDS, line
