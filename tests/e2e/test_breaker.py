"""Circuit breaker and fallback: rules from a file that may change, breakers set by hand, what clients are told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import grpc
import httpx
import pytest

from conftest import ROOT, Server

RULES = ROOT / "deploy/sentinel/rules.json"
BUSY = "服务繁忙,请稍后重试"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("breaker")


@pytest.fixture(scope="module")
def server(folder):
    (folder / "rules.json").write_bytes(RULES.read_bytes())
    with Server(folder, config=f"breaker: {{rules: {folder}/rules.json}}", listeners=1) as running:
        yield running


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client
        client.post("/api/v1/breakers:auto", json={"model_id": "face_detection_v1"})
        client.post("/api/v1/breakers:auto", json={"model_id": "face_detection_lite"})


def recognize(client, sample: bytes, model: str = "face_detection_v1") -> httpx.Response:
    return client.post(
        "/api/v1/recognize", params={"model_id": model}, content=sample, headers={"content-type": "image/jpeg"}
    )


def test_an_open_breaker_is_answered_by_the_fallback_model(client, sample):
    assert "x-sluice-degraded" not in recognize(client, sample).headers
    (breaker,) = client.post("/api/v1/breakers:open", json={"model_id": "face_detection_v1"}).json()["breakers"]
    assert (breaker["state"], breaker["forced"], breaker["method"]) == (
        "open",
        True,
        "ai.inference.ImageRecognition/Recognize",
    )
    answer = recognize(client, sample)
    assert answer.status_code == 200 and len(answer.json()["faces"]) == 1
    assert answer.headers["x-sluice-degraded"] == "face_detection_lite@1"
    client.post("/api/v1/breakers:auto", json={"model_id": "face_detection_v1"})
    assert "x-sluice-degraded" not in recognize(client, sample).headers


def test_without_a_fallback_the_client_is_told_why(client, server, sample):
    recognize(client, sample, "face_detection_lite")
    client.post("/api/v1/breakers:open", json={"model_id": "face_detection_lite", "version": "1"})
    answer = recognize(client, sample, "face_detection_lite")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
    assert answer.json()["reason"] == "CIRCUIT_OPEN"
    detail = f"{BUSY}: model 'face_detection_lite@1' is resting: an operator opened its breaker; try again in 10000 ms"
    assert answer.json()["detail"] == detail
    with grpc.insecure_channel(server.address) as channel:
        call = channel.unary_unary("/ai.inference.ImageRecognition/Recognize")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\x0a" + _size(sample) + sample + b"\x12\x13face_detection_lite")
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert caught.value.details().startswith(BUSY)
    states = [
        line for line in client.get("/metrics").text.splitlines() if line.startswith("ai_inference_breaker_state")
    ]
    assert any('model_id="face_detection_lite"' in line and line.endswith(" 2") for line in states)


def _size(data: bytes) -> bytes:
    n, out = len(data), b""
    while n > 127:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n])


def test_breakers_are_listed_over_rest_and_grpc(client, server, sample):
    recognize(client, sample)
    listed = client.get("/api/v1/breakers").json()["breakers"]
    (own,) = [b for b in listed if b["model_id"] == "face_detection_v1"]
    assert own["rule"] == "more than 50 % of its calls failed" and own["state"] == "closed" and own["calls"] >= 1
    with grpc.insecure_channel(server.address) as channel:
        assert b"face_detection_v1" in channel.unary_unary("/ai.inference.Breakers/ListBreakers")(b"")
    missing = client.post("/api/v1/breakers:open", json={"model_id": "nope"})
    assert missing.status_code == 404 and "first use under a rule" in missing.json()["detail"]


def test_bad_requests_open_nothing(client):
    for _ in range(200):
        assert (
            client.post("/api/v1/recognize", content=b"no picture", headers={"content-type": "image/jpeg"}).status_code
            == 400
        )
    assert all(b["state"] == "closed" for b in client.get("/api/v1/breakers").json()["breakers"])


def test_deadlines_that_are_too_short_open_nothing(client, server, protos, sample):
    """About as long as a run takes: some are let in and end late, over and over."""
    with grpc.insecure_channel(server.address) as channel:
        recognize_stub = protos.images_grpc.ImageRecognitionStub(channel)
        request = protos.images.RecognizeRequest(image=sample, model_id="face_detection_v1")
        ended_late = 0
        for ms in (1, 2, 3, 4, 5, 6, 8, 10):
            calls = [recognize_stub.Recognize.future(request, timeout=ms / 1000) for _ in range(60)]
            ended_late += sum(call.code() == grpc.StatusCode.DEADLINE_EXCEEDED for call in calls)
    assert ended_late > 0
    assert all(b["state"] == "closed" for b in client.get("/api/v1/breakers").json()["breakers"])


def test_rules_are_read_again_when_they_change(client, server, folder, sample):
    path = folder / "rules.json"

    def until(said: str) -> None:
        end = time.monotonic() + 20
        while said not in server.stderr_path.read_text():
            assert time.monotonic() < end, server.stderr_path.read_text()
            time.sleep(0.1)

    path.write_text('[\n{"resource": "ai.inference.Nope.Do", "count": 1, "timeWindow": 1}]')
    until(f"{path}:2: resource 'ai.inference.Nope.Do' is not an rpc of this server")
    recognize(client, sample)
    assert client.get("/api/v1/breakers").json()["breakers"], "the old rules stay"
    rule = {
        "resource": "ai.inference.ImageRecognition.Recognize",
        "ruleType": "DEGRADE",
        "grade": 2,
        "count": 7,
        "timeWindow": 3,
    }
    path.write_text(json.dumps([rule]))
    until('"config.reloaded"')
    recognize(client, sample)
    assert [b["rule"] for b in client.get("/api/v1/breakers").json()["breakers"]] == ["more than 7 of its calls failed"]


def test_a_broken_file_ends_the_start_with_its_line(tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('[\n\n{"resource": "ai.inference.ImageRecognition.Recognize", "count": 50}]')
    with pytest.raises(RuntimeError, match="rules.json:3: timeWindow is missing"):
        Server(tmp_path, config=f"breaker: {{rules: {rules}}}", listeners=1)
