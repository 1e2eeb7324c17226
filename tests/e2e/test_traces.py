"""Traces: what reaches a collector, checked with OpenTelemetry's own messages and a real Zipkin; who joins which
trace."""

from __future__ import annotations

import gzip
import http.server
import re
import shutil
import subprocess
import time
from email.message import Message
from pathlib import Path

import grpc
import httpx
import pytest
from conftest import ROOT, Server, descriptor_set
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from receiver import Receiver

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ZIPKIN = ROOT / ".deps/zipkin/zipkin.jar"
STAGES = ["queue", "decode", "pre", "infer", "post"]


class Collector(Receiver):
    """Takes OTLP over HTTP and keeps the spans."""

    def __init__(self):
        self.spans: list = []
        self.resources: list[dict] = []
        super().__init__(self._posted)

    def _posted(self, path: str, headers: Message, body: bytes) -> None:
        assert path == "/v1/traces" and headers["content-type"] == "application/x-protobuf"
        assert headers["content-encoding"] == "gzip"
        self.take(gzip.decompress(body))

    def take(self, body: bytes) -> None:
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        for part in request.resource_spans:
            self.resources.append({a.key: a.value.string_value for a in part.resource.attributes})
            for scope in part.scope_spans:
                self.spans += scope.spans

    def of_request(self, request_id: str, wait_s: float = 10) -> list:
        """All spans of the call: its own first."""
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            for span in list(self.spans):
                if attributes(span).get("sluice.request_id") == request_id:
                    return [span] + [s for s in self.spans if s.parent_span_id == span.span_id]
            time.sleep(0.05)
        return []


def attributes(span) -> dict:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def milliseconds(span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.server.shutdown()


@pytest.fixture(scope="module")
def traced(tmp_path_factory, collector):
    config = "tracing: {interval_ms: 100, sample_ratio: 0}"
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_SERVICE_NAME": "faces",
        "OTEL_RESOURCE_ATTRIBUTES": "zone=a",
    }
    with Server(tmp_path_factory.mktemp("traces"), config=config, listeners=1, env=env) as server:
        yield server


@pytest.fixture
def rest(traced):
    with httpx.Client(base_url=traced.url, timeout=30) as client:
        yield client


def recognize(rest, sample, model: str = "face_detection_v1", **headers) -> httpx.Response:
    return rest.post(
        "/api/v1/recognize",
        params={"model_id": model},
        content=sample,
        headers={"content-type": "image/jpeg", **headers},
    )


def test_what_is_sent_has_the_protocols_numbers(tmp_path):
    """Our few fields are those of the official package: names, numbers, types."""
    folder = ROOT / "tests/proto"
    files = [str(path.relative_to(folder)) for path in sorted((folder / "opentelemetry").rglob("*.proto"))]
    ours = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set(tmp_path, files, f"-I{folder}"))
    pool = trace_service_pb2.DESCRIPTOR.pool
    compared = 0

    def compare(message, full_name: str) -> None:
        nonlocal compared
        official = pool.FindMessageTypeByName(full_name)
        for field in message.field:
            theirs = official.fields_by_name[field.name]
            assert (field.number, field.type, field.label == field.LABEL_REPEATED) == (
                theirs.number,
                theirs.type,
                theirs.is_repeated,
            ), f"{full_name}.{field.name}"
            compared += 1
        for enum in message.enum_type:
            values = official.enum_types_by_name[enum.name].values_by_name
            assert {value.name: value.number for value in enum.value}.items() <= {
                name: value.number for name, value in values.items()
            }.items()
        for nested in message.nested_type:
            compare(nested, f"{full_name}.{nested.name}")

    for file in ours.file:
        for message in file.message_type:
            compare(message, f"{file.package}.{message.name}")
    assert compared >= 25


def test_a_call_is_a_span_with_its_stages(rest, collector, sample):
    best = 0.0
    for i in range(20):
        name = f"whole-{i}"
        answer = recognize(
            rest, sample, "face_detection_v2", **{"x-request-id": name, "traceparent": f"00-{TRACE}-{SPAN}-01"}
        )
        call, *stages = collector.of_request(name)
        assert (call.trace_id.hex(), call.parent_span_id.hex()) == (TRACE, SPAN)
        assert call.kind == call.SPAN_KIND_SERVER and call.name == "ai.inference.ImageRecognition/Recognize"
        names = [stage.name for stage in sorted(stages, key=lambda s: s.start_time_unix_nano) if stage.name in STAGES]
        assert names == STAGES
        assert all(stage.trace_id == call.trace_id for stage in stages)
        assert answer.headers["traceresponse"].startswith(f"00-{TRACE}-{call.span_id.hex()}")
        inside = sum(milliseconds(stage) for stage in stages if stage.name in STAGES)
        best = max(best, inside / attributes(call)["sluice.latency_ms"])
        assert inside <= attributes(call)["sluice.latency_ms"] * 1.001 + 0.01
    assert best >= 0.95, f"the stages add up to {best:.0%} of the latency"
    assert collector.resources[0] | {"service.name": "faces", "zone": "a"} == collector.resources[0]


