"""When not to send, and when not to send again. Pure: time and chance come in from outside.

A server that refuses most of what it gets is only slowed down by more of it. So a client counts, for each rpc, the
attempts of the last two minutes and how many of them the server accepted; while it had to refuse more than half, calls
are refused here, with a probability of (attempts - 2 * accepted) / (attempts + 1). Five seconds without a refusal end
that at once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .errors import SluiceError

# What says that the server has no room; other errors are answers. CIRCUIT_OPEN is about one model and has its own time.
REFUSALS = frozenset({"OVERLOADED", "RATE_LIMITED", "SHUTTING_DOWN"})


@dataclass(frozen=True)
class ThrottlePolicy:
    """`accepts_factor` 2: begin when more than half is refused. The window is forgotten in twelfths."""

    window_s: float = 120.0
    accepts_factor: float = 2.0
    attempts_min: int = 10  # with fewer in the window nothing is refused here
    probe_every_s: float = 1.0  # one attempt goes out at least so often, so that a recovery is seen
    calm_s: float = 5.0  # so long no refusal by the server: it has room again, and what was is forgotten
    retries_share: float = 0.1  # of what was accepted: a server that refuses nearly all gets nearly none
    retries_free: int = 10  # in a window, on top: for clients that call seldom


def is_refusal(error: SluiceError) -> bool:
    """The server, or what stands before it, had no room for the call."""
    if error.reason:
        return error.reason in REFUSALS
    return error.code == "UNAVAILABLE"


@dataclass
class _Bucket:
    began: float
    attempts: int = 0  # ended, or refused here; those under way say nothing yet
    accepted: int = 0
    retries: int = 0


class Throttle:
    """Of one rpc of one client. Any thread."""

    def __init__(
        self,
        policy: ThrottlePolicy = ThrottlePolicy(),
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._buckets: deque[_Bucket] = deque()
        self._last_sent = clock()
        self._calm_since = clock()

    def let_through(self) -> bool:
        """False: the call is to be refused here."""
        with self._lock:
            now = self._clock()
            bucket = self._bucket(now)
            if now - self._last_sent < self._policy.probe_every_s and self._chance() < self._refuse_share():
                bucket.attempts += 1
                return False
            self._last_sent = now
            return True

    def ended(self, *, refused: bool) -> None:
        """An attempt that was let through; `refused` by the server."""
        with self._lock:
            now = self._clock()
            bucket = self._bucket(now)
            if refused:
                self._calm_since = now
            elif now - self._calm_since >= self._policy.calm_s:
                for one in self._buckets:
                    one.attempts = one.accepted
            bucket.attempts += 1
            bucket.accepted += 0 if refused else 1

    def take_retry(self) -> bool:
        """True: one more attempt of a call fits into the budget, and is counted."""
        with self._lock:
            bucket = self._bucket(self._clock())
            retries = sum(one.retries for one in self._buckets)
            accepted = sum(one.accepted for one in self._buckets)
            if retries + 1 > self._policy.retries_free + self._policy.retries_share * accepted:
                return False
            bucket.retries += 1
            return True

    @property
    def refuse_share(self) -> float:
        """The probability with which a call is refused here now."""
        with self._lock:
            self._bucket(self._clock())
            return self._refuse_share()

    def _refuse_share(self) -> float:
        attempts = sum(one.attempts for one in self._buckets)
        accepted = sum(one.accepted for one in self._buckets)
        if attempts < self._policy.attempts_min:
            return 0.0
        return max(0.0, (attempts - self._policy.accepts_factor * accepted) / (attempts + 1))

    def _bucket(self, now: float) -> _Bucket:
        """The present one, with those gone that are older than the window."""
        while self._buckets and self._buckets[0].began <= now - self._policy.window_s:
            self._buckets.popleft()
        if not self._buckets or self._buckets[-1].began <= now - self._policy.window_s / 12:
            self._buckets.append(_Bucket(now))
        return self._buckets[-1]


class Throttles:
    """One for each rpc of a client, so that an overloaded method does not stop the others. Any thread."""

    def __init__(self, policy: ThrottlePolicy | None, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._by_rpc: dict[str, Throttle] = {}

    def of(self, rpc: str) -> Throttle | None:
        if self._policy is None:
            return None
        return self._by_rpc.setdefault(rpc, Throttle(self._policy, self._clock))
