"""When to try again. Pure: time and chance come in from outside, nobody sleeps here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from .errors import SluiceError
from .throttle import Throttle, is_refusal


@dataclass(frozen=True)
class RetryPolicy:
    """Waits of first_s, then `factor` times more each, up to longest_s; each is off by at most the share `jitter`.

    hedge_after_s: an attempt that has no answer by then gets a second one beside it, under the same request id, which
    the server computes once. None: never. Only for calls with one answer; takes from the same budget as retries.
    """

    attempts: int = 5
    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 8.0
    jitter: float = 0.2
    hedge_after_s: float | None = None


NO_RETRIES = RetryPolicy(attempts=1)


class Attempts:
    """The attempts of one call, which all of them together must end `timeout_s` from now.

    Each attempt is made inside `with attempts:`. A SluiceError after which another attempt makes sense ends there; then
    wait_s says how long to wait before it. In steps: begin(), then either succeeded(), or wait_after() and begin()
    again.
    """

    wait_s: float = 0.0

    def __init__(
        self,
        policy: RetryPolicy,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        throttle: Throttle | None = None,
    ) -> None:
        self._policy = policy
        self._throttle = throttle
        self._clock = clock
        self._chance = chance
        self._end = clock() + timeout_s
        self._made = 0
        self._last = False

    def __enter__(self) -> None:
        self.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            self.succeeded()
        if self._last or not isinstance(error, SluiceError):
            return False
        self.wait_s = self.wait_after(error)
        return True

    def make_last(self) -> None:
        """The attempt under way has answered in part: whatever becomes of it, there is no other."""
        self._last = True

    @property
    def remaining_s(self) -> float:
        """For the attempt that begins now."""
        return max(0.0, self._end - self._clock())

    @property
    def hedge_after_s(self) -> float | None:
        return self._policy.hedge_after_s

    def begin(self) -> None:
        """Raises when the attempt is not to be made: the server has refused most of what it got."""
        if self._throttle is not None and not self._throttle.let_through():
            message = "not sent: the server has refused most calls lately; call less often, or later"
            raise SluiceError("UNAVAILABLE", message, retry_after_s=-1.0, throttled=True)

    def hedge(self) -> bool:
        """A second attempt beside the one under way is allowed, and counted."""
        return self._throttle is None or self._throttle.take_retry()

    def succeeded(self) -> None:
        if self._throttle is not None:
            self._throttle.ended(refused=False)

    def wait_after(self, error: SluiceError) -> float:
        """Seconds to wait before the next attempt; raises the error when there is none."""
        self._made += 1
        if self._throttle is not None:
            self._throttle.ended(refused=is_refusal(error))
        if not error.retryable or self._made >= self._policy.attempts:
            raise error
        wait = self._wait(error)
        if wait >= self.remaining_s:
            raise error
        if self._throttle is not None and not self._throttle.take_retry():
            raise error
        return wait

    def _wait(self, error: SluiceError) -> float:
        policy = self._policy
        if error.retry_after_s is not None:
            # Never earlier than the server says; a little later, so that not everybody comes back at once.
            return error.retry_after_s * (1 + policy.jitter * self._chance())
        wait = min(policy.longest_s, policy.first_s * policy.factor ** (self._made - 1))
        return wait * (1 + policy.jitter * (2 * self._chance() - 1))
