"""What `ulimit` takes away: the server goes on without it, or says in a sentence that it cannot."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

import oip
from conftest import BINARY, Server


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return oip.make_models(tmp_path_factory.mktemp("models") / "models")


def lose_lines(server: Server, log: str) -> None:
    """Waits until the server counts some as lost: they are written a moment after the answer."""
    end = time.monotonic() + 10
    metric = rf'^ai_inference_log_lines_dropped_total{{log="{log}"}} [1-9]'
    while not re.search(metric, requests.get(f"{server.url}/metrics").text, re.M):
        assert time.monotonic() < end
        time.sleep(0.05)


def call(server: Server, count: int, request_id: str) -> None:
    with requests.Session() as session:
        for _ in range(count):
            answer = session.get(f"{server.url}/v2/models/affine", headers={"X-Request-ID": request_id})
            assert answer.status_code == 200


def test_a_log_that_may_not_grow_loses_lines_and_nothing_else(tmp_path, models):
    """`ulimit -f` while it runs; a file that takes the place of the full one gets lines again."""
    with Server(tmp_path, models=models, listeners=1) as server:
        call(server, 1, "a")
        assert server.log_lines("a")
        bytes_max = server.log_path.stat().st_size + 1000
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
        call(server, 40, "b")
        lose_lines(server, "access")
        assert server.log_path.stat().st_size == bytes_max
        os.replace(server.log_path, tmp_path / "rotated")
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while not (server.log_path.exists() and "later" in server.log_path.read_text()):
            assert time.monotonic() < end
            call(server, 1, "later")


def test_an_application_log_that_may_not_grow_ends_nothing(tmp_path, models):
    with Server(tmp_path, models=models, listeners=1) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
        for _ in range(20):  # lines of the application's log
            requests.post(f"{server.url}/v2/repository/models/affine/load").raise_for_status()
        lose_lines(server, "server")
        assert requests.get(f"{server.url}/healthz").ok


def start(models: Path, which: int, limit: int) -> tuple[int | None, str]:
    """The exit status of a start within a limit, and what it said; None when it is ready."""
    run = [BINARY, "serve", "--listen", "127.0.0.1:0", "--models", models]
    process = subprocess.Popen(
        run,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(which, (limit, limit)),
    )
    ready = "ready\n" in iter(process.stdout.readline, "")
    process.terminate()
    _, said = process.communicate(timeout=60)
    return None if ready else process.returncode, said


def test_a_start_without_open_files_says_so(models):
    status, said = start(models, resource.RLIMIT_NOFILE, 4)
    assert status == 1 and "sluice: cannot go on: too many open files; raise ulimit -n\n" in said, (status, said)


@pytest.mark.parametrize("megabytes", [100, 400])
def test_a_start_without_memory_says_so(models, megabytes):
    """Of address space: threads, whose stacks take it, or memory; it is ready, or it ends with a sentence."""
    status, said = start(models, resource.RLIMIT_AS, megabytes << 20)
    assert status is None or (status == 1 and said.splitlines()[-1].startswith("sluice: ")), (status, said)
