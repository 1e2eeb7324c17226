"""The functions of the clients for asyncio: as in threads.py, with `await` and `async for`."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import Call, CallOptions, Calls, Request, Settings, Wire
from .hedging import hedged_async
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

T = TypeVar("T")


async def each(values: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(values, AsyncIterable):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


class TaskClient(abc.ABC):
    """Any number of tasks of one loop may call. Who derives from it sends one attempt; all else is here."""

    def __init__(
        self, wire: Wire, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, **settings: Unpack[Settings]
    ) -> None:
        self._wire = wire
        self._sleep = sleep
        self._calls = Calls(**settings)

    @abc.abstractmethod
    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def recognize(
        self, image: bytes, *, model_id: str = "", min_confidence: float | None = None, **options: Unpack[CallOptions]
    ) -> Recognition:
        return await self._answer(self._wire.recognize(Frame(image, model_id, min_confidence)), options)

    async def classify(
        self, texts: Iterable[str | TextItem], *, model_id: str = "", **options: Unpack[CallOptions]
    ) -> list[Classification]:
        return await self._answer(self._wire.classify(texts, model_id), options)

    async def analyze(self, moment: Moment, **options: Unpack[CallOptions]) -> Analysis:
        return await self._answer(self._wire.analyze(moment), options)

    async def collect_recognize(
        self, frames: Iterable[Frame] | AsyncIterable[Frame], **options: Unpack[CallOptions]
    ) -> Collection:
        kept = [frame async for frame in each(frames)]
        return await self._answer(self._wire.collect_recognize(kept), options)

    def watch_recognize(
        self,
        pictures: Iterable[Picture] = (),
        *,
        mjpeg: bytes = b"",
        model_id: str = "",
        min_confidence: float | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Recognition]:
        return self._answers(self._wire.watch_recognize(pictures, mjpeg, model_id, min_confidence), options)

    @abc.abstractmethod
    async def _attempt(self, call: Call) -> Any: ...

    @abc.abstractmethod
    def _attempt_each(self, call: Call) -> AsyncIterator[Any]: ...

    async def _answer(self, request: Request[T], options: CallOptions) -> T:
        return request.read(await self._succeed(self._calls.begin(request, **options)))

    async def _succeed(self, call: Call) -> Any:
        while True:
            with call.attempts:
                if not (self._calls.hedge and call.request.idempotent):
                    return await self._attempt(call)
                return await hedged_async(call.attempts, lambda: self._attempt(call))
            await self._sleep(call.attempts.wait_s)

    async def _answers(self, request: Request[T], options: CallOptions) -> AsyncIterator[T]:
        call = self._calls.begin(request, **options)
        while True:
            with call.attempts:
                async for answer in self._attempt_each(call):
                    call.attempts.make_last()
                    yield request.read(answer)
                return
            await self._sleep(call.attempts.wait_s)
