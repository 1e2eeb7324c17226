"""The client over gRPC, for asyncio. As Client, with `await` and `async for`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import grpc.aio

from . import grpc_wire, messages
from .calls import Call, CallOptions, Settings
from .grpc_wire import CHANNEL_OPTIONS, GrpcRequest, sluice_errors
from .ids import CallNames
from .tasks import TaskClient, each
from .types import Analysis, Frame, Moment, Recognition

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class AsyncClient(TaskClient):
    """One connection, any number of tasks of one loop. Made inside a running loop."""

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        *,
        credentials: Any = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(grpc_wire, sleep=sleep, **settings)
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(target, credentials, options=CHANNEL_OPTIONS)

    async def close(self) -> None:
        await self._channel.close()

    def stream_recognize(
        self, frames: Iterable[Frame] | AsyncIterable[Frame], **options: Unpack[CallOptions]
    ) -> AsyncIterator[Recognition]:
        requests = (messages.recognize_request(frame) async for frame in each(frames))
        return self._live(grpc_wire.stream_recognize(requests), **options)

    def stream_analyze(
        self, moments: Iterable[Moment] | AsyncIterable[Moment], **options: Unpack[CallOptions]
    ) -> AsyncIterator[Analysis]:
        requests = (messages.analyze_request(moment) async for moment in each(moments))
        return self._live(grpc_wire.stream_analyze(requests), **options)

    async def _live(
        self,
        request: GrpcRequest[T],
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> AsyncIterator[T]:
        async for answer in self._each(request, CallNames(request_id, traceparent, tracestate), timeout_s):
            yield request.read(answer)

    async def _attempt(self, call: Call) -> Any:
        with sluice_errors(call.names):
            return await grpc_wire.start(self._channel, call.request, call.names, call.attempts.remaining_s)

    def _attempt_each(self, call: Call) -> AsyncIterator[Any]:
        return self._each(call.request, call.names, call.attempts.remaining_s)

    async def _each(self, request: GrpcRequest[Any], names: CallNames, timeout_s: float | None) -> AsyncIterator[Any]:
        with sluice_errors(names):
            async for answer in grpc_wire.start(self._channel, request, names, timeout_s):
                yield answer
