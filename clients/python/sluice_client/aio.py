"""The client over gRPC, for asyncio. As Client, with `await` and `async for`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar

import grpc
import grpc.aio

from . import calling, messages
from .client import CHANNEL_OPTIONS, DEFAULT_TIMEOUT_S
from .grpc_errors import from_rpc_error
from .ids import CallNames
from .retry import Attempts, RetryPolicy
from .throttle import ThrottlePolicy, Throttles
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem


T = TypeVar("T")


async def _requests(values: Iterable[T] | AsyncIterable[T], encode: Callable[[T], Any]) -> AsyncIterator[Any]:
    if isinstance(values, AsyncIterable):
        async for value in values:
            yield encode(value)
    else:
        for value in values:
            yield encode(value)


class AsyncClient:
    """One connection, any number of tasks of one loop. Made inside a running loop."""

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        *,
        credentials: Any = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: RetryPolicy = RetryPolicy(),
        throttle: ThrottlePolicy | None = ThrottlePolicy(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(target, credentials, options=CHANNEL_OPTIONS)
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep
        self._clock = clock
        self._throttles = Throttles(throttle, clock)

    async def close(self) -> None:
        await self._channel.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def recognize(
        self,
        image: bytes,
        *,
        model_id: str = "",
        min_confidence: float | None = None,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Recognition:
        rpc = messages.rpc(messages.IMAGES, "Recognize")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.recognize_request(Frame(image, model_id, min_confidence))
        return messages.recognition(
            await self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    async def classify(
        self,
        texts: Iterable[str | TextItem],
        *,
        model_id: str = "",
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> list[Classification]:
        rpc = messages.rpc(messages.TEXTS, "Classify")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.classify_request(texts, model_id)
        return messages.classifications(
            await self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    async def analyze(
        self,
        moment: Moment,
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Analysis:
        rpc = messages.rpc(messages.MULTIMODAL, "Analyze")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.analyze_request(moment)
        return messages.analysis(
            await self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    async def collect_recognize(
        self,
        frames: Iterable[Frame] | AsyncIterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Collection:
        rpc = messages.rpc(messages.IMAGES, "CollectRecognize")
        call = self._channel.stream_unary(rpc.path, rpc.encode, rpc.decode)
        kept = [request async for request in _requests(frames, messages.recognize_request)]
        return messages.collection(
            await self._unary(rpc, lambda **k: call(iter(kept), **k), timeout_s, CallNames(request_id, traceparent))
        )

    async def watch_recognize(
        self,
        pictures: Iterable[Picture] = (),
        *,
        mjpeg: bytes = b"",
        model_id: str = "",
        min_confidence: float | None = None,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> AsyncIterator[Recognition]:
        rpc = messages.rpc(messages.IMAGES, "WatchRecognize")
        call = self._channel.unary_stream(rpc.path, rpc.encode, rpc.decode)
        request = messages.watch_request(pictures, mjpeg, model_id, min_confidence)
        names = CallNames(request_id, traceparent)
        attempts = self._attempts(rpc, timeout_s)
        while True:
            started = False
            attempts.begin()
            try:
                async for answer in call(request, timeout=attempts.remaining_s, metadata=names.headers()):
                    started = True
                    yield messages.recognition(answer)
                attempts.succeeded()
                return
            except grpc.aio.AioRpcError as error:
                failed = from_rpc_error(error, names.request_id)
                if started:
                    raise failed from error
            await self._sleep(attempts.wait_after(failed))

    async def stream_recognize(
        self,
        frames: Iterable[Frame] | AsyncIterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> AsyncIterator[Recognition]:
        requests = _requests(frames, messages.recognize_request)
        rpc = messages.rpc(messages.IMAGES, "StreamRecognize")
        async for answer in self._live(rpc, requests, timeout_s, CallNames(request_id, traceparent)):
            yield messages.recognition(answer)

    async def stream_analyze(
        self,
        moments: Iterable[Moment] | AsyncIterable[Moment],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> AsyncIterator[Analysis]:
        requests = _requests(moments, messages.analyze_request)
        rpc = messages.rpc(messages.MULTIMODAL, "StreamAnalyze")
        async for answer in self._live(rpc, requests, timeout_s, CallNames(request_id, traceparent)):
            yield messages.analysis(answer)

    async def _live(
        self, rpc: messages.Rpc, requests: AsyncIterator[Any], timeout_s: float | None, names: CallNames
    ) -> AsyncIterator[Any]:
        call = self._channel.stream_stream(rpc.path, rpc.encode, rpc.decode)
        try:
            async for answer in call(requests, timeout=timeout_s, metadata=names.headers()):
                yield answer
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error, names.request_id) from error

    def _attempts(self, rpc: messages.Rpc, timeout_s: float | None) -> Attempts:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Attempts(self._retry, timeout_s, self._clock, throttle=self._throttles.of(rpc.path))

    async def _unary(
        self, rpc: messages.Rpc, call: Callable[..., Any], timeout_s: float | None, names: CallNames
    ) -> Any:
        attempts = self._attempts(rpc, timeout_s)

        async def once() -> Any:
            try:
                return await call(timeout=attempts.remaining_s, metadata=names.headers())
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error, names.request_id) from error

        hedge = rpc.idempotent and self._retry.hedge_after_s is not None
        return await calling.call_async(attempts, once, self._sleep, hedge)
