"""The rules of retrying, in simulated time."""

import pytest

from sluice_client import RetryPolicy, SluiceError
from sluice_client.ids import CallNames, new_request_id
from sluice_client.retry import Attempts


class Time:
    """Passes only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def waits(errors, timeout_s=1000.0, policy=RetryPolicy(jitter=0), chance=lambda: 0.5):
    """What Attempts makes of these failures, until it gives up."""
    time = Time()
    attempts = Attempts(policy, timeout_s, time, chance)
    out = []
    for error in errors:
        try:
            out.append(attempts.wait_after(error))
        except SluiceError:
            return out, "gave up"
        time.now += out[-1]
    return out, "goes on"


def unavailable(**more):
    return SluiceError("UNAVAILABLE", "no", **more)


def test_waits_double_up_to_eight_seconds():
    assert waits([unavailable()] * 4) == ([1, 2, 4, 8], "goes on")
    assert waits([unavailable()] * 6, policy=RetryPolicy(jitter=0, attempts=10)) == ([1, 2, 4, 8, 8, 8], "goes on")


def test_five_attempts_and_no_more():
    assert waits([unavailable()] * 5) == ([1, 2, 4, 8], "gave up")


@pytest.mark.parametrize("chance, expected", [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_jitter(chance, expected):
    (wait,), _ = waits([unavailable()], policy=RetryPolicy(jitter=0.2), chance=lambda: chance)
    assert wait == pytest.approx(expected)


def test_the_server_says_when():
    assert waits([unavailable(retry_after_s=3.0), unavailable(retry_after_s=0.25)]) == ([3.0, 0.25], "goes on")
    (later,), _ = waits([unavailable(retry_after_s=3.0)], policy=RetryPolicy(jitter=0.2), chance=lambda: 1.0)
    assert later == pytest.approx(3.6), "jitter makes it later, never earlier"


def test_the_server_says_never():
    assert waits([unavailable(retry_after_s=-1.0)]) == ([], "gave up")


def test_no_wait_beyond_the_deadline():
    assert waits([unavailable()] * 4, timeout_s=6.5) == ([1, 2], "gave up"), "1 + 2 + 4 is more than 6.5"
    assert waits([unavailable(retry_after_s=60.0)], timeout_s=30) == ([], "gave up")


@pytest.mark.parametrize("reason", ["OVERLOADED", "CIRCUIT_OPEN", "SHUTTING_DOWN", "RATE_LIMITED", "MODEL_UNAVAILABLE"])
def test_retryable_reasons(reason):
    assert waits([SluiceError("UNAVAILABLE", "no", reason=reason)]) == ([1], "goes on")


@pytest.mark.parametrize(
    "error",
    [
        SluiceError("INVALID_ARGUMENT", "no", reason="INVALID_IMAGE"),
        SluiceError("RESOURCE_EXHAUSTED", "no", reason="BODY_TOO_LARGE"),
        SluiceError("RESOURCE_EXHAUSTED", "no", reason="QUOTA_EXCEEDED", retry_after_s=2.0),
        SluiceError("INTERNAL", "no", reason="MODEL_FAILED"),
        SluiceError("INTERNAL", "no"),
        SluiceError("DEADLINE_EXCEEDED", "the client's own"),
        SluiceError("UNKNOWN", "no"),
    ],
)
def test_nothing_else_is_retried(error):
    assert waits([error]) == ([], "gave up")


def test_names_of_a_call():
    names = CallNames("mine", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    first, second = (dict(names.headers()) for _ in range(2))
    assert first["x-request-id"] == second["x-request-id"] == "mine"
    assert first["traceparent"].split("-")[1] == second["traceparent"].split("-")[1] == "a" * 32
    assert first["traceparent"] != second["traceparent"], "each attempt is a span of its own"
    begun = dict(CallNames().headers())["traceparent"]
    assert len(begun) == 55 and begun.endswith("-00"), "nobody records it"


TRACEPARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@pytest.mark.parametrize(
    "traceparent",
    [
        TRACEPARENT.replace("a", "A"),
        TRACEPARENT.replace("a", "0"),
        TRACEPARENT.replace("b", "0"),
        TRACEPARENT.replace("a", "\n"),
        "ff" + TRACEPARENT[2:],
        TRACEPARENT + "x",
        TRACEPARENT + "-x",
        TRACEPARENT[:-1],
    ],
)
def test_what_is_no_traceparent_begins_a_trace(traceparent):
    names = dict(CallNames(traceparent=traceparent, tracestate="a=1").headers())
    assert names["traceparent"].split("-")[1] != traceparent.split("-")[1]
    assert "tracestate" not in names


def test_tracestate_goes_along_unchanged():
    names = CallNames(traceparent=TRACEPARENT, tracestate="b3@x=t61, rojo=00f067aa0ba902b7,")
    assert [dict(names.headers())["tracestate"] for _ in range(2)] == ["b3@x=t61, rojo=00f067aa0ba902b7,"] * 2


def test_tracestate_has_a_trace():
    assert "tracestate" not in dict(CallNames(tracestate="a=1").headers())


@pytest.mark.parametrize(
    ("tracestate", "goes"),
    [
        (",".join(f"k{i}=v" for i in range(32)), True),
        (",".join(f"k{i}=v" for i in range(33)), False),
        ("a=" + "v" * 510, True),
        ("a=" + "v" * 511, False),
        ("", False),
        (" , ", False),
        ("a", False),
        ("a=1\r\nx: y", False),
        ("a=ü", False),
    ],
)
def test_tracestate_is_all_or_nothing(tracestate, goes):
    names = dict(CallNames(traceparent=TRACEPARENT, tracestate=tracestate).headers())
    assert names.get("tracestate") == (tracestate if goes else None)


def test_request_ids_sort_by_time():
    ids = [new_request_id() for _ in range(3)]
    assert len(set(ids)) == 3 and all(one[14] == "7" and one[19] in "89ab" for one in ids)
