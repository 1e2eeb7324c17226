"""Replays across replicas: real servers that share a real Redis, which fails in every way it can."""

from __future__ import annotations

import concurrent.futures
import json
import re
import socket
import statistics
import threading
import time
import uuid
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from conftest import Server
from redis_server import RedisServer
from test_idempotency import computed, recognize
from test_server import certificate

MODEL = "news_classification_v1"


def config(redis: str, **more: str | bool) -> str:
    """With two loops: each has a connection of its own."""
    settings = {"loops": {"count": 2}, "idempotency": {"store": "redis"}, "redis": {"address": redis} | more}
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())


def start(folder: Path, redis: str, **more: str | bool) -> Server:
    folder.mkdir(exist_ok=True)
    return Server(folder, config=config(redis, **more), listeners=1)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def replicas(tmp_path_factory, redis):
    folder = tmp_path_factory.mktemp("replicas")
    running = [start(folder / name, redis.address) for name in ("a", "b")]
    yield running
    for replica in running:
        assert replica.stop() == 0, replica.stderr_path.read_text()


@pytest.fixture(scope="module")
def clients(replicas):
    made = [httpx.Client(base_url=replica.url, timeout=30) for replica in replicas]
    yield made
    for client in made:
        client.close()


def metric(client, name: str) -> float:
    return float(re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.M)[1])


def classify(client, text: str, **headers: str) -> httpx.Response:
    return client.post("/api/v1/classify", json={"texts": [text]}, headers=headers)


@pytest.mark.parametrize("count", [1, 2])
def test_two_hundred_at_once_are_computed_once(clients, sample, count):
    used = clients[:count]
    before, request_id = sum(computed(client, "face_detection_v1") for client in clients), str(uuid.uuid4())
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        asks = [pool.submit(recognize, used[i % count], sample, **{"x-request-id": request_id}) for i in range(200)]
        answers = [ask.result() for ask in asks]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert sum(computed(client, "face_detection_v1") for client in clients) == before + 1