def test_the_same_over_grpc(traced, collector, protos, sample):
    with grpc.insecure_channel(traced.address) as channel:
        stub = protos.images_grpc.ImageRecognitionStub(channel)
        metadata = (("x-request-id", "by-grpc"), ("traceparent", f"00-{TRACE}-{SPAN}-01"))
        _, call = stub.Recognize.with_call(protos.images.RecognizeRequest(image=sample), metadata=metadata)
    span, *stages = collector.of_request("by-grpc")
    assert attributes(span)["rpc.system"] == "grpc" and {s.name for s in stages} >= set(STAGES)
    assert dict(call.initial_metadata())["traceresponse"].split("-")[2] == span.span_id.hex()


@pytest.mark.parametrize(
    "headers",
    [
        {"b3": f"{TRACE}-{SPAN}-1"},
        {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"},
        {"grpc-trace-bin": "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE="},
    ],
    ids=["b3", "x-b3", "grpc-trace-bin"],
)
def test_other_ways_to_say_it(rest, collector, sample, headers):
    name = "other-" + next(iter(headers))
    recognize(rest, sample, **{"x-request-id": name, **headers})
    span = collector.of_request(name)[0]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)


@pytest.mark.parametrize(
    ("parent", "state", "kept"),
    [
        (f"00-{TRACE}-{SPAN}-01", "congo=t61rcWkgMzE, rojo=1", "congo=t61rcWkgMzE,rojo=1"),
        (f"00-{TRACE}-{SPAN}-01", "congo", ""),
        (f"00-{TRACE}-{SPAN}-01", ",".join(f"k{i}={'v' * 20}" for i in range(30)), ""),
        ("nonsense", "congo=1", ""),
    ],
    ids=["valid", "no member", "too long", "without its parent"],
)
def test_the_state_of_a_trace_goes_with_it(rest, collector, sample, request, parent, state, kept):
    name = request.node.name.replace(" ", "-")
    recognize(rest, b"no image", **{"x-request-id": name, "traceparent": parent, "tracestate": state})
    spans = collector.of_request(name)
    assert spans and {span.trace_state for span in spans} == {kept}


def test_one_trace_id_is_everywhere(rest, traced, collector):
    answer = rest.post("/api/v1/recognize", json={"model_id": "nobody", "image": "AAAA"})
    trace, request_id = answer.json()["trace_id"], answer.headers["x-request-id"]
    assert answer.status_code == 404 and answer.headers["traceresponse"].split("-")[1] == trace
    assert traced.log_lines(request_id)[0]["trace_id"] == trace
    assert collector.of_request(request_id)[0].trace_id.hex() == trace
    metrics = rest.get("/metrics", headers={"accept": "application/openmetrics-text"}).text
    assert f'trace_id="{trace}"' in metrics


def test_a_grpc_error_names_its_trace(traced, collector, protos):
    with grpc.insecure_channel(traced.address) as channel:
        stub = protos.images_grpc.ImageRecognitionStub(channel)
        with pytest.raises(grpc.RpcError) as error:
            stub.Recognize(protos.images.RecognizeRequest(image=b"no"), metadata=(("x-request-id", "grpc-error"),))
    status = status_pb2.Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.RequestInfo()
    assert status.details[0].Unpack(info) and status.details[1].Unpack(request)
    (line,) = traced.log_lines("grpc-error")
    assert info.metadata["trace_id"] == line["trace_id"] == collector.of_request("grpc-error")[0].trace_id.hex()
    assert request.request_id == "grpc-error"


def test_errors_are_kept_and_usual_calls_are_not(rest, collector, sample):
    recognize(rest, sample, **{"x-request-id": "usual"})
    recognize(rest, b"no image", **{"x-request-id": "bad"})
    span = collector.of_request("bad")[0]
    assert span.status.code == span.status.STATUS_CODE_ERROR and attributes(span)["error.type"] == "INVALID_IMAGE"
    assert attributes(span)["sluice.kept"] == "error"
    assert collector.of_request("usual", wait_s=0.3) == []


def test_server_timing(rest, sample):
    answer = recognize(rest, sample)
    timing = {
        part.split(";dur=")[0].strip(): float(part.split(";dur=")[1])
        for part in answer.headers["server-timing"].split(",")
    }
    assert list(timing) == ["queue", "decode", "pre", "infer", "post", "total"]
    assert timing["total"] == pytest.approx(answer.json()["latency"], abs=0.001)
    assert sum(timing.values()) - timing["total"] <= timing["total"] + 0.005
    assert "total;dur=" in recognize(rest, b"no image").headers["server-timing"]


