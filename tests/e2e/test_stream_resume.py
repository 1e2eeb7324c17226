"""SIGTERM with live streams open: what was accepted is answered, and each client learns where to go on elsewhere."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
import time

import grpc
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from conftest import BINARY, SAMPLE, Server

FRAMES = 400  # more than are answered before the end
STREAMS = 3  # of each kind


class GrpcStream:
    """Sends frames as fast as they are taken; then what it got (on a busy machine also refusals), and what it was
    told."""

    def __init__(self, server: Server, protos, picture: bytes, first: int, going: threading.Semaphore):
        self.answers: list[int] = []
        self.code = grpc.StatusCode.OK
        self.trailers: dict[str, str] = {}
        with grpc.insecure_channel(server.address) as channel:
            stub = protos.images_grpc.ImageRecognitionStub(channel)
            frames = (protos.images.RecognizeRequest(image=picture) for _ in range(first, FRAMES))
            call = stub.StreamRecognize(frames)
            try:
                for answer in call:
                    self.answers.append(answer.sequence)
                    going.release()
            except grpc.RpcError as error:
                self.code = error.code()
            self.trailers = dict(call.trailing_metadata())

    @property
    def last(self) -> int:
        return int(self.trailers["x-sluice-last-sequence"])


class WebSocketStream:
    """The same over WebSocket."""

    def __init__(self, server: Server, picture: bytes, first: int, going: threading.Semaphore):
        self.answers: list[int] = []
        text = json.dumps({"image": base64.b64encode(picture).decode()})
        with connect(f"ws://{server.address}/api/v1/recognize/stream", max_size=None) as ws:

            def send():
                try:
                    for _ in range(first, FRAMES):
                        ws.send(text)
                except ConnectionClosed:
                    pass

            sender = threading.Thread(target=send)
            sender.start()
            try:
                while len(self.answers) < FRAMES - first:
                    answer = json.loads(ws.recv(timeout=60))
                    self.answers.append(answer["sequence"])
                    going.release()
                ws.close()
            except ConnectionClosed as closed:
                self.close = closed.rcvd
            sender.join()

    @property
    def last(self) -> int:
        return int(re.search(r"; last_sequence=(\d+)$", self.close.reason).group(1))


def in_threads(count: int, make) -> tuple[list, list, list]:
    """Threads that run, what `make` has made in each, and what failed; the lists fill as the threads end."""
    made: list = [None] * count
    failures = []

    def run(i):
        try:
            made[i] = make()
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=[i]) for i in range(count)]
    for thread in threads:
        thread.start()
    return threads, made, failures


@pytest.fixture
def two_servers(tmp_path):
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(Server(tmp_path / name, config="drain: {timeout_ms: 60000}", listeners=1))
    yield servers
    for server in servers:
        assert server.stop() == 0


def test_streams_go_on_where_they_were_cut(two_servers, protos, sample):
    one, two = two_servers
    going = threading.Semaphore(0)
    over_grpc, grpc_streams, grpc_failures = in_threads(STREAMS, lambda: GrpcStream(one, protos, sample, 0, going))
    over_ws, ws_streams, ws_failures = in_threads(STREAMS, lambda: WebSocketStream(one, sample, 0, going))
    for _ in range(2 * STREAMS * 5):
        assert going.acquire(timeout=60)
    one.terminate()
    for thread in over_grpc + over_ws:
        thread.join(60)
    assert not grpc_failures and not ws_failures
    for stream in grpc_streams + ws_streams:
        assert stream.answers == list(range(len(stream.answers)))
        assert 0 < len(stream.answers) < FRAMES, "cut while frames were still to come"
        assert stream.last == stream.answers[-1]
    assert {stream.code for stream in grpc_streams} == {grpc.StatusCode.UNAVAILABLE}
    assert {stream.close.code for stream in ws_streams} == {1001}
    assert one.stop() == 0, "every answer that was due went out within the drain"

    # The rest of each, elsewhere: no frame is answered twice, none is missing.
    rest = GrpcStream(two, protos, sample, grpc_streams[0].last + 1, going)
    assert rest.code == grpc.StatusCode.OK
    assert len(grpc_streams[0].answers) + len(rest.answers) == FRAMES
    rest = WebSocketStream(two, sample, ws_streams[0].last + 1, going)
    assert len(ws_streams[0].answers) + len(rest.answers) == FRAMES


def test_a_stream_without_answers_is_told_nothing(tmp_path, protos):
    server = Server(tmp_path, listeners=1)
    hold = threading.Event()

    def frames():
        hold.wait(60)
        yield from ()

    with grpc.insecure_channel(server.address) as channel:
        call = protos.images_grpc.ImageRecognitionStub(channel).StreamRecognize(frames())
        with connect(f"ws://{server.address}/api/v1/recognize/stream") as ws:
            server.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                ws.recv(timeout=60)
            assert closed.value.rcvd.code == 1001 and "last_sequence" not in closed.value.rcvd.reason
        with pytest.raises(grpc.RpcError) as failed:
            next(call)
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "x-sluice-last-sequence" not in dict(failed.value.trailing_metadata())
        hold.set()
    assert server.stop() == 0


def test_drain_under_overload_answers_what_was_accepted(tmp_path, protos, sample):
    """More than the server can do, and live streams beside it: SIGTERM cuts no answer off."""
    server = Server(tmp_path, config="drain: {timeout_ms: 20000}", listeners=1)
    out = tmp_path / "run.json"
    command = [str(BINARY), "bench", "recognize", "--input", str(SAMPLE), "--server", server.url, "--json", str(out)]
    command += ["--rate", "1000", "--seconds", "6", "--deadline-ms", "300", "--quiet"]
    flood = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    going = threading.Semaphore(0)
    over_grpc, grpc_streams, grpc_failures = in_threads(2, lambda: GrpcStream(server, protos, sample, 0, going))
    for _ in range(6):
        assert going.acquire(timeout=60)
    time.sleep(1)  # under load; nothing depends on how long
    server.terminate()
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 25
    for thread in over_grpc:
        thread.join(60)
    assert not grpc_failures
    assert all(stream.last == stream.answers[-1] for stream in grpc_streams)
    assert flood.wait(60) == 0

    (step,) = json.loads(out.read_text())["steps"]
    assert step["ok"] > 0 and step["refused"] > 0
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
    unary = [line for line in lines if line["protocol"] == "rest"]
    assert {line["code"] for line in unary} <= {"OK", "UNAVAILABLE", "DEADLINE_EXCEEDED"}
    answered = sum(line["code"] == "OK" for line in unary)
    assert step["ok"] <= answered <= step["ok"] + step["late"], "an answer that was made did not arrive"
