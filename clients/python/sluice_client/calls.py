"""What is the same for every call, whatever carries it and however its caller waits. No input or output here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, TypeVar

from .ids import CallNames
from .retry import Attempts, RetryPolicy
from .throttle import ThrottlePolicy, Throttles
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem

T_co = TypeVar("T_co", covariant=True)


class Settings(TypedDict, total=False):
    """What every client takes, each with its default in Calls."""

    timeout_s: float
    retry: RetryPolicy
    throttle: ThrottlePolicy | None
    clock: Callable[[], float]


class CallOptions(TypedDict, total=False):
    """What every function takes. `timeout_s` is for all attempts of the call together."""

    timeout_s: float | None
    request_id: str | None
    traceparent: str | None
    tracestate: str | None


class Request(Protocol[T_co]):
    """What one rpc sends over one protocol, ready to be sent again, and how an answer is read."""

    @property
    def path(self) -> str: ...

    @property
    def idempotent(self) -> bool:
        """The server computes all requests of one X-Request-ID once."""

    def read(self, answer: Any) -> T_co: ...


class Wire(Protocol):
    """A protocol: the requests of the rpcs that have them over each. The modules grpc_wire and rest_wire are two."""

    def recognize(self, frame: Frame) -> Request[Recognition]: ...

    def classify(self, texts: Iterable[str | TextItem], model_id: str) -> Request[list[Classification]]: ...

    def analyze(self, moment: Moment) -> Request[Analysis]: ...

    def collect_recognize(self, frames: Iterable[Frame]) -> Request[Collection]: ...

    def watch_recognize(
        self, pictures: Iterable[Picture], mjpeg: bytes, model_id: str, min_confidence: float | None
    ) -> Request[Recognition]: ...


@dataclass(frozen=True)
class Call:
    request: Any  # of the client's wire
    names: CallNames
    attempts: Attempts


class Calls:
    """Begins the calls of one client."""

    def __init__(
        self,
        timeout_s: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),
        throttle: ThrottlePolicy | None = ThrottlePolicy(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_s = timeout_s
        self._retry = retry
        self._throttles = Throttles(throttle, clock)
        self._clock = clock

    @property
    def hedge(self) -> bool:
        return self._retry.hedge_after_s is not None

    def begin(
        self,
        request: Request[Any],
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Call:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        attempts = Attempts(self._retry, timeout_s, self._clock, throttle=self._throttles.of(request.path))
        return Call(request, CallNames(request_id, traceparent, tracestate), attempts)
