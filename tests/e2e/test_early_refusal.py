"""A call that would not start before its deadline is refused when its headers are there: its body is not waited for."""

from __future__ import annotations

import json
import socket
import threading
import time

import grpc
import pytest

from conftest import Server
from rawh2 import Connection, frame, literal

BODY = 1 << 20  # announced, and never sent
PATIENT = (("x-sluice-class", "batch"),)


@pytest.fixture(scope="module")
def busy(tmp_path_factory, protos, sample):
    """One worker, and more before it than could be done in a second; its run times are known."""
    server = Server(tmp_path_factory.mktemp("busy"), config="workers: {count: 1}", listeners=1)
    stop = threading.Event()

    def send(stub) -> grpc.Future:
        request = protos.images.RecognizeRequest(image=sample, model_id="face_detection_hd")
        return stub.Recognize.future(request, timeout=60, metadata=PATIENT)

    def keep_busy() -> None:
        with grpc.insecure_channel(server.address) as channel:
            stub = protos.images_grpc.ImageRecognitionStub(channel)
            send(stub).exception()
            waiting = []
            while not stop.is_set():
                waiting = [call for call in waiting if not call.done()]
                waiting += [send(stub) for _ in range(150 - len(waiting))]
                time.sleep(0.01)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    end = time.monotonic() + 30
    while predicted_wait_ms(server) < 500:
        assert time.monotonic() < end, "the server is not busy"
        time.sleep(0.05)
    yield server
    stop.set()
    thread.join()
    assert server.stop() == 0, server.stderr_path.read_text()


def predicted_wait_ms(server: Server) -> int:
    """As answers say it: of a call that is let in, or is refused."""
    return int(
        post(server, "/api/v1/classify", "application/json", b'{"texts": ["x"]}', timeout_s=30)[1].get(
            "x-sluice-predicted-wait-ms", 0
        )
    )


def post(server: Server, path: str, kind: str, body: bytes | None = None, timeout_s: float = 0.2, more: str = ""):
    """Status, headers and body. Without a body only the head is sent."""
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: {kind}\r\nX-Sluice-Class: batch\r\n{more}"
        )
        head += f"X-Request-Timeout: {timeout_s}\r\nContent-Length: {BODY if body is None else len(body)}\r\n\r\n"
        connection.sendall(head.encode() + (body or b""))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536) or pytest.fail("no answer")
        fields, _, rest = answer.partition(b"\r\n\r\n")
        lines = fields.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        while len(rest) < int(headers.get("content-length", 0)):
            rest += connection.recv(65536) or pytest.fail("half an answer")
        return int(lines[0].split()[1]), headers, rest


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/recognize", "image/jpeg"),
        ("/api/v1/recognize", "application/json"),
        ("/api/v1/classify", "application/json"),
        ("/api/v1/analyze", "application/json"),
        ("/ai.inference.ImageRecognition/Recognize", "application/proto"),
        ("/v2/models/echo/infer", "application/json"),
    ],
)
def test_over_http(busy, path, kind):
    status, headers, body = post(busy, path, kind)
    assert status == 503
    assert int(headers["retry-after"]) >= 1
    assert int(headers["x-sluice-predicted-wait-ms"]) > 200
    assert "服务繁忙" in body.decode()
    assert "needs about" in body.decode()


def test_over_grpc_web(busy):
    _, headers, body = post(busy, "/ai.inference.ImageRecognition/Recognize", "application/grpc-web+proto")
    assert headers.get("grpc-status", "") == "14" or b"grpc-status:14" in body.replace(b" ", b"")


def test_over_grpc(busy):
    connection = Connection(busy.address)
    fields = {":method": "POST", ":scheme": "http", ":path": "/ai.inference.ImageRecognition/Recognize"}
    fields |= {":authority": "localhost", "content-type": "application/grpc", "te": "trailers"}
    fields |= {"grpc-timeout": "200m", "x-sluice-class": "batch"}
    connection.socket.sendall(frame(1, 4, 1, b"".join(literal(name, value) for name, value in fields.items())))
    connection.socket.settimeout(30)
    kinds, received = [], b""
    while 3 not in kinds:
        received += connection.socket.recv(65536) or pytest.fail("the connection ended")
        while len(received) >= 9 and len(received) >= 9 + int.from_bytes(received[:3], "big"):
            size = int.from_bytes(received[:3], "big")
            if int.from_bytes(received[5:9], "big") == 1:
                kinds.append(received[3])
                if received[3] == 3:
                    assert int.from_bytes(received[9:13], "big") == 0, "NO_ERROR: the rest of the body is not wanted"
            received = received[9 + size :]
    assert kinds[0] == 1, "the answer's head is its end"
    connection.close()


def test_what_needs_no_worker_is_answered(busy):
    assert post(busy, "/grpc.health.v1.Health/Check", "application/json", b"{}")[0] == 200
    lines = json.loads(post(busy, "/grpc.health.v1.Health/Check", "application/json", b"{}")[2])
    assert lines["status"] == "SERVING"
