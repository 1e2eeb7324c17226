"""Load that does not wait for the answers: each call has a time when it is due, and its latency counts from then on."""

from __future__ import annotations

import itertools
import math
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import requests

# The most calls that can be open at once; beyond that, calls begin late, which their latency shows.
THREADS = 320
# With TCP's own patience (20 s and more) a connection into a zone that is gone would be noticed too late.
CHANNEL = [("grpc.max_reconnect_backoff_ms", 1000)]

Check = Callable[[requests.Session, grpc.Channel, str], "str | None"]


@dataclass(frozen=True)
class Call:
    due: float
    took: float
    request_id: str
    error: str | None
    rare: bool  # not one of those whose latency is looked at


class Load:
    """`rate` calls a second: `checks` in turn, every hundredth one of `rare`. rate None: as many as `threads` can."""

    def __init__(self, address: str, checks: list[Check], rare: Check, rate: float | None, threads: int = THREADS):
        self.address, self.checks, self.rare, self.rate = address, checks, rare, rate
        self.calls: list[Call] = []
        self.again: list[str] = []  # ids of what a closed connection made necessary
        self.number = itertools.count()
        self.stopped = threading.Event()
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self._loop) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _loop(self) -> None:
        with requests.Session() as session, grpc.insecure_channel(self.address, CHANNEL) as channel:
            while not self.stopped.is_set():
                number = next(self.number)
                due = self.began + number / self.rate if self.rate else time.monotonic()
                if self.stopped.wait(max(0.0, due - time.monotonic())):
                    return
                self._call(session, channel, number, due)

    def _call(self, session: requests.Session, channel: grpc.Channel, number: int, due: float) -> None:
        rare, request_id = number % 100 == 99, str(uuid.uuid4())
        check = self.rare if rare else self.checks[number % len(self.checks)]
        try:
            error = self._answer(check, session, channel, request_id)
        except (grpc.RpcError, requests.RequestException) as exception:
            error = f"{type(exception).__name__} {exception}"
        if error:
            error = f"{'rare ' if rare else ''}{check.__name__} {request_id} due at {due - self.began:.2f} s: {error}"
        self.calls.append(Call(due, time.monotonic() - due, request_id, error, rare))

    def _answer(self, check: Check, session: requests.Session, channel: grpc.Channel, request_id: str) -> str | None:
        """As HTTP clients do (requests does not): if a kept connection was closed just then, once again."""
        try:
            return check(session, channel, request_id)
        except requests.ConnectionError as exception:
            if "RemoteDisconnected" not in str(exception):
                raise
            self.again.append(request_id)
            return check(session, channel, request_id)

    def between(self, begin: float, end: float = math.inf) -> list[Call]:
        return [call for call in list(self.calls) if begin <= call.due < end]

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def p99(calls: list[Call]) -> float:
    times = sorted(call.took for call in calls if not call.rare)
    return times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0


STEP_S = 0.5


def late_steps(calls: list[Call], since: float, limit: float) -> dict[float, float]:
    """The half seconds after `since` in which the P99 of the calls that were due was above the limit, by their end."""
    steps: dict[int, list[Call]] = {}
    for call in calls:
        if call.due >= since:
            steps.setdefault(int((call.due - since) / STEP_S), []).append(call)
    return {(index + 1) * STEP_S: p99(some) for index, some in sorted(steps.items()) if p99(some) > limit}


def capacity(address: str, checks: list[Check], rare: Check, seconds: float) -> float:
    """Calls a second of a closed loop that is never idle."""
    load = Load(address, checks, rare, None, threads=12)
    time.sleep(1)
    begin = time.monotonic()
    time.sleep(seconds)
    load.stop()
    return len(load.between(begin, begin + seconds)) / seconds
