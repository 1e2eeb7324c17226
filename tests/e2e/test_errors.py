"""Errors are part of the API: the same reason over gRPC and REST, with a message that says what to do."""

from __future__ import annotations

import base64
import json
import subprocess

import grpc
import pytest
import requests
from google.rpc import error_details_pb2, status_pb2

from conftest import SHARED

PNG_HEADER = b"\x89PNG\r\n\x1a\n"


def rpc_error(images, request, **kwargs) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        images.Recognize(request, **kwargs)
    return caught.value


def details_of(error: grpc.RpcError) -> dict:
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    details = {}
    for any_detail in status_pb2.Status.FromString(raw).details:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RequestInfo):
            message = kind()
            if any_detail.Unpack(message):
                details[kind.__name__] = message
    return details


def test_grpc_error_carries_reason_field_and_request_id(images, protos):
    error = rpc_error(images, protos.images.RecognizeRequest(image=b""), metadata=[("x-request-id", "err-1")])
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    details = details_of(error)
    assert details["ErrorInfo"].reason == "INVALID_IMAGE"
    assert details["BadRequest"].field_violations[0].field == "image"
    assert details["RequestInfo"].request_id == "err-1"


def test_rest_error_is_problem_json(server):
    answer = requests.post(f"{server.url}/api/v1/recognize", json={"image": ""}, headers={"X-Request-ID": "err-2"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["reason"] == "INVALID_IMAGE" and problem["status"] == 400 and problem["request_id"] == "err-2"
    assert answer.headers["x-request-id"] == "err-2"


@pytest.mark.parametrize(
    "kwargs, status, reason",
    [
        (dict(json={"image": "%%%"}), 400, "INVALID_BODY"),
        (dict(data=b'{"image": "', headers={"Content-Type": "application/json"}), 400, "INVALID_BODY"),
        (dict(json={"picture": "x"}), 400, "INVALID_BODY"),
        (dict(json={"image": 7}), 400, "INVALID_BODY"),
        (dict(data=b"x", headers={"Content-Type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            dict(data=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "br"}),
            415,
            "UNSUPPORTED_ENCODING",
        ),
        (dict(json={"image": "AAAA", "model_id": "nobody"}), 404, "MODEL_NOT_FOUND"),
        (dict(json={"image": "AAAA", "min_confidence": 2}), 400, "INVALID_REQUEST"),
        (dict(data=b"x" * (33 << 20), headers={"Content-Type": "image/jpeg"}), 413, "BODY_TOO_LARGE"),
    ],
)
def test_rest_refusals(server, kwargs, status, reason):
    answer = requests.post(f"{server.url}/api/v1/recognize", **kwargs)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text


def test_unknown_path_and_wrong_verb(server):
    assert requests.get(f"{server.url}/api/v1/nothing").status_code == 404
    wrong = requests.get(f"{server.url}/api/v1/recognize")
    assert wrong.status_code == 405 and wrong.headers["allow"] == "POST, OPTIONS"


def test_unknown_model_lists_those_that_exist(images, protos, sample):
    error = rpc_error(images, protos.images.RecognizeRequest(image=sample, model_id="nobody"))
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert "face_detection_v2" in error.details()


def test_unknown_method_is_unimplemented(server):
    with grpc.insecure_channel(server.address) as channel:
        call = channel.unary_unary("/ai.inference.ImageRecognition/Nothing")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_deadline_is_honest(images, protos, sample):
    assert (
        rpc_error(images, protos.images.RecognizeRequest(image=sample), timeout=0.0005).code()
        == grpc.StatusCode.DEADLINE_EXCEEDED
    )


def test_rest_deadline(server, sample):
    answer = requests.post(
        f"{server.url}/api/v1/recognize",
        data=sample,
        headers={"Content-Type": "image/jpeg", "X-Request-Timeout": "0.00001"},
    )
    assert answer.status_code == 504 and answer.json()["reason"] == "DEADLINE_EXCEEDED"


def test_gzip_bomb_is_bounded(server):
    import gzip

    bomb = gzip.compress(b"[" * (200 << 20), 9)
    before = server.memory_kib()
    answer = requests.post(
        f"{server.url}/api/v1/recognize",
        data=bomb,
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    assert answer.status_code == 413
    assert server.memory_kib() - before < 100 * 1024


def test_foreign_host_and_origin_are_refused(server, sample):
    url = f"{server.url}/api/v1/recognize"
    rebinding = requests.post(url, data=sample, headers={"Content-Type": "image/jpeg", "Host": "evil.example"})
    assert rebinding.status_code == 421 and rebinding.json()["reason"] == "HOST_NOT_ALLOWED"
    foreign = requests.post(url, data=sample, headers={"Content-Type": "image/jpeg", "Origin": "https://evil.example"})
    assert foreign.status_code == 403 and foreign.json()["reason"] == "ORIGIN_NOT_ALLOWED"


@pytest.mark.shared
def test_bad_pictures_get_their_answer_and_memory_stays(server, images, protos, sample):
    folder = SHARED / "data" / "faces" / "bad"
    expected = json.loads((folder / "bad.json").read_text())
    files = {name: (folder / name).read_bytes() for name in expected}

    def over_grpc(data: bytes) -> str:
        try:
            images.Recognize(protos.images.RecognizeRequest(image=data))
            return "OK"
        except grpc.RpcError as error:
            assert error.details()
            return error.code().name

    def over_rest(data: bytes) -> str:
        answer = requests.post(f"{server.url}/api/v1/recognize", json={"image": base64.b64encode(data).decode()})
        return {200: "OK", 400: "INVALID_ARGUMENT"}.get(answer.status_code, str(answer.status_code))

    for name, data in files.items():
        wanted = expected[name]["expect"].split(" or ")
        assert over_grpc(data) in wanted, name
        assert over_rest(data) in wanted, name
    for data in files.values():
        over_grpc(data)
    before = server.memory_kib()
    for _ in range(100):
        for data in files.values():
            over_grpc(data)
    assert server.memory_kib() - before < 200 * 1024
    assert len(images.Recognize(protos.images.RecognizeRequest(image=sample)).faces) == 1