def test_what_one_recorded_the_other_replays(clients):
    key = {"idempotency-key": str(uuid.uuid4())}
    first, again = (classify(client, "中国女排获得世界杯冠军", **key) for client in clients)
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    other = classify(clients[1], "特斯拉发布新款电动车", **key)
    assert other.status_code == 422 and other.json()["reason"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_replica_started_later_knows_what_was_recorded(tmp_path, clients, redis):
    request_id = {"x-request-id": str(uuid.uuid4())}
    first = classify(clients[0], "重启之后", **request_id)
    late = start(tmp_path / "late", redis.address)
    try:
        with httpx.Client(base_url=late.url, timeout=30) as client:
            again = classify(client, "重启之后", **request_id)
        assert again.headers["idempotent-replayed"] == "true" and again.json() == first.json()
    finally:
        assert late.stop() == 0
    (key,) = [k for k in redis.ask("--scan", "--pattern", "sluice:replay:*").split() if 0 < int(redis.ask("PTTL", k))][
        :1
    ]
    assert 23 * 3600 < int(redis.ask("TTL", key)) <= 24 * 3600


class Wire:
    """A connection to Redis that is quick enough to see a computation."""

    def __init__(self, redis: RedisServer):
        self.socket = socket.create_connection(("127.0.0.1", redis.port), timeout=10)

    def leases(self) -> int:
        """How many requests are being computed: keys that end within seconds."""
        script = (
            "local n = 0; for _, k in ipairs(redis.call('KEYS', 'sluice:replay:*')) do "
            "if redis.call('PTTL', k) < 10000 then n = n + 1 end end; return n"
        )
        self.socket.sendall(f"*3\r\n$4\r\nEVAL\r\n${len(script)}\r\n{script}\r\n$1\r\n0\r\n".encode())
        return int(self.socket.recv(100)[1:])


def large_image() -> bytes:
    """Takes most of a second to decode."""
    out = BytesIO()
    Image.effect_noise((8000, 6000), 60).save(out, "JPEG", quality=85)
    return out.getvalue()


def kill_while_it_computes(victim: Server, wire: Wire, survivor: httpx.Client, image: bytes) -> httpx.Response | None:
    """What the survivor answers; nothing when the victim was too quick to be killed."""
    headers = {"x-request-id": str(uuid.uuid4()), "x-request-timeout": "5"}
    assert wire.leases() == 0
    with httpx.Client(base_url=victim.url, timeout=30) as doomed, concurrent.futures.ThreadPoolExecutor(2) as pool:
        lost = pool.submit(recognize, doomed, image, **headers)
        while wire.leases() == 0 and not lost.done():
            time.sleep(0.002)
        waits = metric(survivor, "ai_inference_replay_waits_total")
        other = pool.submit(recognize, survivor, image, **headers)
        while metric(survivor, "ai_inference_replay_waits_total") == waits and not other.done():
            time.sleep(0.002)
        victim.process.kill()
        assert victim.process.wait() == -9
        return other.result() if isinstance(lost.exception(), httpx.HTTPError) else None


def test_the_other_answers_when_the_computing_replica_is_killed(tmp_path, clients, redis):
    wire, image = Wire(redis), large_image()
    for name in ("first", "second", "third"):
        answer = kill_while_it_computes(start(tmp_path / name, redis.address), wire, clients[0], image)
        if answer is not None:
            assert answer.status_code == 200 and "idempotent-replayed" not in answer.headers
            return
    pytest.fail("the replica always answered before it was killed: make the image larger")


class Load:
    """Calls with an id of their own, one after the other on a few connections, sorted by what Redis did meanwhile."""

    def __init__(self, client: httpx.Client):
        self.client, self.phase, self.stopped = client, "well", False
        self.times: dict[str, list[float]] = {}
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self.run) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self) -> None:
        while not self.stopped:
            phase, begun = self.phase, time.monotonic()
            answer = classify(self.client, "负载", **{"x-request-id": str(uuid.uuid4())})
            self.times.setdefault(phase, []).append((time.monotonic() - begun) * 1000)
            if answer.status_code != 200:
                self.failures.append(f"{phase}: {answer.status_code} {answer.text}")

    def during(self, phase: str, seconds: float) -> None:
        self.phase = phase
        time.sleep(seconds)

    def stop(self) -> None:
        self.stopped = True
        for thread in self.threads:
            thread.join()
        for phase, times in self.times.items():
            cuts = statistics.quantiles(times, n=100)
            print(f"{phase}: {len(times)} calls, P50 {cuts[49]:.1f} ms, P99 {cuts[98]:.1f} ms, max {max(times):.1f} ms")


def test_no_call_fails_whatever_happens_to_redis(tmp_path):
    redis = RedisServer(tmp_path)
    server = start(tmp_path / "server", redis.address)
    with httpx.Client(base_url=server.url, timeout=30) as client:
        load = Load(client)
        load.during("well", 2)
        assert metric(client, "ai_inference_replay_store_errors_total") == 0
        redis.hang()
        load.during("hung", 3)
        late = metric(client, 'ai_inference_redis_commands_total{outcome="late"}')
        load.during("hung on", 2)
        assert metric(client, 'ai_inference_redis_commands_total{outcome="late"}') == late > 0, (
            "it is not tried any more"
        )
        redis.go_on()
        load.during("back", 7)  # it rests for up to 5 s
        errors = metric(client, "ai_inference_replay_store_errors_total")
        assert errors > 0
        load.during("well again", 1)
        assert metric(client, "ai_inference_replay_store_errors_total") == errors
        assert metric(client, "ai_inference_redis_connections") == 2
        redis.stop()
        load.during("stopped", 2)
        assert metric(client, "ai_inference_redis_connections") == 0
        redis.start()
        load.during("restarted", 5)
        assert metric(client, "ai_inference_redis_connections") == 2
        load.stop()
        assert load.failures == []
        # A hung Redis costs its three first commands 20 ms; a second is for a busy machine.
        assert max(load.times["hung"]) < 1000
        request_id = str(uuid.uuid4())
        answers = [classify(client, "之后", **{"x-request-id": request_id}) for _ in range(2)]
        assert answers[1].headers["idempotent-replayed"] == "true"
    assert server.stop() == 0
    redis.stop()
    events = [json.loads(line) for line in server.stderr_path.read_text().splitlines() if '"redis.' in line]
    assert [event["event"] for event in events] == ["redis.unavailable", "redis.back"], "once a minute"
    assert "127.0.0.1" in events[0]["host"] and events[0]["error"]


