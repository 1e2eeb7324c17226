"""The rule by which the gauntlet judges computations, on made-up calls and on a real Redis."""

from __future__ import annotations

import collections
import json
import time

import pytest

from leases import TELLS, EndedLeases, Evidence, computed, unexplained
from load import Call
from redis_server import RedisServer


def call(request_id: str, due: float, took: float) -> Call:
    return Call(due, took, request_id, None, False)


CALLS = [call("a", 10, 1), call("b", 10.5, 1), call("c", 20, 1)]


@pytest.mark.parametrize(
    ("count", "ended", "unasked", "wrong"),
    [
        ({"a": 1, "b": 1, "c": 1}, [], [], []),
        ({"a": 2}, [], [], ["a"]),
        ({"a": 2}, [10.4], [], []),
        ({"a": 2}, [9.9, 12.5], [], ["a"]),  # not in its time
        ({"a": 3}, [10.4], [], ["a"]),
        ({"a": 2, "b": 2}, [10.7], [], ["b"]),  # one lease, one more computation
        ({"a": 2, "b": 2}, [10.4, 10.7], [], []),
        ({"a": 2, "c": 2}, [], [(10, 12, 5)], ["c"]),
        ({"a": 2, "b": 2}, [], [(10, 12, 1)], ["b"]),
        ({"a": 2, "b": 2}, [10.4], [(10, 12, 1)], []),
    ],
)
def test_what_a_second_computation_needs(count, ended, unasked, wrong):
    assert unexplained(CALLS, collections.Counter(count), Evidence(ended, unasked)) == wrong


def test_what_was_computed_in_vain_counts():
    lines = [
        {"request_id": "a", "infer_ms": 2.5, "code": "OK"},
        {"request_id": "a", "infer_ms": 1, "code": "CANCELLED"},
    ]
    replayed = {"request_id": "a", "infer_ms": 0, "code": "OK"}
    half = '{"request_id": "a", "inf'
    assert computed(["\n".join(map(json.dumps, [*lines, replayed])), half]) == {"a": 2}


def test_redis_tells_of_leases_that_end_and_of_nothing_else(tmp_path):
    redis = RedisServer(tmp_path, *TELLS)
    ended = EndedLeases(redis)
    try:
        end = time.monotonic() + 20
        while "1" not in redis.ask("PUBSUB", "NUMSUB", "__keyevent@0__:expired").split():
            assert time.monotonic() < end
        redis.ask("SET", "sluice:replay:recorded", "d", "PX", "86400000")
        redis.ask("SET", "sluice:replay:given-back", "r", "PX", "20000")
        redis.ask("DEL", "sluice:replay:given-back")
        redis.ask("SET", "another", "r", "PX", "1")
        redis.ask("SET", "sluice:replay:lost", "r", "PX", "1")
        while redis.ask("EXISTS", "sluice:replay:lost", "another").strip() != "0" or not ended.times:
            assert time.monotonic() < end
        assert len(ended.times) == 1
    finally:
        ended.stop()
        redis.stop()
