"""The client over gRPC, for threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from . import grpc_wire, messages
from .calls import Call, CallOptions, Settings
from .grpc_wire import CHANNEL_OPTIONS, GrpcRequest, sluice_errors
from .ids import CallNames
from .threads import ThreadClient
from .types import Analysis, Frame, Moment, Recognition

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class Client(ThreadClient):
    """One connection, any number of threads. `credentials` as grpc.ssl_channel_credentials() makes them; none = plain
    text.

    Every function takes `timeout_s`, which all its attempts share, and `request_id`, `traceparent` and `tracestate` of
    the caller's.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        *,
        credentials: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(grpc_wire, sleep=sleep, **settings)
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)

    def close(self) -> None:
        self._channel.close()
        super().close()

    def stream_recognize(self, frames: Iterable[Frame], **options: Unpack[CallOptions]) -> Iterator[Recognition]:
        """One answer per frame, in order, while frames still go up. Never retried: live frames are gone.

        Without timeout_s the stream may last for ever; the server bounds each frame. A server that shuts down answers
        what it has accepted and ends the stream with SHUTTING_DOWN; the error's last_sequence says from where to go on
        elsewhere.
        """
        requests = (messages.recognize_request(frame) for frame in frames)
        return self._live(grpc_wire.stream_recognize(requests), **options)

    def stream_analyze(self, moments: Iterable[Moment], **options: Unpack[CallOptions]) -> Iterator[Analysis]:
        """As stream_recognize, of moments."""
        requests = (messages.analyze_request(moment) for moment in moments)
        return self._live(grpc_wire.stream_analyze(requests), **options)

    def _live(
        self,
        request: GrpcRequest[T],
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Iterator[T]:
        names = CallNames(request_id, traceparent, tracestate)
        return map(request.read, self._each(request, names, timeout_s))

    def _attempt(self, call: Call) -> Any:
        with sluice_errors(call.names):
            return grpc_wire.start(self._channel, call.request, call.names, call.attempts.remaining_s)

    def _attempt_each(self, call: Call) -> Iterator[Any]:
        return self._each(call.request, call.names, call.attempts.remaining_s)

    def _each(self, request: GrpcRequest[Any], names: CallNames, timeout_s: float | None) -> Iterator[Any]:
        with sluice_errors(names):
            yield from grpc_wire.start(self._channel, request, names, timeout_s)
