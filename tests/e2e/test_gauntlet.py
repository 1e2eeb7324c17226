"""All that can be taken away from a cluster, one after the other, under load: no client notices any of it.

Three replicas that share a Redis, behind Envoy. (The ten-minute run of this is not written yet.)
"""

from __future__ import annotations

import collections
import json
import signal
import time

import pytest
from clients import Clients
from redis_server import RedisServer
from replicas import Replicas
from test_envoy import Envoy, envoy_binary, healthy_again, texts  # noqa: F401


def kill(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    replicas.kill(0)
    time.sleep(1)
    replicas.restart(0)


def rolling_restart(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    for index in range(3):
        assert replicas.servers[index].stop() == 0
        replicas.restart(index)
        healthy_again(envoy)


def hang(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    replicas.servers[1].process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    replicas.servers[1].process.send_signal(signal.SIGCONT)


def redis_hangs(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    redis.hang()
    time.sleep(2)
    redis.go_on()


def redis_goes_and_comes_back(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    redis.stop()
    time.sleep(1)
    redis.start()


def reload(replicas: Replicas, redis: RedisServer, envoy: Envoy) -> None:
    for _ in range(5):
        for server in replicas.servers:
            server.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)


DRILLS = [kill, rolling_restart, hang, redis_hangs, redis_goes_and_comes_back, reload]


def computed(replicas: Replicas) -> collections.Counter:
    """How often each id was, by the access logs of all the processes that there were."""
    count: collections.Counter = collections.Counter()
    for server in replicas.servers:
        for line in server.log_path.read_text().splitlines():
            call = json.loads(line) if line.endswith("}") else {}  # a killed process may leave half a line
            if call.get("code") == "OK" and call["infer_ms"] > 0:
                count[call["request_id"]] += 1
    return count


@pytest.mark.timeout(300)
def test_no_client_notices_any_of_it(tmp_path, texts, protos, sample):  # noqa: F811
    envoy_binary()
    redis = RedisServer(tmp_path)
    replicas = Replicas(tmp_path, f"idempotency: {{store: redis}}\nredis: {{address: '{redis.address}'}}")
    envoy = Envoy(tmp_path, replicas.addresses)
    clients = Clients(envoy.address, texts, protos, sample)
    table = []
    try:
        for drill in DRILLS:
            began, calls, errors = time.monotonic(), clients.calls, len(clients.errors)
            drill(replicas, redis, envoy)
            healthy_again(envoy)
            time.sleep(1)
            worst = max(took for at, took in clients.times if at >= began)
            table.append((drill.__name__, clients.calls - calls, len(clients.errors) - errors, f"{worst:.2f} s"))
            print(*table[-1])
    finally:
        clients.stop()
        envoy.stop()
        replicas.stop()
        redis.stop()
    assert clients.errors == [], f"{table}: {clients.errors[:5]}"
    assert all(calls > 20 for _, calls, _, _ in table), table
    count = computed(replicas)
    assert all(0 < count[request_id] <= 2 for request_id in clients.ids)
    again = sum(count[request_id] == 2 for request_id in clients.ids)
    # What a replica had in hand when it was killed or hung.
    assert again <= 20 + len(clients.ids) / 100, f"{again} of {len(clients.ids)} were computed twice: {table}"
