"""When a client holds back, in simulated time."""

import random

import pytest

from sluice_client import RetryPolicy, SluiceError, ThrottlePolicy
from sluice_client.retry import Attempts
from sluice_client.throttle import Throttle, Throttles, is_refusal


class World:
    """A server with so much room for each second, and a client that calls at a rate; time is simulated."""

    def __init__(self, seed=1, policy=ThrottlePolicy()):
        self.now = 0.0
        self.random = random.Random(seed)
        self.throttle = Throttle(policy, lambda: self.now, self.random.random)

    def run(self, seconds, rate, capacity):
        """(sent, accepted, refused here) of so many seconds; `capacity` calls a second are accepted."""
        sent = accepted = kept = 0
        for second in range(seconds):
            room = capacity
            for _ in range(rate):
                self.now += 1 / rate
                if not self.throttle.let_through():
                    kept += 1
                    continue
                sent += 1
                self.throttle.ended(refused=room <= 0)
                accepted += room > 0
                room -= 1
        return sent, accepted, kept


def test_nothing_is_held_back_while_half_is_accepted():
    assert World().run(300, 20, 11) == (6000, 3300, 0)
    assert World().run(10, 100, 100)[2] == 0


def test_an_overloaded_server_gets_about_twice_what_it_accepts():
    world = World()
    world.run(240, 100, 10)
    sent, accepted, kept = world.run(60, 100, 10)
    assert accepted == 600
    assert 1100 < sent < 1500
    assert sent + kept == 6000


def test_the_probability_is_that_of_the_formula():
    world = World()
    world.throttle.let_through()
    for refused in [False] * 10 + [True] * 30:
        world.throttle.ended(refused=refused)
    assert world.throttle.refuse_share == pytest.approx((40 - 2 * 10) / 41)


def test_few_calls_are_never_held_back():
    world = World()
    for _ in range(9):
        assert world.throttle.let_through()
        world.throttle.ended(refused=True)
    assert world.throttle.refuse_share == 0


def test_calls_under_way_say_nothing():
    world = World()
    assert all(world.throttle.let_through() for _ in range(1000))


def test_one_call_a_second_finds_out_that_a_dead_server_is_back():
    world = World()
    world.run(200, 50, 0)
    sent, _, _ = world.run(60, 50, 0)
    assert 55 <= sent <= 120
    # Back: after five seconds without a refusal nothing is held back any more.
    world.run(12, 50, 50)
    assert world.run(60, 50, 50) == (3000, 3000, 0)


def test_retries_are_a_tenth_of_what_was_accepted_and_ten():
    world = World()
    for i in range(1000):
        world.now += 0.01
        world.throttle.ended(refused=i % 5 != 0)
    assert [world.throttle.take_retry() for _ in range(31)] == [True] * 30 + [False]
    world.now += 121
    assert [world.throttle.take_retry() for _ in range(11)] == [True] * 10 + [False]


def test_the_window_passes():
    world = World()
    for _ in range(100):
        world.throttle.ended(refused=True)
    assert world.throttle.refuse_share > 0.9
    world.now += 119
    assert world.throttle.refuse_share > 0.9
    world.now += 2
    assert world.throttle.refuse_share == 0


@pytest.mark.parametrize(
    "error, refusal",
    [
        (SluiceError("UNAVAILABLE", "no", reason="OVERLOADED"), True),
        (SluiceError("RESOURCE_EXHAUSTED", "no", reason="RATE_LIMITED"), True),
        (SluiceError("UNAVAILABLE", "no connection"), True),
        (SluiceError("UNAVAILABLE", "one model", reason="CIRCUIT_OPEN"), False),
        (SluiceError("RESOURCE_EXHAUSTED", "no", reason="BODY_TOO_LARGE"), False),
        (SluiceError("INVALID_ARGUMENT", "no", reason="INVALID_IMAGE"), False),
        (SluiceError("DEADLINE_EXCEEDED", "no", reason="DEADLINE_EXCEEDED"), False),
    ],
)
def test_what_counts_as_a_refusal(error, refusal):
    assert is_refusal(error) == refusal


def attempts(throttle, now=lambda: 0.0, policy=RetryPolicy(jitter=0)):
    return Attempts(policy, 1000.0, now, lambda: 0.5, throttle)


def test_a_call_is_refused_here_without_being_sent():
    throttle = Throttle(clock=lambda: 0.0, chance=lambda: 0.0)
    for _ in range(30):
        throttle.ended(refused=True)
    with pytest.raises(SluiceError) as caught:
        attempts(throttle).begin()
    assert caught.value.throttled and not caught.value.retryable and caught.value.code == "UNAVAILABLE"


def test_retries_stop_when_the_budget_is_spent():
    throttle = Throttle(ThrottlePolicy(retries_free=2), clock=lambda: 0.0)
    busy = SluiceError("UNAVAILABLE", "busy", reason="OVERLOADED", retry_after_s=0.1)
    call = attempts(throttle)
    assert call.wait_after(busy) == pytest.approx(0.1)
    assert call.wait_after(busy) == pytest.approx(0.1)
    with pytest.raises(SluiceError):
        call.wait_after(busy)


def test_rpcs_are_held_back_apart_and_none_when_switched_off():
    throttles = Throttles(ThrottlePolicy(), lambda: 0.0)
    assert throttles.of("a") is throttles.of("a") and throttles.of("a") is not throttles.of("b")
    assert Throttles(None, lambda: 0.0).of("a") is None
