"""One trace from the client through Envoy to the server's stages, as a real Zipkin shows it, for gRPC and REST."""

from __future__ import annotations

import secrets
import time

import grpc
import pytest
import requests
from replicas import Replicas
from test_envoy import Envoy
from test_traces import zipkin  # noqa: F401

STAGES = {"body", "queue", "decode", "pre", "infer", "post", "write"}


@pytest.fixture(scope="module")
def traced(zipkin, tmp_path_factory):  # noqa: F811
    config = f"tracing: {{exporter: zipkin, endpoint: '{zipkin}', interval_ms: 100}}"
    replicas = Replicas(tmp_path_factory.mktemp("replicas"), config)
    host, port = zipkin.removeprefix("http://").split(":")
    changes = [('"address": "zipkin"', f'"address": "{host}"'), ('"port_value": 9411', f'"port_value": {port}')]
    envoy = Envoy(tmp_path_factory.mktemp("envoy"), replicas.addresses, "--variant", "tracing", changes=changes)
    yield envoy
    envoy.stop()
    replicas.stop()


def by_grpc(envoy: Envoy, protos, sample: bytes, traceparent: str) -> None:
    with grpc.insecure_channel(envoy.address) as channel:
        request = protos.images.RecognizeRequest(image=sample)
        protos.images_grpc.ImageRecognitionStub(channel).Recognize(request, metadata=[("traceparent", traceparent)])


def by_rest(envoy: Envoy, protos, sample: bytes, traceparent: str) -> None:
    headers = {"Content-Type": "image/jpeg", "traceparent": traceparent}
    assert requests.post(f"{envoy.url}/api/v1/recognize", sample, headers=headers).ok


def spans_of(zipkin: str, trace: str) -> list[dict]:  # noqa: F811
    """As soon as all of them are there: Envoy sends its own every 5 s."""
    end = time.monotonic() + 40
    found: list[dict] = []
    while time.monotonic() < end:
        answer = requests.get(f"{zipkin}/api/v2/trace/{trace}")
        found = answer.json() if answer.ok else []
        services = {span["localEndpoint"]["serviceName"] for span in found}
        if STAGES <= {span["name"] for span in found} and "inference-envoy" in services:
            return found
        time.sleep(0.3)
    raise AssertionError([(span["localEndpoint"]["serviceName"], span["name"]) for span in found])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("call", [by_grpc, by_rest])
def test_a_trace_goes_from_the_client_through_envoy_to_the_stages(zipkin, traced, protos, sample, call):  # noqa: F811
    call(traced, protos, sample, f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00")  # the connections are there
    trace, client = secrets.token_hex(16), secrets.token_hex(8)
    began = time.time()
    call(traced, protos, sample, f"00-{trace}-{client}-01")
    took = time.time() - began
    found = spans_of(zipkin, trace)
    by_id = {(span["id"], span["kind"] if "kind" in span else ""): span for span in found}
    assert {span["traceId"] for span in found} == {trace} and len(by_id) == len(found)
    (server,) = (s for s in found if s["localEndpoint"]["serviceName"] == "sluice" and s["name"] not in STAGES)
    proxy = [span for span in found if span["localEndpoint"]["serviceName"] == "inference-envoy"]
    assert server["kind"] == "SERVER" and server["parentId"] in {span["id"] for span in proxy}
    assert client in {span.get("parentId") for span in proxy}, "Envoy's first span is the client's child"
    stages = [span for span in found if span["name"] in STAGES]
    assert {span["parentId"] for span in stages} == {server["id"]}
    # Microseconds; each is inside the one before it.
    inside = sum(span["duration"] for span in stages)
    assert inside <= server["duration"] * 1.05 + 50
    assert server["duration"] <= max(span["duration"] for span in proxy) * 1.05 + 500
    assert max(span["duration"] for span in proxy) <= took * 1e6
