"""What clients rely on without asking: spellings, aliases, HEAD and OPTIONS, null, empty fields, byte order marks,
UTF-8."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import subprocess

import pytest

import oip
from conftest import BINARY, Server, rest_of

BOM = b"\xef\xbb\xbf"
TEXTS = json.dumps({"texts": ["国足今晚主场迎战韩国队"]}).encode()


def call(server: Server, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None):
    """(status, headers in lower case, body) over HTTP/1.1."""
    connection = http.client.HTTPConnection(server.address, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def raw(server: Server, data: bytes) -> bytes:
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(data)
        return rest_of(client)


# --- spellings ---


@pytest.mark.parametrize(
    "type_",
    [
        "Application/JSON",
        "application/json; Charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; charset=utf8",
        "text/json",
        "application/x-json",
        "APPLICATION/X-JSON ; charset=us-ascii",
        "application/problem+json",
    ],
)
def test_json_by_any_name(server, type_):
    for path in ("/api/v1/classify", "/ai.inference.TextClassification/Classify"):
        if path.startswith("/ai") and "problem" in type_:
            continue
        status, _, body = call(server, "POST", path, TEXTS, {"Content-Type": type_})
        assert status == 200, (path, body)


@pytest.mark.parametrize("type_", ["image/jpg", "IMAGE/JPEG", "image/pjpeg", "Image/JPG; q=1"])
def test_a_picture_by_any_name(server, sample, type_):
    status, _, body = call(server, "POST", "/api/v1/recognize", sample, {"Content-Type": type_})
    assert status == 200 and len(json.loads(body)["faces"]) == 1


@pytest.mark.parametrize(
    "type_", ["application/x-ndjson", "application/jsonl", "Application/NDJSON", "application/x-jsonlines"]
)
def test_lines_by_any_name(server, sample, type_):
    line = json.dumps({"image": base64.b64encode(sample).decode()}).encode()
    status, _, body = call(
        server, "POST", "/api/v1/recognize:collect", BOM + line + b"\n" + line + b"\n", {"Content-Type": type_}
    )
    assert status == 200, body
    assert json.loads(body)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "X-GZip"])
def test_gzip_by_any_name(server, coding):
    packed = gzip.compress(TEXTS)
    status, _, body = call(
        server, "POST", "/api/v1/classify", packed, {"Content-Type": "application/json", "Content-Encoding": coding}
    )
    assert status == 200, body
    status, _, body = call(
        server,
        "POST",
        "/ai.inference.TextClassification/Classify",
        packed,
        {"Content-Type": "application/json", "Content-Encoding": coding},
    )
    assert status == 200, body
    infer = json.dumps({"inputs": [{"name": "input", "datatype": "FP32", "shape": [1], "data": [1]}]}).encode()
    status, _, body = call(server, "POST", "/v2/models/echo/infer", gzip.compress(infer), {"Content-Encoding": coding})
    assert status in (200, 404), body  # 404: no such model in this checkout


@pytest.mark.parametrize(
    ("accept", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("*;q=0, identity", False),
        ("identity", False),
        ("", False),
        ("identity;q=0, gzip;q=0.1", True),
        ("gzip;q=0.5, identity;q=0.9", False),
        ("br, deflate", False),
        ("*;q=0, gzip", True),
        ("gzip ; Q=0", False),
    ],
)
def test_what_accept_encoding_says(server, accept, packed):
    for path in ("/metrics", "/openapi.json"):
        _, headers, body = call(server, "GET", path, headers={"Accept-Encoding": accept})
        assert (headers.get("content-encoding") == "gzip") == packed, headers
        plain = gzip.decompress(body) if packed else body
        if path == "/metrics":
            assert b"ai_" in plain
        else:
            json.loads(plain)


@pytest.mark.parametrize("accept", ["a", "a;q=0.1, b", "/", "x/*", ";", '"', '"\\', "=", "*/", "\x80"])
@pytest.mark.parametrize("name", ["Accept", "Accept-Encoding", "If-None-Match"])
def test_preferences_that_are_none_change_nothing(server, name, accept):
    for path in ("/", "/metrics", "/openapi.json", "/v2", "/v2/models/face_detection_v1", "/no/such/path"):
        status, headers, _ = call(server, "GET", path, headers={name: accept.encode("latin-1")})
        assert status == (404 if "such" in path else 200) and "content-encoding" not in headers
    status, _, _ = call(server, "POST", "/api/v1/classify", TEXTS, {"Content-Type": "application/json", name: accept})
    assert status == 200


def test_identity_forbidden_packs_even_a_short_answer(server):
    _, headers, body = call(
        server,
        "POST",
        "/api/v1/classify",
        TEXTS,
        {"Content-Type": "application/json", "Accept-Encoding": "identity;q=0, gzip"},
    )
    assert headers.get("content-encoding") == "gzip" and json.loads(gzip.decompress(body))["results"]


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: Chunked\r\n",
        b"transfer-encoding: CHUNKED\r\n",
        b"Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n",
        b"Transfer-Encoding: chunked\r\nCONNECTION: Close\r\n",
    ],
)
def test_tokens_of_the_connection_in_any_case(server, head):
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(TEXTS), TEXTS)
    close = b"" if b"CONNECTION" in head else b"Connection: close\r\n"
    answer = raw(
        server,
        b"POST HTTP://localhost/api/v1/classify HTTP/1.1\r\nhOST: localhost\r\ncontent-TYPE: application/json\r\n"
        + head
        + close
        + b"\r\n"
        + chunk,
    )
    assert b" 200 OK\r\n" in answer, answer[:300]


@pytest.mark.parametrize(
    ("upgrade", "connection"),
    [("websocket", "Upgrade"), ("WebSocket", "keep-alive, UPGRADE"), ("WEBSOCKET", "upgrade")],
)
def test_websocket_in_any_case(server, upgrade, connection):
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(
            f"GET /api/v1/recognize/stream HTTP/1.1\r\nHost: localhost\r\n"
            f"Upgrade: {upgrade}\r\nConnection: {connection}\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert client.recv(100).startswith(b"HTTP/1.1 101")


# --- HEAD and OPTIONS ---

GETS = [
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/stats",
    "/v2/models/face_detection_v1",
    "/v2/models/face_detection_v1/ready",
    "/v2/models/nobody",
    "/no/such/path",
]


@pytest.mark.parametrize("path", GETS)
def test_head_answers_as_get_without_the_body(server, path):
    status, headers, body = call(server, "GET", path)
    head_status, head_headers, nothing = call(server, "HEAD", path)
    assert (head_status, nothing) == (status, b"")
    changing = {"date", "x-request-id", "traceresponse", "server-timing", "etag"}
    if path in ("/metrics", "/v2/models/stats") or status != 200:
        changing |= {"content-length"}  # numbers and ids differ
        assert int(head_headers["content-length"]) > 0
    assert {k: v for k, v in head_headers.items() if k not in changing} == {
        k: v for k, v in headers.items() if k not in changing
    }
    code = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-I", "-m", "20", server.url + path], capture_output=True, check=True
    ).stdout
    assert f"HTTP/2 {status}".encode() in code


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/v2", "GET, HEAD, OPTIONS"),
        ("/v2/models/x/infer", "POST, OPTIONS"),
        ("/api/v1/recognize", "POST, OPTIONS"),
        ("/ai.inference.ImageRecognition/StreamRecognize", "POST, OPTIONS"),
        ("*", "GET, HEAD, POST, OPTIONS"),
    ],
)
def test_options_and_405_say_what_a_path_takes(server, path, allow):
    status, headers, body = call(server, "OPTIONS", path)
    assert (status, headers["allow"], body) == (204, allow, b"")
    if path != "*":
        status, headers, _ = call(server, "DELETE", path)
        assert (status, headers["allow"]) == (405, allow)


# --- null, empty, byte order marks ---


@pytest.fixture(scope="module")
def tensors(tmp_path_factory):
    with oip.start(tmp_path_factory) as running:
        yield running


INPUT = {"name": "input", "datatype": "FP32", "shape": [2], "data": [1, 2]}
NULLS = [
    {"id": None, "inputs": [INPUT]},
    {"parameters": None, "inputs": [INPUT]},
    {"inputs": [INPUT], "outputs": None},
    {"inputs": [{**INPUT, "parameters": None}]},
    {"inputs": [INPUT], "outputs": [{"name": "output", "parameters": None}]},
    {"inputs": [{**INPUT, "parameters": {"content_type": None, "binary_data_size": None}}]},
    {"parameters": {"headers": {"a": ["b"]}, "tags": ["a"], "x": None}, "inputs": [INPUT]},
    {"unknown": None, "inputs": [{**INPUT, "unknown": None}]},
]


@pytest.mark.parametrize("request_", NULLS)
def test_null_is_absent_in_the_open_inference_protocol(tensors, request_):
    for body in (json.dumps(request_).encode(), BOM + json.dumps(request_).encode()):
        status, _, answer = call(tensors, "POST", "/v2/models/echo/infer", body, {"Content-Type": "application/json"})
        assert status == 200 and json.loads(answer)["outputs"][0]["data"] == [1, 2], answer


@pytest.mark.parametrize(
    "request_",
    [
        {"inputs": None},
        {"inputs": [{**INPUT, "name": None}]},
        {"inputs": [{**INPUT, "shape": None}]},
        {"inputs": [{**INPUT, "datatype": None}]},
        {"inputs": [{**INPUT, "data": None}]},
        {"inputs": [{**INPUT, "data": [1, None]}]},
        {"inputs": [None]},
        {"id": 7, "inputs": [INPUT]},
    ],
)
def test_null_where_something_must_be_is_an_error(tensors, request_):
    status, _, answer = call(
        tensors, "POST", "/v2/models/echo/infer", json.dumps(request_).encode(), {"Content-Type": "application/json"}
    )
    assert status == 400, answer


def test_null_is_absent_in_the_repository(tensors):
    for body in (b'{"ready": null}', b"", BOM + b"{}", BOM):
        status, _, answer = call(tensors, "POST", "/v2/repository/index", body)
        assert status == 200 and json.loads(answer), answer
    status, _, answer = call(
        tensors,
        "POST",
        "/v2/repository/models/affine/load",
        b'{"parameters": {"config": null, "unload_dependents": null}}',
    )
    assert status == 200, answer


@pytest.mark.parametrize("path", ["/api/v1/classify", "/ai.inference.TextClassification/Classify"])
def test_null_is_absent_in_typed_requests(server, path):
    for body in ({"texts": ["体育"], "model_id": None}, {"texts": ["体育"], "modelId": None, "items": None}):
        for prefix in (b"", BOM):
            status, _, answer = call(
                server, "POST", path, prefix + json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            assert status == 200, answer


def form(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    body = b"".join(
        b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return body + b"--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("extra", "good"),
    [
        (('name="model_id"', b""), True),
        (('name="min_confidence"', b""), True),
        (('name="min_confidence"\r\nContent-Type: text/plain', b""), True),
        (("NAME=min_confidence", b"0.5"), True),
        (('name="_charset_"', b"utf-8"), True),
        (('name="submit"', b""), False),
        (('name="min_confidence"', b" "), False),
    ],
)
def test_an_empty_field_of_a_form_is_absent(server, sample, extra, good):
    status, _, body = call(
        server, "POST", "/api/v1/recognize", *form(('name="image"; filename="a.jpg"', sample), extra)
    )
    assert (status == 200) == good, body


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("min_confidence=&model_id=", 200),
        ("min_confidence", 200),
        ("min_confidence=0.5&min_confidence=", 200),
        ("nobody=", 400),
        ("min_confidence=x", 400),
    ],
)
def test_an_empty_parameter_is_absent(server, sample, query, status):
    seen, _, body = call(server, "POST", f"/api/v1/recognize?{query}", sample, {"Content-Type": "image/jpeg"})
    assert seen == status, body


@pytest.mark.parametrize(
    ("text", "said"), [(b"logz: 1", "'logz'"), (b"listeners: [{address: 127.0.0.1:0, expose: [nothing]}]", "'nothing'")]
)
def test_a_configuration_may_begin_with_a_byte_order_mark(tmp_path, text, said):
    (tmp_path / "sluice.yaml").write_bytes(BOM + text + b"\n")
    run = subprocess.run(
        [BINARY, "serve", "--config", tmp_path / "sluice.yaml", "--models", oip.make_models(tmp_path / "models")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1 and said in run.stderr, run.stderr


# --- text ---


@pytest.mark.parametrize(
    "field",
    [
        "Content-Type: text/",
        "Content-Type: application/json\r\nContent-Encoding: ",
        "Content-Type: application/json\r\nX-Request-Timeout: ",
    ],
)
def test_answers_are_utf8_whatever_was_sent(server, field):
    for junk in (b"\xff\xfe", "型".encode() * 100 + b"\xe5\x9e", b"\xe4\xb8" * 200):
        for path in (
            b"/api/v1/classify",
            b"/ai.inference.TextClassification/Classify",
            b"/v2/models/echo/infer",
            "/v2/models/型".encode() + b"%ff%e4%b8",
        ):
            answer = raw(
                server,
                b"POST "
                + path.replace("型".encode(), b"%e5%9e%8b")
                + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + field.encode()
                + junk
                + b"\r\nContent-Length: 2\r\n\r\n{}",
            )
            body = answer.split(b"\r\n\r\n", 1)[1]
            body.decode()
            assert len(body) < 8192
    for line in server.log_path.read_bytes().splitlines():
        json.loads(line.decode())
        assert len(line) < 16384