def test_a_collector_that_is_away_or_silent_costs_a_counter(tmp_path, sample):
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as silent:
        # It accepts connections (its backlog does) and never answers.
        config = (
            f"tracing: {{exporter: zipkin, endpoint: 'http://127.0.0.1:{silent.server_address[1]}', interval_ms: 100}}"
        )
        server = Server(tmp_path, config=config, listeners=1)
        with httpx.Client(base_url=server.url, timeout=10) as rest:
            for _ in range(3000):
                assert (
                    rest.post("/api/v1/recognize", content=b"x", headers={"content-type": "image/png"}).status_code
                    == 400
                )
            dropped = [
                line
                for line in rest.get("/metrics").text.splitlines()
                if 'traces_dropped_total{reason="queue_full"' in line
            ]
        assert float(dropped[0].split()[-1]) > 0
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5


def test_a_span_on_its_way_does_not_disturb_the_end_of_the_process(tmp_path):
    """What its thread uses is still there. Several ends, because it is a matter of microseconds."""
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as silent:
        endpoint = f"http://127.0.0.1:{silent.server_address[1]}"
        config = f"tracing: {{exporter: zipkin, endpoint: '{endpoint}', interval_ms: 100}}"
        (tmp_path / "models" / "echo").mkdir(parents=True)
        shutil.copy(ROOT / "models" / "echo" / "model.yaml", tmp_path / "models" / "echo")
        for _ in range(8):
            server = Server(tmp_path, config=config, models=tmp_path / "models", listeners=1)
            for _ in range(20):
                httpx.post(f"{server.url}/api/v1/recognize", content=b"x", headers={"content-type": "image/png"})
            time.sleep(0.12)  # it is being sent
            assert server.stop() == 0, server.stderr_path.read_text()


# --- a real Zipkin ---


@pytest.fixture(scope="module")
def zipkin(tmp_path_factory):
    if not ZIPKIN.exists():
        pytest.skip(
            f"skipped: no {ZIPKIN.relative_to(ROOT)}; tools/setup.sh test brings it where Maven and Java 17 are"
        )
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), None) as free:
        port = free.server_address[1]
    log = open(tmp_path_factory.mktemp("zipkin") / "log", "wb")
    options = [
        f"--armeria.ports[0].{name}={value}"
        for name, value in (("ip", "127.0.0.1"), ("port", port), ("protocols[0]", "http"))
    ]
    process = subprocess.Popen(["java", "-Xmx256m", "-jar", str(ZIPKIN), *options], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 180
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                break
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end and process.poll() is None, "Zipkin did not start"
        time.sleep(0.5)
    yield url
    process.kill()
    process.wait()


def exemplars_in(zipkin: str, server: Server) -> set[str]:
    """The traces that the metrics name; Zipkin has each of them."""
    text = httpx.get(f"{server.url}/metrics", headers={"accept": "application/openmetrics-text"}).text
    named = set(re.findall(r'# \{trace_id="(\w+)"', text))
    end = time.monotonic() + 20
    while missing := [one for one in named if httpx.get(f"{zipkin}/api/v2/trace/{one}").status_code != 200]:
        assert time.monotonic() < end, missing
        time.sleep(0.2)
    return named


@pytest.mark.timeout(300)
def test_zipkin_shows_the_whole_trace(zipkin, tmp_path, sample):
    server = Server(
        tmp_path, config=f"tracing: {{exporter: zipkin, endpoint: '{zipkin}', interval_ms: 100}}", listeners=1
    )
    try:
        trace = "1" + TRACE[1:]
        client_span = {
            "traceId": trace,
            "id": SPAN,
            "name": "look",
            "kind": "CLIENT",
            "timestamp": int(time.time() * 1e6),
            "localEndpoint": {"serviceName": "client"},
        }
        with httpx.Client(base_url=server.url, timeout=30) as rest:
            recognize(rest, sample)
            assert recognize(rest, sample, traceparent=f"00-{trace}-{SPAN}-01").status_code == 200
        client_span["duration"] = int(time.time() * 1e6) - client_span["timestamp"]
        assert httpx.post(f"{zipkin}/api/v2/spans", json=[client_span]).status_code == 202
        spans: list[dict] = []
        end = time.monotonic() + 30
        while time.monotonic() < end and not {*STAGES, "look"} <= {span["name"] for span in spans}:
            time.sleep(0.2)
            answer = httpx.get(f"{zipkin}/api/v2/trace/{trace}")
            spans = answer.json() if answer.status_code == 200 else []
        by_name = {span["name"]: span for span in spans}
        call = by_name["ai.inference.imagerecognition/recognize"]
        assert (
            call["parentId"] == SPAN and call["kind"] == "SERVER" and call["localEndpoint"]["serviceName"] == "sluice"
        )
        assert all(by_name[stage]["parentId"] == call["id"] for stage in STAGES)
        inside = sum(by_name[stage]["duration"] for stage in STAGES)
        assert inside <= float(call["tags"]["sluice.latency_ms"]) * 1000 * 1.05 + 20
        assert exemplars_in(zipkin, server) >= {trace}
    finally:
        assert server.stop() == 0, Path(server.stderr_path).read_text()
