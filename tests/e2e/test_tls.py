"""Every protocol over TLS with a self-made certificate that the clients check. gRPC: test_server.py; in pages:
test_browser.py."""

from __future__ import annotations

import base64
import json
import ssl

import httpx
import pytest
from websockets.sync.client import connect

from conftest import Server
from test_grpc_web import RECOGNIZE, framed, parts
from test_server import certificate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder):
    certificate(folder, "localhost")
    with Server(
        folder,
        config="listeners: [{address: '127.0.0.1:0', "
        f"tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}}}]",
    ) as running:
        yield running


@pytest.fixture
def trust(server, folder) -> ssl.SSLContext:
    """One for each client: they say in it which protocols they speak."""
    return ssl.create_default_context(cafile=folder / "tls.crt")


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def client(request, server, trust):
    h2 = request.param == "HTTP/2"
    with httpx.Client(
        http1=not h2, http2=h2, verify=trust, base_url=f"https://localhost:{server.address.split(':')[1]}", timeout=60
    ) as client:
        yield client
        assert client.get("/healthz").http_version == request.param


def test_rest(client, sample):
    for _ in range(2):  # the second on the same connection
        answer = client.post("/api/v1/recognize", content=sample, headers={"Content-Type": "image/jpeg"})
        assert answer.status_code == 200 and len(answer.json()["faces"]) == 1
    assert client.post("/api/v1/recognize", json={}).json()["reason"] == "INVALID_IMAGE"


def test_bodies_of_many_records(client):
    """Megabytes both ways: many TLS records, and more than a window of HTTP/2."""
    texts = {"texts": ["新" * 20_000] * 100}
    answer = client.post(
        "/api/v1/classify",
        content=json.dumps(texts, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200 and len(answer.json()["results"]) == 100
    assert len(client.get("/docs/swagger-ui-bundle.js", headers={"Accept-Encoding": "identity"}).content) > 1_000_000


def test_streams(client, sample):
    lines = b"".join(
        json.dumps({"image": base64.b64encode(p).decode()}).encode() + b"\n" for p in (sample, b"junk", sample)
    )
    collected = client.post(
        "/api/v1/recognize:collect", content=lines, headers={"Content-Type": "application/x-ndjson"}
    ).json()
    assert (collected["frames"], collected["failed_frames"]) == (3, 1)
    images = {"images": [{"image": base64.b64encode(sample).decode()}] * 2}
    with client.stream("POST", "/api/v1/recognize:watch", json=images) as answer:
        assert [len(json.loads(line)["faces"]) for line in answer.iter_lines()] == [1, 1]


def test_grpc_web(client, protos, sample):
    body = framed(protos.images.RecognizeRequest(image=sample))
    answer = client.post(RECOGNIZE, content=body, headers={"Content-Type": "application/grpc-web+proto"})
    (message,), trailers = parts(answer.content)
    assert len(protos.images.RecognizeResponse.FromString(message).faces) == 1 and trailers == {"grpc-status": "0"}


def test_connect(client, protos, sample):
    body = protos.images.RecognizeRequest(image=sample).SerializeToString()
    answer = client.post(RECOGNIZE, content=body, headers={"Content-Type": "application/proto"})
    assert len(protos.images.RecognizeResponse.FromString(answer.content).faces) == 1


def test_wss(server, trust, protos, sample):
    with connect(
        f"wss://localhost:{server.address.split(':')[1]}/api/v1/recognize/stream", ssl=trust, max_size=None
    ) as ws:
        ws.send(json.dumps({"image": base64.b64encode(sample).decode()}))
        assert len(json.loads(ws.recv(timeout=20))["faces"]) == 1
        ws.send(protos.images.RecognizeRequest(image=sample).SerializeToString())
        assert len(protos.images.RecognizeResponse.FromString(ws.recv(timeout=20)).faces) == 1
        ws.send(json.dumps({"image": ""}))
        assert json.loads(ws.recv(timeout=20))["error"]["code"] == 3


def test_an_unknown_certificate_is_refused_by_clients_and_plain_http_by_the_server(server, sample):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{server.address.split(':')[1]}/healthz")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(f"wss://localhost:{server.address.split(':')[1]}/api/v1/recognize/stream")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://{server.address}/healthz")
