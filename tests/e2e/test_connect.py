"""The Connect protocol over HTTP/1.1 and HTTP/2, byte for byte, and by the public client in Node. In pages:
test_browser.py."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess

import cv2
import httpx
import numpy as np
import pytest
from google.rpc import error_details_pb2

from conftest import ROOT

CLASSIFY = "/ai.inference.TextClassification/Classify"
RECOGNIZE = "/ai.inference.ImageRecognition/Recognize"
WATCH = "/ai.inference.ImageRecognition/WatchRecognize"
COLLECT = "/ai.inference.ImageRecognition/CollectRecognize"
TEXTS = {"texts": ["中国女排获得世界杯冠军"]}
MODULES = ROOT / ".deps" / "browser" / "node_modules"


@pytest.fixture(params=["http/1.1", "h2"])
def client(request, server):
    h2 = request.param == "h2"
    with httpx.Client(http1=not h2, http2=h2, base_url=server.url, timeout=60) as client:
        yield client


def frame(data: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(data).to_bytes(4, "big") + data


def frames(body: bytes) -> list[tuple[int, bytes]]:
    out = []
    while body:
        size = int.from_bytes(body[1:5], "big")
        out.append((body[0], body[5 : 5 + size]))
        body = body[5 + size :]
    return out


def test_json_and_protobuf(client, protos, sample):
    answer = client.post(CLASSIFY, json=TEXTS, headers={"Connect-Protocol-Version": "1"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json()["results"][0]["label"] == "体育"
    request = protos.images.RecognizeRequest(image=sample).SerializeToString()
    answer = client.post(
        RECOGNIZE, content=request, headers={"Content-Type": "application/proto", "Accept-Encoding": "identity"}
    )
    assert answer.headers["content-type"] == "application/proto"
    assert len(protos.images.RecognizeResponse.FromString(answer.content).faces) == 1


def test_gzip_both_ways(client):
    many = {"texts": ["中国女排获得世界杯冠军"] * 100}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    answer = client.post(CLASSIFY, content=gzip.compress(json.dumps(many).encode()), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-encoding"] == "gzip" and len(answer.json()["results"]) == 100
    answer = client.post(CLASSIFY, content=b"x", headers=headers | {"Content-Encoding": "br"})
    assert answer.status_code == 501 and answer.json()["code"] == "unimplemented" and "gzip" in answer.json()["message"]


def test_get(client):
    query = {"connect": "v1", "encoding": "json", "message": json.dumps(TEXTS)}
    answer = client.get(CLASSIFY, params=query)
    assert answer.status_code == 200 and answer.json()["results"][0]["label"] == "体育"
    packed = base64.urlsafe_b64encode(gzip.compress(json.dumps(TEXTS).encode())).decode().rstrip("=")
    assert (
        client.get(CLASSIFY, params=query | {"message": packed, "base64": "1", "compression": "gzip"}).json()
        == answer.json()
    )
    refused = client.get(RECOGNIZE, params=query)
    assert refused.status_code == 405 and refused.headers["allow"] == "POST, OPTIONS", "a picture is not for a URL"


def test_errors(client):
    answer = client.post(RECOGNIZE, json={}, headers={"X-Request-ID": "connect-error"})
    error = answer.json()
    assert (
        answer.status_code == 400
        and error["code"] == "invalid_argument"
        and error["message"].startswith("image is empty")
    )
    by_type = {detail["type"]: detail for detail in error["details"]}
    value = by_type["google.rpc.ErrorInfo"]["value"]
    info = error_details_pb2.ErrorInfo.FromString(base64.b64decode(value + "=" * (-len(value) % 4)))
    assert (
        info.reason == "INVALID_IMAGE" and by_type["google.rpc.RequestInfo"]["debug"]["request_id"] == "connect-error"
    )
    assert client.post(RECOGNIZE, json={"image": "", "model_id": "none_such"}).status_code in (400, 404)
    assert client.post("/ai.inference.Nobody/Knows", json={}).status_code == 404
    assert client.post(RECOGNIZE, content=b"x", headers={"Content-Type": "image/jpeg"}).status_code == 415


def test_deadline(client, sample):
    # An image whose body leaves in one piece: an answer before a long body's end is what httpx takes for a fault over
    # HTTP/2.
    small = cv2.resize(cv2.imdecode(np.frombuffer(sample, np.uint8), cv2.IMREAD_COLOR), (64, 64))
    picture = base64.b64encode(cv2.imencode(".jpg", small)[1].tobytes()).decode()
    body = {"image": picture, "modelId": "face_detection_hd"}  # many times a millisecond of work
    answer = client.post(RECOGNIZE, json=body, headers={"Connect-Timeout-Ms": "1"})
    assert answer.status_code == 504 and answer.json()["code"] == "deadline_exceeded"
    answer = client.post(RECOGNIZE, json=body, headers={"Connect-Timeout-Ms": "soon"})
    assert answer.status_code == 400 and "connect-timeout-ms" in answer.json()["message"]


def test_streams(client, sample):
    image = base64.b64encode(sample).decode()
    headers = {"Content-Type": "application/connect+json"}
    body = frame(json.dumps({"images": [{"image": image}, {"image": image}]}).encode())
    *answers, (flag, end) = frames(client.post(WATCH, content=body, headers=headers).content)
    assert [len(json.loads(data)["faces"]) for _, data in answers] == [1, 1] and (flag, end) == (2, b"{}")
    upload = frame(json.dumps({"image": image}).encode()) + frame(
        gzip.compress(json.dumps({"image": image}).encode()), 1
    )
    (_, summary), (flag, end) = frames(
        client.post(COLLECT, content=upload, headers=headers | {"Connect-Content-Encoding": "gzip"}).content
    )
    assert len(json.loads(summary)["results"]) == 2 and (flag, end) == (2, b"{}")
    ((flag, end),) = frames(client.post(WATCH, content=frame(b"{}"), headers=headers).content)
    assert flag == 2 and json.loads(end)["error"]["code"] == "invalid_argument"
    assert client.post(WATCH, json={}).status_code == 415


def test_rest_paths_are_still_rest(client):
    answer = client.post("/api/v1/recognize", json={}, headers={"Connect-Protocol-Version": "1"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.skipif(not MODULES.is_dir() or shutil.which("node") is None, reason="skipped: no node and npm at setup")
def test_the_public_client_in_node(server, descriptors):
    classify = {"service": "ai.inference.TextClassification", "method": "classify", "request": TEXTS}
    failing = classify | {"request": {"texts": ["新闻"] * 101}}
    ready = {
        "service": "inference.GRPCInferenceService",
        "method": "modelReady",
        "request": {"name": "face_detection_v1"},
    }
    watch = {"service": "ai.inference.ImageRecognition", "method": "watchRecognize", "request": {}, "stream": True}
    calls = [
        classify,
        classify | {"transport": {"useBinaryFormat": True}},
        classify | {"transport": {"useHttpGet": True}},
        ready | {"transport": {"useHttpGet": True, "useBinaryFormat": True}},
        failing,
        watch,
        classify | {"options": {"headers": {"x-request-id": "connect-node"}, "timeoutMs": 10000}},
    ]
    environment = os.environ | {
        "CONNECT_CALLS": json.dumps({"url": server.url, "descriptors": descriptors, "calls": calls})
    }
    script = (ROOT / "tests/browser/connect_node.mjs").read_text()
    run = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=script,
        env=environment,
        cwd=MODULES.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    by_json, by_proto, by_get, by_get_proto, failed, watched, named = json.loads(run.stdout)
    for one in (by_json, by_proto, by_get):
        assert [r["label"] for r in one["answers"][0]["results"]] == ["体育"], one
    assert by_get_proto["answers"] == [{"ready": True}]
    assert (
        failed["code"] == "InvalidArgument"
        and failed["message"] == "最多支持100条文本批量处理"
        and "google.rpc.ErrorInfo" in failed["details"]
    )
    assert watched["code"] == "InvalidArgument"
    assert named["headers"]["x-request-id"] == "connect-node"
    (line,) = server.log_lines("connect-node")
    assert (line["protocol"], line["method"]) == ("connect", "ai.inference.TextClassification/Classify")
