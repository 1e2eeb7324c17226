"""The main job: an image in, its faces out, by every way in."""

from __future__ import annotations

import base64
import json
import subprocess

import cv2
import grpc
import numpy as np
import pytest
import requests

from boxes import iou


def boxes_of(answer: dict) -> list[tuple]:
    return [(f["x"], f["y"], f["width"], f["height"]) for f in answer["faces"]]


@pytest.fixture(scope="module")
def by_grpc(images, protos, sample):
    return images.Recognize(protos.images.RecognizeRequest(image=sample))


def test_finds_the_astronauts_face(by_grpc):
    assert len(by_grpc.faces) == 1
    face = by_grpc.faces[0]
    assert iou((face.x, face.y, face.width, face.height), (178, 77, 96, 130)) > 0.5
    assert 0.5 < face.confidence <= 1
    assert by_grpc.latency > 0
    assert not by_grpc.HasField("sequence") and not by_grpc.HasField("error")


@pytest.mark.parametrize("model", ["v1", "hd"])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.7, 0.86])
def test_finds_a_close_up(images, protos, sample, model, share):
    """The astronaut's face cut out and enlarged to 700 px, of which it takes up to 600."""
    whole = cv2.imdecode(np.frombuffer(sample, np.uint8), cv2.IMREAD_COLOR)
    x, y, width, height = 178, 77, 96, 130
    side = round(height / share)
    left, top = max(0, x + (width - side) // 2), max(0, y + (height - side) // 2)
    close = cv2.resize(whole[top : top + side, left : left + side], (700, 700), interpolation=cv2.INTER_CUBIC)
    picture = cv2.imencode(".jpg", close)[1].tobytes()
    faces = images.Recognize(protos.images.RecognizeRequest(image=picture, model_id=f"face_detection_{model}")).faces
    scale = 700 / side
    wanted = ((x - left) * scale, (y - top) * scale, width * scale, height * scale)
    assert len(faces) == 1, faces
    assert iou((faces[0].x, faces[0].y, faces[0].width, faces[0].height), wanted) > 0.5


@pytest.mark.parametrize("field", ["image", "image_base64"])
def test_json_answers_the_same(server, sample, by_grpc, field):
    body = {field: base64.b64encode(sample).decode(), "model_id": "face_detection_v1"}
    answer = requests.post(f"{server.url}/api/v1/recognize", json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert boxes_of(answer.json()) == [(f.x, f.y, f.width, f.height) for f in by_grpc.faces]
    assert set(answer.json()) == {"faces", "latency"}


def test_raw_image_answers_the_same(server, sample, by_grpc):
    answer = requests.post(
        f"{server.url}/api/v1/recognize?min_confidence=0.4", data=sample, headers={"Content-Type": "image/jpeg"}
    )
    assert answer.status_code == 200, answer.text
    assert boxes_of(answer.json())[:1] == [(f.x, f.y, f.width, f.height) for f in by_grpc.faces]


@pytest.mark.parametrize("name", ["image", "file"])
def test_multipart_answers_the_same(server, sample, by_grpc, name):
    answer = requests.post(
        f"{server.url}/api/v1/recognize",
        files={name: ("a.jpg", sample, "image/jpeg")},
        data={"model_id": "face_detection_v1"},
    )
    assert answer.status_code == 200, answer.text
    assert boxes_of(answer.json()) == [(f.x, f.y, f.width, f.height) for f in by_grpc.faces]


def test_http2_prior_knowledge_and_gzip(server, sample, by_grpc, tmp_path):
    body = tmp_path / "body.json.gz"
    import gzip

    body.write_bytes(gzip.compress(json.dumps({"image": base64.b64encode(sample).decode()}).encode()))
    out = subprocess.run(
        [
            "curl",
            "-sS",
            "--http2-prior-knowledge",
            "-w",
            "\n%{http_version}",
            "--data-binary",
            f"@{body}",
            "-H",
            "Content-Encoding: gzip",
            "-H",
            "Content-Type: application/json",
            f"{server.url}/api/v1/recognize",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    answer, version = out.rsplit("\n", 1)
    assert version == "2"
    assert boxes_of(json.loads(answer)) == [(f.x, f.y, f.width, f.height) for f in by_grpc.faces]


def test_every_listener_speaks_every_protocol(server, protos, sample):
    for address in server.addresses:
        with grpc.insecure_channel(address) as channel:
            stub = protos.images_grpc.ImageRecognitionStub(channel)
            assert len(stub.Recognize(protos.images.RecognizeRequest(image=sample)).faces) == 1
        assert requests.get(f"http://{address}/healthz").status_code == 200


def test_request_id_is_echoed_and_logged_with_the_articles_fields(server, images, protos, sample):
    call = images.Recognize.with_call(
        protos.images.RecognizeRequest(image=sample), metadata=[("x-request-id", "e2e-1")]
    )[1]
    assert dict(call.initial_metadata())["x-request-id"] == "e2e-1"
    (line,) = server.log_lines("e2e-1")
    assert line["status"] == "success" and line["error"] is None and line["model_id"] == "face_detection_v1"
    assert line["client_ip"] == "127.0.0.1" and line["protocol"] == "grpc" and line["code"] == "OK"
    assert line["latency"] > 0 and line["infer_ms"] > 0 and line["bytes_in"] > len(sample)
    assert line["method"] == "ai.inference.ImageRecognition/Recognize"


def test_the_log_counts_the_bytes_of_a_request_that_could_not_be_decoded(server):
    answer = requests.post(f"{server.url}/api/v1/recognize", data="{" * 50, headers={"X-Request-ID": "e2e-undecodable"})
    assert answer.status_code == 400
    (line,) = server.log_lines("e2e-undecodable")
    assert line["bytes_in"] == 50 and line["bytes_out"] == len(answer.content)


def test_metrics_count_by_model_method_and_protocol(server, sample):
    requests.post(f"{server.url}/api/v1/recognize", data=sample, headers={"Content-Type": "image/jpeg"})
    text = requests.get(f"{server.url}/metrics").text
    for name in ("requests_total", "requests_success_total", "latency_seconds_bucket"):
        assert f"ai_inference_{name}" in text
    assert 'model_id="face_detection_v1"' in text and 'protocol="rest"' in text
    assert "ai_model_utilization" in text


def test_command_line(server, sample, tmp_path):
    from conftest import BINARY, ROOT, SAMPLE

    out = tmp_path / "boxes.png"
    for where in (["--server", server.url], ["--local", "--models", str(ROOT / "models")]):
        run = subprocess.run(
            [BINARY, "recognize", SAMPLE, "--json", "--out", out, *where], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        assert len(json.loads(run.stdout)["faces"]) == 1
        assert out.read_bytes().startswith(b"\x89PNG")
    missing = subprocess.run(
        [BINARY, "recognize", tmp_path / "none.jpg", "--server", server.url], capture_output=True, text=True
    )
    assert missing.returncode != 0 and "none.jpg" in missing.stderr
