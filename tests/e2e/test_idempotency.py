"""The same request is computed once and answered again, over REST and gRPC."""

from __future__ import annotations

import concurrent.futures
import json
import re
import uuid

import grpc
import httpx
import numpy as np
import pytest

from conftest import Server

RECOGNIZE = "/ai.inference.ImageRecognition/Recognize"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("idempotency"), listeners=1) as running:
        yield running


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def computed(client, model: str) -> int:
    """How many items of the model were computed so far."""
    numbers = client.get(f"/v2/models/{model}/versions/1/stats").json()["model_stats"][0]
    return numbers["inference_count"]


def recognize(client, sample: bytes, **headers: str) -> httpx.Response:
    return client.post("/api/v1/recognize", content=sample, headers={"content-type": "image/jpeg"} | headers)


def test_two_hundred_at_once_are_computed_once(client, server, sample):
    before, request_id = computed(client, "face_detection_v1"), str(uuid.uuid4())
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        asks = [pool.submit(recognize, client, sample, **{"x-request-id": request_id}) for _ in range(200)]
        answers = [ask.result() for ask in asks]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert computed(client, "face_detection_v1") == before + 1


def test_grpc_shares_what_rest_computed(client, server, sample):
    request_id = str(uuid.uuid4())
    over_rest = recognize(client, sample, **{"x-request-id": request_id}).json()
    before = computed(client, "face_detection_v1")
    size, length = len(sample), b""
    while size > 127:
        length += bytes([size % 128 + 128])
        size //= 128
    message = b"\x0a" + length + bytes([size]) + sample
    with grpc.insecure_channel(server.address) as channel:
        answer, call = channel.unary_unary(RECOGNIZE).with_call(message, metadata=[("x-request-id", request_id)])
    assert dict(call.initial_metadata())["idempotent-replayed"] == "true"
    assert computed(client, "face_detection_v1") == before
    assert answer and over_rest["faces"]


def test_another_body_is_another_request(client):
    request_id = str(uuid.uuid4())
    texts = ["中国女排获得世界杯冠军", "特斯拉发布新款电动车"]
    answers = [
        client.post("/api/v1/classify", json={"texts": [text]}, headers={"x-request-id": request_id}) for text in texts
    ]
    assert all("idempotent-replayed" not in answer.headers for answer in answers)
    assert answers[0].json() != answers[1].json()


def test_a_key_with_another_body_is_refused(client):
    key = {"idempotency-key": str(uuid.uuid4())}
    first = client.post("/api/v1/classify", json={"texts": ["中国女排获得世界杯冠军"]}, headers=key)
    again = client.post("/api/v1/classify", json={"texts": ["中国女排获得世界杯冠军"]}, headers=key)
    assert again.headers["idempotent-replayed"] == "true" and again.json() == first.json()
    other = client.post("/api/v1/classify", json={"texts": ["特斯拉发布新款电动车"]}, headers=key)
    assert other.status_code == 422 and other.json()["reason"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_key_that_cannot_be_kept_is_refused(client):
    answer = client.post("/api/v1/classify", json={"texts": ["a"]}, headers={"idempotency-key": "k" * 256})
    assert answer.status_code == 400 and answer.json()["reason"] == "INVALID_REQUEST"


def test_every_protocol_says_that_it_is_a_replay(client):
    text = f"中国女排 {uuid.uuid4()}".encode()
    message = b"\x0a" + bytes([len(text)]) + text
    path = "/ai.inference.TextClassification/Classify"
    key = {"idempotency-key": str(uuid.uuid4())}
    kinds = {
        "application/json": json.dumps({"texts": [text.decode()]}).encode(),
        "application/proto": message,
        "application/grpc-web+proto": b"\0" + len(message).to_bytes(4, "big") + message,
    }
    first = client.post("/api/v1/classify", json={"texts": [text.decode()]}, headers=key)
    assert first.status_code == 200 and "idempotent-replayed" not in first.headers
    for kind, body in kinds.items():
        again = client.post(path, content=body, headers=key | {"content-type": kind})
        assert again.status_code == 200 and again.headers["idempotent-replayed"] == "true", kind


def test_it_is_measured_and_metered_once(client):
    def value(name: str) -> float:
        return float(re.search(rf"^{name} (\S+)$", client.get("/metrics").text, re.M)[1])

    replays, items = value("ai_inference_replays_total"), computed(client, "news_classification_v1")
    headers = {"x-request-id": str(uuid.uuid4())}
    for _ in range(3):
        assert client.post("/api/v1/classify", json={"texts": ["三次"]}, headers=headers).status_code == 200
    assert value("ai_inference_replays_total") == replays + 2
    assert computed(client, "news_classification_v1") == items + 1


def test_tensors_and_large_bodies(client):
    values = np.arange(50_000, dtype=np.float32)
    body = {"inputs": [{"name": "input", "datatype": "FP32", "shape": [len(values)], "data": values.tolist()}]}
    answers = [client.post("/v2/models/echo/infer", json=body, headers={"x-request-id": "large-1"}) for _ in range(2)]
    assert answers[0].json()["outputs"] == answers[1].json()["outputs"]
    assert answers[1].headers["idempotent-replayed"] == "true"


def test_errors_are_not_recorded(client):
    headers = {"x-request-id": "bad-1"}
    for _ in range(2):
        answer = recognize(client, b"no picture", **headers)
        assert answer.status_code == 400 and "idempotent-replayed" not in answer.headers


def test_an_answer_with_a_failed_part_is_not_recorded(client):
    headers = {"x-request-id": str(uuid.uuid4())}
    for body, replayed in (({"text": "部分", "image": "eHh4"}, False), ({"text": "部分"}, True)):
        answers = [client.post("/api/v1/analyze", json=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
        assert ("idempotent-replayed" in answers[1].headers) == replayed
    assert "error" not in answers[0].json()["text"]


def test_off(tmp_path, sample):
    server = Server(tmp_path, config="idempotency: {store: off}", listeners=1)
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for _ in range(2):
                assert "idempotent-replayed" not in recognize(client, sample, **{"x-request-id": "r"}).headers
    finally:
        assert server.stop() == 0