def test_without_redis_at_start(tmp_path):
    server = start(tmp_path / "server", "127.0.0.1:1")
    with httpx.Client(base_url=server.url, timeout=30) as client:
        request_id = {"x-request-id": str(uuid.uuid4())}
        answers = [classify(client, "没有", **request_id) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1].headers["idempotent-replayed"] == "true", "from its own memory"
        assert metric(client, "ai_inference_redis_connections") == 0
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("options", "says"), [(["--maxmemory", "1"], "OOM"), (["--replicaof", "127.0.0.1", "1"], "READONLY")]
)
def test_a_redis_that_refuses_to_write(tmp_path, options, says):
    redis = RedisServer(tmp_path, *options)
    server = start(tmp_path / "server", redis.address)
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for i in range(20):
            assert classify(client, "写", **{"x-request-id": f"{i}"}).status_code == 200
        assert metric(client, "ai_inference_replay_store_errors_total") > 0
    assert server.stop() == 0
    events = [line for line in server.stderr_path.read_text().splitlines() if '"redis.unavailable"' in line]
    assert len(events) == 1 and says in events[0]
    redis.stop()


def ready(folder: Path, redis: str, **more: str | bool) -> bool:
    server = start(folder, redis, **more)
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            assert classify(client, "密码", **{"x-request-id": "r"}).status_code == 200
            return metric(client, "ai_inference_redis_connections") == 2
    finally:
        assert server.stop() == 0


def test_password(tmp_path):
    redis = RedisServer(tmp_path, "--requirepass", "s3cret words")
    (tmp_path / "right").write_text("s3cret words\n")
    (tmp_path / "wrong").write_text("guess\n")
    assert ready(tmp_path / "a", redis.address, password_file=str(tmp_path / "right"))
    assert ready(tmp_path / "b", redis.address, password_file=str(tmp_path / "right"), user="default")
    assert not ready(tmp_path / "c", redis.address, password_file=str(tmp_path / "wrong"))
    assert not ready(tmp_path / "d", redis.address)
    log = (tmp_path / "c" / "stderr.log").read_text()
    assert "WRONGPASS" in log and "guess" not in log
    assert "NOAUTH" in (tmp_path / "d" / "stderr.log").read_text()
    redis.stop()


def test_tls(tmp_path):
    certificate(tmp_path, "localhost")
    (tmp_path / "other").mkdir()
    certificate(tmp_path / "other", "localhost")
    own = [f"--tls-cert-file {tmp_path}/tls.crt", f"--tls-key-file {tmp_path}/tls.key", "--tls-auth-clients no"]
    options = [word for option in own for word in option.split()]
    redis = RedisServer(tmp_path, *options, "--tls-ca-cert-file", f"{tmp_path}/tls.crt", tls=True)
    address = f"localhost:{redis.port}"
    trusted = {"tls": True, "ca_file": str(tmp_path / "tls.crt")}
    assert ready(tmp_path / "a", address, **trusted)
    assert ready(tmp_path / "address", redis.address, **trusted)
    assert not ready(tmp_path / "b", f"127.0.0.2:{redis.port}", **trusted), "the certificate does not name this address"
    assert not ready(tmp_path / "c", address, tls=True), "nor is it signed by whom the system trusts"
    assert not ready(tmp_path / "d", address, tls=True, ca_file=str(tmp_path / "other" / "tls.crt"))
    assert not ready(tmp_path / "e", address), "and plain text is no TLS"
    assert "certificate" in (tmp_path / "d" / "stderr.log").read_text()
    redis.stop()


@pytest.mark.parametrize(
    ("redis_options", "says"),
    [
        ({}, "redis.address is not set"),
        ({"address": "nowhere"}, "is not HOST:PORT"),
        ({"address": "h:1", "password_file": "/no/such/file"}, "redis.password_file"),
        ({"address": "h:1", "tls": True, "ca_file": "/no/such/file"}, "redis.ca_file"),
    ],
)
def test_what_cannot_be_is_said_at_start(tmp_path, redis_options, says):
    with pytest.raises(RuntimeError, match=says):
        Server(tmp_path, config=f"idempotency: {{store: redis}}\nredis: {json.dumps(redis_options)}", listeners=1)
