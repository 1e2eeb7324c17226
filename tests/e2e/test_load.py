"""More work than the server can do at once: every call ends, with a result or with a refusal that says so."""

from __future__ import annotations

import asyncio
import collections
import json
import os
import re
import threading
import time

import grpc
import pytest
import requests

from conftest import Server

CALLS = 1000
REFUSALS = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
MODEL = "face_detection_hd"  # the slowest one that is always there
PATIENT = (("x-sluice-class", "batch"),)  # without it, live work above the model's slo_ms is refused


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, listeners=1) as running:
        yield running


def counter(server: Server, name: str, model: str = MODEL) -> float:
    text = requests.get(f"{server.url}/metrics").text
    found = re.findall(rf'^{name}{{[^}}]*model_id="{model}"[^}}]*}} (\S+)$', text, re.M)
    return sum(map(float, found))


def test_a_thousand_calls_on_one_connection(server, protos, sample):
    before = server.memory_kib()
    with grpc.insecure_channel(server.address) as channel:
        stub = protos.images_grpc.ImageRecognitionStub(channel)
        calls = [
            stub.Recognize.future(protos.images.RecognizeRequest(image=sample), timeout=120, metadata=PATIENT)
            for _ in range(CALLS)
        ]
        codes = collections.Counter(
            call.exception().code() if call.exception() else grpc.StatusCode.OK for call in calls
        )
    assert set(codes) <= REFUSALS | {grpc.StatusCode.OK} and codes[grpc.StatusCode.OK] >= 192, (
        codes
    )  # one client may fill ¾ of a queue
    assert server.memory_kib() - before < 400 * 1024


async def post(address: str, body: bytes) -> int:
    reader, writer = await asyncio.open_connection(*address.split(":"))
    head = (
        f"POST /api/v1/recognize HTTP/1.1\r\nHost: {address}\r\nContent-Type: image/jpeg\r\nX-Request-Timeout: 120\r\n"
        f"X-Sluice-Class: batch\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    status = int((await reader.readline()).split()[1])
    rest = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", rest).group(1))
    answer = json.loads(await reader.readexactly(length))
    assert "faces" in answer if status == 200 else answer["reason"] in ("OVERLOADED", "RATE_LIMITED"), answer
    assert status == 200 or re.search(rb"(?i)retry-after: \d", rest)
    writer.close()
    return status


def test_a_thousand_connections(server, sample):
    async def all_of_them():
        return collections.Counter(await asyncio.gather(*(post(server.address, sample) for _ in range(CALLS))))

    codes = asyncio.run(asyncio.wait_for(all_of_them(), 120))
    assert set(codes) <= {200, 429, 503} and codes[200] >= 192, codes


def test_a_frame_that_nobody_waits_for_is_never_decoded(server, protos, sample):
    """Workers are busy; a call queued after them is cancelled. It leaves the queue without having run. (That expired
    work never runs is shown in simulated time.)"""
    with grpc.insecure_channel(server.address) as channel:
        stub = protos.images_grpc.ImageRecognitionStub(channel)
        request = protos.images.RecognizeRequest(image=sample, model_id=MODEL)
        ahead = [
            stub.Recognize.future(request, timeout=60, metadata=PATIENT) for _ in range(150)
        ]  # what one client may have waiting
        given_up = stub.Recognize.future(request, timeout=90, metadata=PATIENT)  # after the others
        # All have come when those that wait, that ran and that run (one on each worker) are as many.
        come = len(ahead) + 1 - len(os.sched_getaffinity(0))
        while sum(counter(server, f"ai_inference_queue_{what}") for what in ("depth", "items_total")) < come:
            time.sleep(0.005)
        given_up.cancel()
        assert all(call.exception() is None for call in ahead)
        with pytest.raises(grpc.FutureCancelledError):
            given_up.result()
    ran, cancelled = (counter(server, f"ai_inference_queue_{what}_total") for what in ("items", "cancelled"))
    assert (ran, cancelled) == (len(ahead), 1)


FRAMES, FRAME_S = 300, 0.1


def test_a_live_stream_beside_eight_busy_clients(server, protos, sample):
    """Ten frames a second for half a minute: every one is answered, in order; the broken one in the middle with an
    error."""
    stop = threading.Event()
    served, failures = [], []

    def busy():
        with grpc.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = protos.images_grpc.ImageRecognitionStub(channel)
            while not stop.is_set():
                try:
                    request = protos.images.RecognizeRequest(image=sample)
                    served.append(len(stub.Recognize(request, timeout=60, metadata=PATIENT).faces))
                except grpc.RpcError as error:
                    failures.append(error)

    broken = FRAMES // 2

    def live():
        began = time.monotonic()
        for i in range(FRAMES):
            time.sleep(max(0.0, began + i * FRAME_S - time.monotonic()))
            image = sample[:100] if i == broken else sample
            yield protos.images.RecognizeRequest(image=image, model_id="face_detection_lite")

    clients = [threading.Thread(target=busy) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        with grpc.insecure_channel(server.address) as channel:
            answers = list(protos.images_grpc.ImageRecognitionStub(channel).StreamRecognize(live(), timeout=240))
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert [answer.sequence for answer in answers] == list(range(FRAMES))
    assert [answer.sequence for answer in answers if answer.HasField("error")] == [broken]
    assert all(len(answer.faces) == 1 for answer in answers if answer.sequence != broken)
    assert not failures and len(served) >= 8 and set(served) == {1}
