"""The functions of the clients for threads."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import Call, CallOptions, Calls, Request, Settings, Wire
from .hedging import hedged
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

T = TypeVar("T")
HEDGES_MAX = 64  # attempts at a time, of a client that hedges


class ThreadClient(abc.ABC):
    """Any number of threads may call. Who derives from it sends one attempt; deadlines, retries and hedges are here."""

    def __init__(
        self, wire: Wire, *, sleep: Callable[[float], None] = time.sleep, **settings: Unpack[Settings]
    ) -> None:
        self._wire = wire
        self._sleep = sleep
        self._calls = Calls(**settings)
        self._hedges = futures.ThreadPoolExecutor(HEDGES_MAX) if self._calls.hedge else None

    def close(self) -> None:
        if self._hedges is not None:
            self._hedges.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def recognize(
        self, image: bytes, *, model_id: str = "", min_confidence: float | None = None, **options: Unpack[CallOptions]
    ) -> Recognition:
        """Faces or labels of one JPEG, PNG or WebP file."""
        return self._answer(self._wire.recognize(Frame(image, model_id, min_confidence)), options)

    def classify(
        self, texts: Iterable[str | TextItem], *, model_id: str = "", **options: Unpack[CallOptions]
    ) -> list[Classification]:
        """A label for each of up to 100 texts, in order."""
        return self._answer(self._wire.classify(texts, model_id), options)

    def analyze(self, moment: Moment, **options: Unpack[CallOptions]) -> Analysis:
        """Text, image and audio in one call, each answered by its own model. Raises only when every part failed."""
        return self._answer(self._wire.analyze(moment), options)

    def collect_recognize(self, frames: Iterable[Frame], **options: Unpack[CallOptions]) -> Collection:
        """A clip's frames in, one summary out. The frames are kept until the answer is there, for retries."""
        return self._answer(self._wire.collect_recognize(frames), options)

    def watch_recognize(
        self,
        pictures: Iterable[Picture] = (),
        *,
        mjpeg: bytes = b"",
        model_id: str = "",
        min_confidence: float | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[Recognition]:
        """Results of a batch or an MJPEG clip as they finish. Retried only while no result has come."""
        return self._answers(self._wire.watch_recognize(pictures, mjpeg, model_id, min_confidence), options)

    @abc.abstractmethod
    def _attempt(self, call: Call) -> Any:
        """One attempt: the answer, or SluiceError."""

    @abc.abstractmethod
    def _attempt_each(self, call: Call) -> Iterator[Any]:
        """As _attempt(), of an rpc with many answers."""

    def _answer(self, request: Request[T], options: CallOptions) -> T:
        return request.read(self._succeed(self._calls.begin(request, **options)))

    def _succeed(self, call: Call) -> Any:
        while True:
            with call.attempts:
                if self._hedges is None or not call.request.idempotent:
                    return self._attempt(call)
                return hedged(call.attempts, lambda: self._attempt(call), self._hedges)
            self._sleep(call.attempts.wait_s)

    def _answers(self, request: Request[T], options: CallOptions) -> Iterator[T]:
        call = self._calls.begin(request, **options)
        while True:
            with call.attempts:
                for answer in self._attempt_each(call):
                    call.attempts.make_last()
                    yield request.read(answer)
                return
            self._sleep(call.attempts.wait_s)
