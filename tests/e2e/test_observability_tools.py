"""Real Jaeger, OpenTelemetry Collector and VictoriaLogs: traces and lines arrive whole (`make observability`)."""

from __future__ import annotations

import datetime
import json
import secrets
import subprocess
import time
from pathlib import Path

import pytest
import requests

from conftest import Server
from observability_tools import Collector, Jaeger, VictoriaLogs
from programs import program
from replicas import Replicas
from test_envoy import Envoy
from test_rsyslog import CALLS, calls, configuration, environment, modules
from test_traces_through_envoy import STAGES, by_grpc, by_rest

pytestmark = pytest.mark.timeout(300)


# --- traces ---


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory):
    running = Jaeger(tmp_path_factory.mktemp("jaeger"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def traced(jaeger, tmp_path_factory):
    config = f"tracing: {{exporter: otlp, endpoint: '{jaeger.otlp}', interval_ms: 100}}"
    replicas = Replicas(tmp_path_factory.mktemp("replicas"), config)
    host, port = jaeger.zipkin.removeprefix("http://").split(":")
    changes = [('"address": "zipkin"', f'"address": "{host}"'), ('"port_value": 9411', f'"port_value": {port}')]
    envoy = Envoy(tmp_path_factory.mktemp("envoy"), replicas.addresses, "--variant", "tracing", changes=changes)
    yield envoy
    envoy.stop()
    replicas.stop()


def whole(jaeger: Jaeger, trace: str) -> list[dict]:
    end = time.monotonic() + 40
    while time.monotonic() < end:
        found = jaeger.spans(trace)
        if STAGES <= {span["name"] for span in found} and "inference-envoy" in {span["service"] for span in found}:
            return found
        time.sleep(0.3)
    raise AssertionError([(span["service"], span["name"]) for span in found])


def shares(found: list[dict]) -> float:
    """Of the latency, what the stages add up to: a stage waits for nothing, but a result may wait for its loop."""
    (server,) = (span for span in found if span["service"] == "sluice" and span["name"] not in STAGES)
    inside = sum(span["took_us"] for span in found if span["name"] in STAGES - {"body", "write"})
    assert server["took_us"] >= inside
    return inside / (float(server["tags"]["sluice.latency_ms"]) * 1000)


@pytest.mark.parametrize("call", [by_grpc, by_rest])
def test_jaeger_gives_the_whole_trace_back(jaeger, traced, protos, sample, call):
    call(traced, protos, sample, f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00")  # the connections are there
    calls = [("1" + secrets.token_hex(16)[1:], secrets.token_hex(8)) for _ in range(8)]
    for trace, client in calls:
        call(traced, protos, sample, f"00-{trace}-{client}-01")
    traces = [whole(jaeger, trace) for trace, _ in calls]
    for (trace, client), found in zip(calls, traces, strict=True):
        assert {span["trace"] for span in found} == {trace}
        (server,) = (span for span in found if span["service"] == "sluice" and span["name"] not in STAGES)
        assert server["parent"] in {span["id"] for span in found if span["service"] == "inference-envoy"}
        assert client in {span["parent"] for span in found}, "Envoy's first span is the client's child"
        assert {span["parent"] for span in found if span["name"] in STAGES} == {server["id"]}
    best = max(shares(found) for found in traces)
    assert 0.95 <= best <= 1.05, f"the stages add up to {best:.0%} of the latency"


# --- lines ---


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir()
    running = VictoriaLogs(tmp_path / "store")
    yield running
    running.stop()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "shipper").mkdir()
    return tmp_path / "shipper"


def lines_of(server: Server) -> dict[str, dict]:
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
    return {line["request_id"]: line for line in lines if "request_id" in line}


def assert_same(line: dict, stored: dict) -> None:
    """Field by field; the store keeps all values as text, and no nulls."""
    for name, value in line.items():
        got = stored.get(name)
        if value is None:
            assert got in (None, "", "null"), name
        elif isinstance(value, (int, float)):
            assert float(got) == pytest.approx(value), name
        elif name != "timestamp":
            assert got == value, name


def assert_all_came(lines: dict[str, dict], found: list[dict]) -> None:
    assert len(lines) == CALLS and sorted(record["request_id"] for record in found) == sorted(lines)
    for record in found:
        assert_same(lines[record["request_id"]], record)


def test_a_collector_reads_the_log_and_a_store_answers_for_one_request(tmp_path, folder, store):
    server = Server(tmp_path)
    collector = Collector(folder, server.log_path, f"{store.url}/insert/opentelemetry")
    try:
        calls(server)
        found = store.wait_for("*", CALLS)
        (one,) = store.query('request_id:="n7"')
    finally:
        collector.stop()
        assert server.stop() == 0
    lines = lines_of(server)
    assert_all_came(lines, found)
    assert one["trace_id"] == lines["n7"]["trace_id"] and one["service.name"] == "sluice"
    assert one["_time"].rstrip("Z0") == lines["n7"]["timestamp"].rstrip("Z0")
    levels = {(record["status"], record["severity_number"]) for record in found}
    assert levels == {("success", "9"), ("error", "17")}, sorted(found[0])


def test_rsyslog_sends_the_log_to_the_store(tmp_path, folder, store):
    rsyslogd = program("rsyslogd")
    server = Server(tmp_path)
    config = configuration(folder, server.log_path, int(store.syslog.split(":")[1]))
    daemon = subprocess.Popen(
        [rsyslogd, "-n", "-f", config, "-i", folder / "rsyslogd.pid", *modules()],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        calls(server)
        found = store.wait_for("* | unpack_json from _msg", CALLS)
        (one,) = store.query('* | unpack_json from _msg | filter request_id:="n7"')
    finally:
        daemon.terminate()
        daemon.wait(30)
        assert server.stop() == 0
    lines = lines_of(server)
    assert_all_came(lines, found)
    assert one["app_name"] == "sluice"


def loki_push(lines: list[dict]) -> dict:
    """As deploy/observability/logs/config.alloy makes of them: few labels, the trace as metadata, the line itself."""
    streams: dict[tuple, list] = {}
    for line in lines:
        labels = tuple((name, line[name] or "") for name in ("status", "method", "model_id"))
        whole_s, fraction = line["timestamp"].rstrip("Z").split(".")
        seconds = int(datetime.datetime.fromisoformat(whole_s + "+00:00").timestamp())
        stamp = f"{seconds}{fraction.ljust(9, '0')}"
        streams.setdefault(labels, []).append([stamp, json.dumps(line), {"trace_id": line["trace_id"] or ""}])
    return {"streams": [{"stream": {"job": "sluice", **dict(labels)}, "values": v} for labels, v in streams.items()]}


def test_what_loki_is_sent_can_be_asked_for(tmp_path, store):
    server = Server(tmp_path)
    try:
        calls(server)
    finally:
        assert server.stop() == 0
    lines = lines_of(server)
    push = loki_push(list(lines.values()))
    answer = requests.post(f"{store.url}/insert/loki/api/v1/push", json=push, timeout=30)
    assert answer.ok, answer.text
    found = store.wait_for("*", CALLS)
    assert_all_came(lines, found)
    (one,) = store.query('{job="sluice"} request_id:="n7"')
    assert one["trace_id"] == lines["n7"]["trace_id"]
