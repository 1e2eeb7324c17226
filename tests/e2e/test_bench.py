"""sluice bench against a real server: every call is counted once, and the server agrees."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from conftest import BINARY, SAMPLE, Server


def run_bench(server: str, out: Path, *args: str) -> tuple[dict, str]:
    command = [str(BINARY), "bench", *args, "--server", server, "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout


def check_sums(counted: dict) -> None:
    assert counted["offered"] == counted["sent"] + counted["unsent"]
    assert counted["sent"] == counted["ok"] + counted["late"] + counted["refused"] + counted["failed"]


def served(server: Server) -> int:
    """Calls of the API that the server says it has answered, however."""
    text = urllib.request.urlopen(server.url + "/metrics").read().decode()
    return sum(int(float(n)) for n in re.findall(r"^ai_inference_requests_total\{.*\} (\S+)$", text, re.M))


CASES = {
    "rest image": ("recognize", "--input", str(SAMPLE)),
    "json image": ("recognize", "--input", str(SAMPLE), "--protocol", "json"),
    "rest over http2": ("recognize", "--input", str(SAMPLE), "--http2"),
    "grpc image": ("recognize", "--input", str(SAMPLE), "--protocol", "grpc", "--model", "face_detection_lite"),
    "rest texts": ("classify", "--texts", "3"),
    "grpc texts": ("classify", "--protocol", "grpc"),
    "grpc health": ("health", "--protocol", "grpc"),
}


@pytest.mark.parametrize("name", CASES)
def test_every_call_is_counted_once(name, server, tmp_path):
    before = served(server)
    run, table = run_bench(
        server.url, tmp_path / "run.json", *CASES[name], "--rate", "20,40:0.5", "--seconds", "1", "--pause", "0.2",
        "--deadline-ms", "5000", "--arrivals", "constant", "--timeline-ms", "100",
        "--classes", "batch",  # no promise of 100 ms, which a busy machine might not keep
    )  # fmt: skip
    first, second = run["steps"]
    assert first["offered"] == second["offered"] == 20
    for step in run["steps"]:
        check_sums(step)
        assert step["failed"] == 0
    assert first["ok"] + second["ok"] == 40, table
    assert sum(row[0] for row in run["timeline"]["windows"]) == 40
    assert served(server) - before == 40
    assert 0 < first["ok_ms"]["p50"] <= first["ok_ms"]["p99"] <= first["ok_ms"]["max"] < 5000


def test_overload_is_refused_or_late_and_drawn(tmp_path):
    server = Server(tmp_path, config="loops: {count: 1}", listeners=1)
    try:
        args = ["recognize", "--input", str(SAMPLE), "--capacity", "auto", "--rate", "0.5x,8x", "--seconds", "1.5"]
        args += ["--classes", "live=3,batch", "--principals", "127.0.0.1=4,127.0.0.2", "--seed", "7"]
        args += ["--plot", str(tmp_path / "goodput.svg"), "--server-pid", str(server.process.pid), "--retry", "policy"]
        run, table = run_bench(server.url, tmp_path / "run.json", *args)
        assert min(each["capacity_per_s"] for each in (run, *run["steps"])) > 1
        calm, busy = run["steps"]
        for step in run["steps"]:
            check_sums(step)
            for part in ("classes", "principals"):
                for one in step[part].values():
                    check_sums(one)
                assert sum(one["offered"] for one in step[part].values()) == step["offered"]
                assert sum(one["ok"] for one in step[part].values()) == step["ok"]
        assert busy["refused"] + busy["late"] + busy["unsent"] > busy["ok"] > 0
        assert busy["server_cpu_s"]["all"] > busy["generator_cpu_s"] > 0
        assert 0 < busy["generator_cpu_share"] < 1
        assert "loop" in busy["server_cpu_s"]
        drawing = ET.parse(tmp_path / "goodput.svg").getroot()
        lines = [e for e in drawing.iter() if e.tag.endswith("polyline")]
        assert len(lines) == 2 and len(lines[1].get("points").split()) == 2
        assert "127.0.0.2" in table and "batch" in table
        # An earlier run is drawn beside it.
        args = args[:3] + ["--capacity", "100", "--rate", "1x", "--seconds", "0.5", "--plot", str(tmp_path / "two.svg")]
        run_bench(server.url, tmp_path / "two.json", *args, "--beside", f"earlier={tmp_path / 'run.json'}")
        assert "earlier" in (tmp_path / "two.svg").read_text()
    finally:
        assert server.stop() == 0


def test_a_server_that_goes_away_is_counted_as_failures(tmp_path):
    """And one that never answers as late; neither holds the run up."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if len(kept) < 5:
                kept.append(connection)
            else:
                connection.close()

    threading.Thread(target=accept, daemon=True).start()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    for protocol in ("rest", "grpc"):
        run, _ = run_bench(
            address, tmp_path / "run.json", "health", "--protocol", protocol, "--rate", "50", "--seconds", "1"
        )
        (step,) = run["steps"]
        check_sums(step)
        assert step["ok"] == 0 and step["failed"] + step["late"] == step["sent"] > 0
    listener.close()


def test_wrong_options_are_told(server):
    def said(*args):
        done = subprocess.run([str(BINARY), "bench", *args, "--server", server.url], capture_output=True, text=True)
        assert done.returncode != 0
        return done.stdout + done.stderr

    assert "needs --input" in said("recognize")
    assert "'fast' is not a rate" in said("health", "--rate", "fast")
    assert "recognize, classify or health" in said("fly")
    assert "is not a principal" in said("health", "--principals", "somebody")
    assert "the last one was answered 404" in said("classify", "--model", "nope", "--rate", "1x")
    assert "is `sluice serve` running?" in subprocess.run(
        [str(BINARY), "bench", "health", "--server", "127.0.0.1:1", "--rate", "1x"], capture_output=True, text=True
    ).stderr  # fmt: skip
