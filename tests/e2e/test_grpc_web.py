"""gRPC-Web frame by frame over HTTP/1.1 and HTTP/2; what browsers ask before they call. Real clients:
test_browser.py."""

from __future__ import annotations

import base64

import httpx
import pytest

from conftest import Server

RECOGNIZE = "/ai.inference.ImageRecognition/Recognize"
WATCH = "/ai.inference.ImageRecognition/WatchRecognize"
APP = "https://app.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = f'listeners: [{{address: "127.0.0.1:0", allowed_origins: ["{APP}"]}}]'
    with Server(tmp_path_factory.mktemp("grpc-web"), config=config) as running:
        yield running


@pytest.fixture(params=["http/1.1", "h2"])
def client(request, server: Server):
    h2 = request.param == "h2"
    with httpx.Client(http1=not h2, http2=h2, base_url=server.url, timeout=60) as client:
        yield client


def framed(message) -> bytes:
    data = message.SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


def parts(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """The messages, and the trailers of the last frame."""
    messages, trailers = [], None
    while body:
        assert trailers is None, "something after the trailers"
        size = int.from_bytes(body[1:5], "big")
        payload, flag = body[5 : 5 + size], body[0]
        body = body[5 + size :]
        if flag == 0x80:
            trailers = dict(line.split(": ", 1) for line in payload.decode().split("\r\n") if line)
        else:
            assert flag == 0
            messages.append(payload)
    assert trailers is not None
    return messages, trailers


def call(client, path: str, message, text: bool) -> tuple[list[bytes], dict[str, str]]:
    body = framed(message)
    kind = "application/grpc-web-text" if text else "application/grpc-web"
    answer = client.post(
        path,
        content=base64.b64encode(body) if text else body,
        headers={"Content-Type": f"{kind}+proto", "X-Grpc-Web": "1"},
    )
    assert answer.status_code == 200 and answer.headers["content-type"] == f"{kind}+proto"
    data = answer.content
    if text:  # one padded text for each frame
        data = b"".join(base64.b64decode(group) for group in split_padded(data))
    return parts(data)


def split_padded(text: bytes) -> list[bytes]:
    return [text[i : i + 4] for i in range(0, len(text), 4)]


@pytest.mark.parametrize("text", [False, True])
def test_unary_and_stream(client, protos, sample, text):
    (message,), trailers = call(client, RECOGNIZE, protos.images.RecognizeRequest(image=sample), text)
    assert len(protos.images.RecognizeResponse.FromString(message).faces) == 1 and trailers == {"grpc-status": "0"}
    batch = protos.images.WatchRecognizeRequest(
        images=[protos.images.WatchImage(image=p) for p in (sample, b"junk", sample)]
    )
    messages, trailers = call(client, WATCH, batch, text)
    assert sorted(protos.images.RecognizeResponse.FromString(m).sequence for m in messages) == [0, 1, 2]
    assert trailers == {"grpc-status": "0"}


@pytest.mark.parametrize("text", [False, True])
def test_errors_are_in_the_body(client, protos, text):
    messages, trailers = call(client, RECOGNIZE, protos.images.RecognizeRequest(), text)
    assert messages == [] and trailers["grpc-status"] == "3" and trailers["grpc-message"].startswith("image is empty")
    assert trailers["grpc-status-details-bin"]
    assert call(client, "/ai.inference.Nobody/Knows", protos.images.RecognizeRequest(), text)[1]["grpc-status"] == "12"


def preflight(client, origin: str, path: str = RECOGNIZE):
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-grpc-web",
        },
    )


def test_preflight(client):
    answer = preflight(client, APP)
    assert answer.status_code == 204 and answer.content == b""
    assert answer.headers["access-control-allow-origin"] == APP and answer.headers["vary"] == "origin"
    assert (
        "x-grpc-web" in answer.headers["access-control-allow-headers"]
        and "POST" in answer.headers["access-control-allow-methods"]
    )
    refused = preflight(client, "https://evil.example")
    assert refused.status_code == 403 and "access-control-allow-origin" not in refused.headers


def test_every_answer_of_an_allowed_origin_can_be_read(client, sample):
    for path, kwargs, status in [
        ("/api/v1/recognize", {"content": sample, "headers": {"Content-Type": "image/jpeg"}}, 200),
        ("/api/v1/recognize", {"json": {}}, 400),
        ("/api/v1/nothing", {"json": {}}, 404),
        ("/api/v1/recognize:watch", {"json": {"images": [{"image": "AAAA"}]}}, 200),
    ]:
        headers = {"Origin": APP, **kwargs.pop("headers", {})}
        answer = client.post(path, headers=headers, **kwargs)
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (status, APP), path
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
    same = client.post("/api/v1/recognize", json={}, headers={"Origin": str(client.base_url).rstrip("/")})
    assert "access-control-allow-origin" not in same.headers


def test_refused_pages_get_their_protocols_answer(client, protos):
    body = framed(protos.images.RecognizeRequest())
    answer = client.post(
        RECOGNIZE,
        content=body,
        headers={"Content-Type": "application/grpc-web+proto", "Origin": "https://evil.example"},
    )
    assert "access-control-allow-origin" not in answer.headers
    assert parts(answer.content)[1]["grpc-status"] == "7"
