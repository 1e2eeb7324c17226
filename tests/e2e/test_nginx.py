"""deploy/nginx before three real replicas: balance, a lost replica, what clients are told when all are gone."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import grpc
import pytest
import requests
from websockets.sync.client import connect

from conftest import ROOT
from ports import free_port
from programs import program
from replicas import Replicas

FOLDER = ROOT / "deploy/nginx"
CLASSIFY = "ai.inference.TextClassification/Classify"
BUSY = "服务繁忙,请稍后重试"


class Nginx:
    def __init__(self, folder: Path, replicas: list[str], spread: str = "round_robin"):
        self.address, self.grpc_address = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.url = f"http://{self.address}"
        shutil.copytree(FOLDER, folder / "nginx")
        for file in (folder / "nginx").rglob("*.conf"):
            text = file.read_text()
            for number, replica in enumerate(replicas, 1):
                text = text.replace(f"inference-{number}:50051", replica)
            text = text.replace("upstreams/round_robin.conf", f"upstreams/{spread}.conf")
            text = text.replace("listen 8080", f"listen {self.address}").replace(
                "listen 50050", f"listen {self.grpc_address}"
            )
            # One process, so that "in turn" can be counted; and paths of the system's own that a test may not use.
            text = text.replace("worker_processes auto;", "worker_processes 1; daemon off;")
            text = text.replace("events {", "events { ").replace(
                "http {\n",
                "http {\n"
                + "".join(
                    f"  {one}_temp_path {folder}/{one};\n"
                    for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                ),
                1,
            )
            file.write_text(text)
        with open(folder / "nginx.log", "wb") as log:
            command = [program("nginx"), "-p", folder / "nginx", "-c", "nginx.conf", "-e", "stderr"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not listens(self.address) or not listens(self.grpc_address):
            assert self.process.poll() is None and time.monotonic() < end, (folder / "nginx.log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def listens(address: str) -> bool:
    host, port = address.split(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    program("nginx")
    running = Replicas(tmp_path_factory.mktemp("replicas"))
    yield running
    running.stop()


@pytest.fixture
def nginx(request, tmp_path, replicas):
    running = Nginx(tmp_path, replicas.addresses, getattr(request, "param", "round_robin"))
    yield running
    running.stop()


def classify(url: str, session=requests) -> requests.Response:
    return session.post(f"{url}/api/v1/classify", json={"texts": ["足球比赛"]}, timeout=20)


def share(replicas, work) -> list[int]:
    before = replicas.calls(CLASSIFY)
    work()
    return [after - was for after, was in zip(replicas.calls(CLASSIFY), before, strict=True)]


@pytest.mark.parametrize(
    "nginx,expected",
    [("round_robin", [20, 20, 20]), ("weighted", [30, 18, 12]), ("ip_hash", [0, 0, 60])],
    indirect=["nginx"],
    ids=["round_robin", "weighted", "ip_hash"],
)
def test_calls_are_spread(nginx, replicas, expected):
    counts = share(replicas, lambda: [classify(nginx.url).raise_for_status() for _ in range(60)])
    assert (sorted(counts) if 60 in expected else counts) == expected


def test_rest_grpc_and_websocket_go_through(nginx, replicas, protos, sample):
    rest = requests.post(
        f"{nginx.url}/api/v1/recognize", sample, headers={"Content-Type": "image/jpeg", "X-Request-ID": "By-Nginx/1"}
    )
    assert len(rest.json()["faces"]) == 1 and rest.headers["x-request-id"] == "By-Nginx/1"
    assert len(replicas.log_lines("By-Nginx/1")) == 1
    request = protos.images.RecognizeRequest(image=sample)
    with grpc.insecure_channel(nginx.grpc_address) as channel:
        images = protos.images_grpc.ImageRecognitionStub(channel)
        assert len(images.Recognize(request).faces) == 1
        assert len(list(images.StreamRecognize(iter([request] * 3)))) == 3
    with connect(f"ws://{nginx.address}/api/v1/recognize/stream") as websocket:
        websocket.send(request.SerializeToString())
        assert len(protos.images.RecognizeResponse.FromString(websocket.recv()).faces) == 1


@pytest.mark.parametrize("fault", ["killed", "drained"])
def test_a_lost_replica_costs_no_client_an_answer(nginx, replicas, fault):
    errors, calls, stopped = [], [], threading.Event()

    def client() -> None:
        with requests.Session() as session:
            while not stopped.is_set():
                answer = classify(nginx.url, session)
                calls.append(answer.status_code)
                if not answer.ok:
                    errors.append(answer.text)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        if fault == "killed":
            replicas.kill(1)
        else:
            assert replicas.servers[1].stop() == 0
        time.sleep(1)
        replicas.restart(1)
        time.sleep(2)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert errors == [] and len(calls) > 100
    assert min(share(replicas, lambda: [classify(nginx.url) for _ in range(30)])) > 0, "it gets calls again"


def test_what_nginx_says_when_every_replica_is_gone(tmp_path, protos):
    nginx = Nginx(tmp_path, [f"127.0.0.1:{free_port()}" for _ in range(3)])
    try:
        answer = classify(nginx.url)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["detail"].startswith(BUSY) and answer.headers["retry-after"] == "1"
        assert answer.headers["x-request-id"]
        texts = importlib.import_module("ai.inference.text_classification_pb2")
        stubs = importlib.import_module("ai.inference.text_classification_pb2_grpc")
        with grpc.insecure_channel(nginx.grpc_address) as channel, pytest.raises(grpc.RpcError) as raised:
            stubs.TextClassificationStub(channel).Classify(texts.ClassifyRequest(texts=["a"]), timeout=10)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE and raised.value.details().startswith(BUSY)
    finally:
        nginx.stop()
