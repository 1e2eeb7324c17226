"""Streams over REST: NDJSON up, NDJSON or server-sent events down, over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time

import httpx
import pytest
import requests

from conftest import Server

NDJSON = {"Content-Type": "application/x-ndjson"}


def line(picture: bytes, **fields) -> bytes:
    return json.dumps({"image": base64.b64encode(picture).decode(), **fields}).encode() + b"\n"


def batch(*pictures: bytes, **fields) -> dict:
    return {"images": [{"image": base64.b64encode(p).decode(), "id": str(i)} for i, p in enumerate(pictures)], **fields}


@pytest.fixture(params=["http/1.1", "h2"])
def client(request, server: Server):
    h2 = request.param == "h2"
    with httpx.Client(http1=not h2, http2=h2, base_url=server.url, timeout=60) as client:
        yield client


def test_collect_by_ndjson_upload(client, sample):
    frames = [sample, b"not a picture", sample]
    answer = client.post("/api/v1/recognize:collect", content=b"".join(map(line, frames)), headers=NDJSON)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json", answer.text
    summary = answer.json()
    assert (summary["frames"], summary["failed_frames"], summary["faces"]) == (3, 1, 2)
    assert [r["sequence"] for r in summary["results"]] == [0, 1, 2]
    assert summary["results"][1]["error"]["code"] == 3


def test_collect_of_a_long_upload_piece_by_piece(client, sample):
    """200 frames of 100 kB lines in pieces that end anywhere: back-pressure, and no bound on the whole."""
    body = b"\r\n".join(line(sample).rstrip() for _ in range(200))
    pieces = (body[i : i + 77_777] for i in range(0, len(body), 77_777))
    answer = client.post("/api/v1/recognize:collect", content=pieces, headers=NDJSON)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["frames"], answer.json()["faces"]) == (200, 200)


def test_collect_blank_lines_and_a_missing_last_line_end(client, sample):
    body = b"\n\r\n" + line(sample) + b"  \n" + line(sample).rstrip()
    assert client.post("/api/v1/recognize:collect", content=body, headers=NDJSON).json()["frames"] == 2
    assert client.post("/api/v1/recognize:collect", content=b"", headers=NDJSON).json()["frames"] == 0


@pytest.mark.parametrize(
    "body, headers, status, reason",
    [
        (b"{", NDJSON, 400, "INVALID_BODY"),
        (b'{"picture": 1}\n', NDJSON, 400, "INVALID_BODY"),
        (b'[{"image": ""}]\n', NDJSON, 400, "INVALID_BODY"),
        (b"{}\n" * 1001, NDJSON, 400, "BATCH_TOO_LARGE"),
        (b"{}", {"Content-Type": "application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", {**NDJSON, "Content-Encoding": "gzip"}, 415, "UNSUPPORTED_ENCODING"),
        (b"[" + b" " * (33 << 20), NDJSON, 413, "BODY_TOO_LARGE"),
    ],
)
def test_collect_refusals_are_problems(server, body, headers, status, reason):
    answer = requests.post(f"{server.url}/api/v1/recognize:collect", data=body, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_watch_as_ndjson(client, sample):
    with client.stream("POST", "/api/v1/recognize:watch", json=batch(sample, b"junk", sample)) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/x-ndjson"
        assert "content-length" not in answer.headers
        results = {r["id"]: r for r in map(json.loads, answer.iter_lines())}
    assert sorted(results) == ["0", "1", "2"]
    assert len(results["0"]["faces"]) == 1 and results["1"]["error"]["code"] == 3


def events(text: str) -> list[tuple[str, dict]]:
    out = []
    for block in text.split("\n\n"):
        fields = dict(l.split(": ", 1) for l in block.split("\n") if l and not l.startswith(":"))
        if fields:
            out.append((fields.get("event", "message"), json.loads(fields["data"])))
    return out


def test_watch_as_events(client, sample):
    answer = client.post("/api/v1/recognize:watch", json=batch(sample, sample), headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "text/event-stream" and answer.headers["cache-control"] == "no-store"
    *results, end = events(answer.text)
    assert {r["sequence"] for kind, r in results if kind == "message"} == {0, 1}
    assert end == ("end", {})


@pytest.mark.parametrize(
    "media, between",
    [
        ("video/x-motion-jpeg", b""),
        ("multipart/x-mixed-replace; boundary=f", b"\r\n--f\r\nContent-Type: image/jpeg\r\n\r\n"),
    ],
)
def test_watch_a_raw_clip(client, sample, media, between):
    clip = between + between.join([sample] * 3)
    answer = client.post("/api/v1/recognize:watch?min_confidence=0.5", content=clip, headers={"Content-Type": media})
    assert answer.status_code == 200, answer.text
    results = [json.loads(l) for l in answer.text.splitlines()]
    assert sorted(r["sequence"] for r in results) == [0, 1, 2] and all(len(r["faces"]) == 1 for r in results)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
def test_watch_refusals_before_the_first_result_are_problems(client, accept):
    answer = client.post("/api/v1/recognize:watch", json={"images": []}, headers={"Accept": accept})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "INVALID_REQUEST"


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
def test_watch_an_error_after_the_head_is_the_last_text(client, sample, accept):
    """A clip with too many images fails when the limit is reached, after 1000 results."""
    tiny = b"\xff\xd8\xff\xd9"  # no images: refused at once, and cheap
    answer = client.post(
        "/api/v1/recognize:watch",
        content=sample + tiny * 1000,
        headers={"Content-Type": "video/x-motion-jpeg", "Accept": accept},
    )
    assert answer.status_code == 200
    if accept == "text/event-stream":
        *results, (kind, problem) = events(answer.text)
        assert kind == "error"
    else:
        *results, problem = map(json.loads, answer.text.splitlines())
    assert problem["type"] == "urn:sluice:error:BATCH_TOO_LARGE" and problem["status"] == 400 and problem["request_id"]
    assert len(results) == 1000


def test_results_do_not_wait_for_the_last(server, sample):
    """The first line is read while later images are still in progress."""
    with requests.post(
        f"{server.url}/api/v1/recognize:watch",
        json=batch(*[sample] * 200),
        stream=True,
        headers={"X-Request-ID": "watch-early"},
    ) as answer:
        json.loads(next(answer.iter_lines(chunk_size=None)))
    (entry,) = server.log_lines("watch-early")  # gone in the middle: the rest is not computed
    assert entry["code"] == "CANCELLED" and entry["protocol"] == "rest"


def test_a_client_that_does_not_read_is_waited_for(tmp_path_factory, sample):
    """Results wait for their reader within response_buffer_bytes; then work stops."""
    running = Server(tmp_path_factory.mktemp("slow"), config="http: {response_buffer_bytes: 16384}")
    try:
        tiny = b"\xff\xd8\xff\xd9"
        head = (
            b"POST /api/v1/recognize:watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/x-motion-jpeg\r\n"
            b"X-Request-ID: slow\r\nContent-Length: %d\r\n\r\n"
        )
        body = tiny * 1000
        host, port = running.address.split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(head % len(body) + body)
            received = b""
            while b"\r\n0\r\n\r\n" not in received:
                part = raw.recv(1000)
                assert part, received[-200:]
                received += part
        assert received.count(b'"sequence"') == 1000
    finally:
        assert running.stop() == 0


def test_a_silent_upload_is_no_fault_between_lines(tmp_path_factory, sample):
    """A live source may pause: only a line that does not end in time is cut off."""
    running = Server(tmp_path_factory.mktemp("silent"), config="http: {body_idle_timeout_ms: 200}")
    try:

        def pieces():
            yield line(sample)
            time.sleep(1)
            yield line(sample)

        answer = requests.post(f"{running.url}/api/v1/recognize:collect", data=pieces(), headers=NDJSON)
        assert answer.status_code == 200 and answer.json()["frames"] == 2

        host, port = running.address.split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(
                b"POST /api/v1/recognize:collect HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{"
            )
            assert b" 408 " in raw.recv(1000)
    finally:
        assert running.stop() == 0
