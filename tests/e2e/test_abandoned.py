"""Work that nobody waits for any more stops, and one client's work costs the others no more than its turn."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import threading
import time

import pytest

from conftest import Server
from rawh2 import Connection

# 30 MB of an image's bytes in 30 KB: about 50 ms of a worker's time.
BOMB = gzip.compress(b"\x12" + b"\x80\x80\x80\x0f" + b"\0" * 31457280, 9)
RECOGNIZE = "/ai.inference.ImageRecognition/Recognize"
NEIGHBOUR = "127.0.0.2"
# Larger than what a loop decodes by itself: its call waits for a chore, too.
TEXTS = json.dumps({"texts": ["x" * 900] * 90, "model_id": "news_classification_v1"}).encode()


@pytest.fixture
def start(tmp_path):
    servers = []

    def run(config: str = "") -> Server:
        servers.append(Server(tmp_path, config=config, listeners=1))
        return servers[-1]

    yield run
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()


def cpu_s(server: Server) -> float:
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def post(
    server: Server, path: str, body: bytes, headers: dict[str, str], source: str = "127.0.0.1"
) -> tuple[int, float]:
    connection = http.client.HTTPConnection(server.address, timeout=60, source_address=(source, 0))
    begin = time.monotonic()
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, time.monotonic() - begin


def classify(server: Server, source: str = NEIGHBOUR) -> tuple[int, float]:
    return post(server, "/api/v1/classify", TEXTS, {"content-type": "application/json"}, source)


def bombs(server: Server, count: int) -> Connection:
    connection = Connection(server.address)
    for _ in range(count):
        connection.grpc(RECOGNIZE, BOMB, packed=True)
    return connection


def cpu_of_the_next(server: Server, seconds: float) -> float:
    before = cpu_s(server)
    time.sleep(seconds)
    return cpu_s(server) - before


def test_a_client_that_went_costs_nothing(start):
    server = start()
    before = cpu_s(server)
    bombs(server, 300).close()
    status, took = classify(server)
    assert status == 200 and took < 3
    time.sleep(0.5)
    assert cpu_of_the_next(server, 1) < 0.3, "it computes for nobody"
    assert cpu_s(server) - before < 7, "of about 15 s that the bombs would have taken"
    assert server.stop() == 0


def test_one_clients_chores_hold_up_another_no_longer_than_its_turn(start):
    server = start()
    connection = bombs(server, 250)
    for _ in range(3):
        status, took = classify(server)
        assert status == 200 and took < 3, "the bombs take about 12 s"
    connection.close()
    assert server.stop() == 0


def test_pictures_that_nobody_waits_for_are_dropped(start, sample):
    server = start()
    connections = []
    for _ in range(100):
        connection = http.client.HTTPConnection(server.address, timeout=60)
        connection.request(
            "POST", "/api/v1/recognize?model_id=face_detection_hd", sample, {"content-type": "image/jpeg"}
        )
        connections.append(connection)
    time.sleep(0.2)
    for connection in connections:
        connection.close()
    time.sleep(0.5)
    assert cpu_of_the_next(server, 1) < 0.3, "it computes for nobody"
    assert server.stop() == 0


def flood(server: Server, sample: bytes, seconds: float, source: str) -> list[tuple[int, float]]:
    """What a client with a patience of ten seconds gets while 16 connections of 127.0.0.1 have one of half a second."""
    path, headers = "/api/v1/recognize?model_id=face_detection_hd", {"content-type": "image/jpeg"}
    end = time.monotonic() + seconds

    def hurry() -> None:
        connection = http.client.HTTPConnection(server.address, timeout=60)
        while time.monotonic() < end:
            connection.request("POST", path, sample, headers | {"x-request-timeout": "0.5"})
            connection.getresponse().read()

    threads = [threading.Thread(target=hurry) for _ in range(16)]
    for thread in threads:
        thread.start()
    got = []
    while time.monotonic() < end:
        got.append(post(server, path, sample, headers, source))
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    return got


@pytest.mark.parametrize("source", ["127.0.0.1", NEIGHBOUR])
def test_short_deadlines_do_not_starve_a_patient_client(start, sample, source):
    server = start()
    got = flood(server, sample, 6, source)
    assert {status for status, _ in got} == {200}, got
    assert max(took for _, took in got) < 5, got
    assert server.stop() == 0


def stderr_events(server: Server) -> dict[str, dict]:
    lines = [json.loads(line) for line in server.stderr_path.read_text().splitlines()]
    return {line["event"]: line for line in lines}


def test_the_end_does_not_wait_for_work_of_clients_that_went(start, sample):
    server = start()
    bombs(server, 300).close()
    for _ in range(20):
        connection = http.client.HTTPConnection(server.address)
        connection.request(
            "POST", "/api/v1/recognize?model_id=face_detection_hd", sample, {"content-type": "image/jpeg"}
        )
        connection.close()
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 6
    assert stderr_events(server)["server.stopped"]["clean"] is True


def test_the_end_comes_with_full_queues_and_clients_that_stay(start, sample):
    server = start("drain: {timeout_ms: 1000}")
    connection = bombs(server, 300)
    pictures = []
    for _ in range(100):
        picture = http.client.HTTPConnection(server.address)
        picture.request("POST", "/api/v1/recognize?model_id=face_detection_hd", sample, {"content-type": "image/jpeg"})
        pictures.append(picture)
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 6
    events = stderr_events(server)
    assert events["server.stopped"]["clean"] is False
    assert events["server.drain_cut"]["connections"] > 0
    connection.close()


def test_a_second_signal_ends_at_once(start):
    server = start("drain: {timeout_ms: 60000}")
    connection = bombs(server, 300)
    server.terminate()
    time.sleep(0.5)
    begin = time.monotonic()
    server.terminate()
    server.process.wait(timeout=30)
    assert time.monotonic() - begin < 3
    connection.close()
