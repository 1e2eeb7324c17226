"""StreamRecognize over WebSocket: a public client, frames by hand, HTTP/2's extended CONNECT."""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import threading

import pytest
import requests
from google.protobuf import json_format
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from conftest import Server, rest_of

PATH = "/api/v1/recognize/stream"


def frame(picture: bytes, **fields) -> str:
    return json.dumps({"image": base64.b64encode(picture).decode(), **fields})


def open_socket(server: Server, **kwargs):
    return connect(f"ws://{server.address}{PATH}", max_size=None, **kwargs)


def close_of(ws) -> tuple[int, str]:
    """Reads until the server closes; how it did."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            ws.recv(timeout=20)
    return caught.value.rcvd.code, caught.value.rcvd.reason


def test_text_frames_are_json(server, sample):
    with open_socket(server, additional_headers={"X-Request-ID": "ws-text"}) as ws:
        assert ws.response.headers["x-request-id"] == "ws-text"
        ws.send(frame(sample))
        answer = json.loads(ws.recv(timeout=20))
        assert answer["sequence"] == 0 and len(answer["faces"]) == 1 and answer["latency"] > 0
        ws.send(frame(b"not a picture"))
        assert json.loads(ws.recv(timeout=20))["error"]["code"] == 3
        ws.send(frame(sample, min_confidence=1))
        assert json.loads(ws.recv(timeout=20)) | {"latency": 0} == {"faces": [], "latency": 0, "sequence": 2}
    (entry,) = server.log_lines("ws-text")
    assert entry["protocol"] == "websocket" and entry["code"] == "OK"


def test_binary_frames_are_protobuf_and_answers_follow_the_last_kind(server, protos, sample):
    with open_socket(server) as ws:
        ws.send(protos.images.RecognizeRequest(image=sample).SerializeToString())
        answer = ws.recv(timeout=20)
        assert isinstance(answer, bytes)
        binary = protos.images.RecognizeResponse.FromString(answer)
        ws.send(frame(sample))
        answer = ws.recv(timeout=20)
        assert isinstance(answer, str)
        text = json_format.Parse(answer, protos.images.RecognizeResponse())
        assert list(binary.faces) == list(text.faces) and len(text.faces) == 1


def test_answers_come_in_order_and_a_sender_is_held_back(server, sample):
    """200 frames sent without reading: only a few are in progress at once, and every one is answered in order."""
    count = 200
    with open_socket(server) as ws:

        def send():
            for i in range(count):
                ws.send(frame(sample if i % 3 else b"junk"))

        sender = threading.Thread(target=send)
        sender.start()
        answers = [json.loads(ws.recv(timeout=60)) for _ in range(count)]
        sender.join()
    assert [a["sequence"] for a in answers] == list(range(count))
    assert all(("error" in a) == (i % 3 == 0) for i, a in enumerate(answers))


def test_a_large_frame_in_fragments(server, sample):
    """4 MB of base64 (padded JSON), larger than every window."""
    text = frame(sample) + " " * (4 << 20)
    with open_socket(server) as ws:
        ws.send(text[i : i + 100_000] for i in range(0, len(text), 100_000))
        assert len(json.loads(ws.recv(timeout=20))["faces"]) == 1


@pytest.mark.parametrize(
    "message, code, reason",
    [
        ('{"picture": 1}', 4003, "INVALID_BODY: "),
        ("[]", 4003, "INVALID_BODY: "),
        (b"\xff\xff\xff", 4003, "INVALID_BODY: "),
    ],
)
def test_a_message_that_is_none_closes_with_its_status(server, message, code, reason):
    with open_socket(server) as ws:
        ws.send(message)
        got, text = close_of(ws)
    assert got == code and text.startswith(reason), text
    (entry,) = server.log_lines(ws.response.headers["x-request-id"])
    assert entry["code"] == "INVALID_ARGUMENT"


def test_a_deadline_of_the_whole_stream(server):
    with open_socket(server, additional_headers={"X-Request-Timeout": "0.1"}) as ws:
        assert close_of(ws)[0] == 4004


def test_too_large_is_1009(tmp_path):
    running = Server(tmp_path, config="http: {body_bytes_max: 100000}")
    try:
        with open_socket(running) as ws:
            ws.send(b"x" * 100_001)
            assert close_of(ws)[0] == 1009
    finally:
        assert running.stop() == 0


def test_ping_and_silence(tmp_path, sample):
    running = Server(
        tmp_path, config="streams: {websocket_ping_ms: 100, websocket_pong_ms: 300, websocket_idle_ms: 1500}"
    )
    try:
        with open_socket(running) as ws:  # answers pings by itself; has nothing to say
            assert ws.ping().wait(20)
            assert close_of(ws)[0] == 1008
        raw = handshake(running)
        assert raw.recv(100) == b"\x89\x00"  # a ping, which this peer never answers
        assert raw.recv(100) == b""  # given up
    finally:
        assert running.stop() == 0


def test_drain_answers_what_was_accepted_and_closes_with_1001(tmp_path, sample):
    running = Server(tmp_path, config="drain: {timeout_ms: 600000}")
    with open_socket(running) as ws:
        ws.send(frame(sample))
        assert json.loads(ws.recv(timeout=20))["sequence"] == 0
        running.terminate()
        assert close_of(ws)[0] == 1001
    assert running.stop() == 0


def test_refusals_are_http_answers(server):
    url = f"{server.url}{PATH}"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for headers, status, reason in [
        ({}, 400, "INVALID_REQUEST"),
        ({**upgrade, "Sec-WebSocket-Version": "8"}, 400, "INVALID_REQUEST"),
        ({**upgrade, "Sec-WebSocket-Key": "short"}, 400, "INVALID_REQUEST"),
        ({**upgrade, "Origin": "https://evil.example"}, 403, "ORIGIN_NOT_ALLOWED"),
        ({**upgrade, "Host": "evil.example"}, 421, "HOST_NOT_ALLOWED"),
        ({**upgrade, "X-Request-Timeout": "soon"}, 400, "INVALID_REQUEST"),
    ]:
        answer = requests.get(url, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason), headers
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://{server.address}/api/v1/recognize")
    assert caught.value.response.status_code == 405


def test_a_page_of_the_same_origin_may_connect(server):
    with open_socket(server, origin=f"http://{server.address}"):
        pass


# --- frames by hand ---


def handshake(server: Server, more: str = "") -> socket.socket:
    host, port = server.address.split(":")
    raw = socket.create_connection((host, int(port)), timeout=20)
    raw.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: {server.address}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += raw.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ") and b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    return raw


def masked(first: int, payload: bytes) -> bytes:
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([first]) + size + b"\0\0\0\0" + payload


@pytest.mark.parametrize(
    "name, frames, code",
    [
        ("unmasked", b"\x81\x02{}", 1002),
        ("reserved bit", masked(0xC1, b"{}"), 1002),
        ("unknown opcode", masked(0x83, b""), 1002),
        ("fragmented ping", masked(0x09, b""), 1002),
        ("text that is not UTF-8", masked(0x81, b"\xff"), 1007),
        ("close with a wrong code", masked(0x88, (1005).to_bytes(2, "big")), 1002),
        ("close with half a code", masked(0x88, b"x"), 1002),
        ("too many pings", masked(0x89, b"") * 1000, 1008),
        ("close", masked(0x88, (1001).to_bytes(2, "big") + b"bye"), 1000),
        ("close without a code", masked(0x88, b""), 1000),
    ],
)
def test_rules_of_the_protocol(server, name, frames, code):
    with handshake(server) as raw:
        raw.sendall(frames)
        out = rest_of(raw)
    close = out[out.rindex(b"\x88") :] if code != 1008 else out[out.index(b"\x88") :]
    assert int.from_bytes(close[2:4], "big") == code, close


def test_a_client_that_vanishes_is_logged_as_cancelled_when_work_was_lost(server, sample):
    with handshake(server, "X-Request-ID: ws-vanish\r\n") as raw:
        text = frame(sample).encode()
        raw.sendall((b"\x81\xff" + len(text).to_bytes(8, "big") + b"\0\0\0\0" + text) * 20)
    (entry,) = server.log_lines("ws-vanish")
    assert entry["code"] == "CANCELLED"


def test_random_fragments_with_pings_between(server, sample):
    """Frames cut at random, control frames between them, bytes cut at random: every message is answered, every ping
    too."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)

    def masked_frame(first: int, payload: bytes) -> bytes:
        mask = rng.randbytes(4)
        size = len(payload)
        head = bytes([first]) + (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + size.to_bytes(2, "big")
            if size < 65536
            else b"\xff" + size.to_bytes(8, "big")
        )
        stream = (mask * (size // 4 + 1))[:size]
        return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")

    out, pings = b"", []
    for i in range(12):
        text = frame(sample if i % 2 else b"junk").encode()
        cuts = sorted(rng.sample(range(len(text)), rng.randrange(6)))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
        for j, piece in enumerate(pieces):
            last = j == len(pieces) - 1
            out += masked_frame((0x80 if last else 0) | (1 if j == 0 else 0), piece)
            if rng.random() < 0.5:
                pings.append(rng.randbytes(rng.randrange(126)))
                out += masked_frame(0x89, pings[-1])
    with handshake(server) as raw:

        def send():
            at = 0
            while at < len(out):
                step = rng.choice([1, 2, 7, 100, 1000, 60000])
                raw.sendall(out[at : at + step])
                at += step

        sender = threading.Thread(target=send)
        sender.start()
        reader = raw.makefile("rb")
        answers, pongs = [], []
        while len(answers) < 12 or len(pongs) < len(pings):
            first, size = reader.read(2)
            size = int.from_bytes(reader.read(2), "big") if size == 126 else size
            (pongs if first == 0x8A else answers).append(reader.read(size))
        sender.join()
    assert pongs == pings
    answers = [json.loads(a) for a in answers]
    assert [a["sequence"] for a in answers] == list(range(12))
    assert all(("error" in a) == (i % 2 == 0) for i, a in enumerate(answers))


def test_random_bytes_after_the_handshake(server, sample):
    """Whatever comes, the server closes the connection or waits, and goes on serving."""
    for seed in range(60):
        with handshake(server) as raw:
            raw.settimeout(5)
            try:
                raw.sendall(os.urandom(50 + seed * 40))
                raw.shutdown(socket.SHUT_WR)
                rest_of(raw)
            except (ConnectionError, TimeoutError):
                pass
    with open_socket(server) as ws:
        ws.send(frame(sample))
        assert len(json.loads(ws.recv(timeout=20))["faces"]) == 1


def test_over_http2_by_extended_connect(server, protos):
    import h2.config
    import h2.connection
    import h2.events
    import h2.settings

    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        connection.initiate_connection()
        raw.sendall(connection.data_to_send())

        def events():
            while data := raw.recv(65536):
                for event in connection.receive_data(data):
                    yield event
                raw.sendall(connection.data_to_send())

        stream = events()
        for event in stream:
            if isinstance(event, h2.events.RemoteSettingsChanged):
                break
        assert connection.remote_settings.enable_connect_protocol == 1
        connection.send_headers(
            1,
            [
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":authority", server.address),
                (":path", PATH),
                ("sec-websocket-version", "13"),
            ],
        )
        small = protos.images.RecognizeRequest(image=b"no picture").SerializeToString()
        connection.send_data(1, masked(0x82, small))
        raw.sendall(connection.data_to_send())
        status, body = None, b""
        for event in stream:
            if isinstance(event, h2.events.ResponseReceived):
                status = dict(event.headers)[":status"]
            if isinstance(event, h2.events.DataReceived):
                body += event.data
                break
        assert status == "200"
        assert body[0] == 0x82
        assert protos.images.RecognizeResponse.FromString(body[2:] if body[1] < 126 else body[4:]).error.code == 3
        connection.send_data(1, masked(0x88, (1000).to_bytes(2, "big")), end_stream=True)
        raw.sendall(connection.data_to_send())
        tail = b""
        for event in stream:
            if isinstance(event, h2.events.DataReceived):
                tail += event.data
            if isinstance(event, h2.events.StreamEnded):
                break
        assert tail == b"\x88\x02\x03\xe8"
