"""The client over gRPC, for threads."""

from __future__ import annotations

import time
from concurrent import futures
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

import grpc

from . import calling, messages
from .grpc_errors import from_rpc_error
from .ids import CallNames
from .retry import Attempts, RetryPolicy
from .throttle import ThrottlePolicy, Throttles
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem

T = TypeVar("T")

# Retries are ours: gRPC's own know neither the same deadline for all attempts nor the error's reason.
CHANNEL_OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
DEFAULT_TIMEOUT_S = 30.0
HEDGES_MAX = 64  # attempts at a time, of a client that hedges


class Client:
    """One connection, any number of threads. `credentials` as grpc.ssl_channel_credentials() makes them; none = plain text.

    Every function takes `timeout_s`, which all its attempts share, and `request_id` and `traceparent` of the caller's.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        *,
        credentials: Any = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: RetryPolicy = RetryPolicy(),
        throttle: ThrottlePolicy | None = ThrottlePolicy(),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep
        self._clock = clock
        self._throttles = Throttles(throttle, clock)
        self._hedges = futures.ThreadPoolExecutor(HEDGES_MAX) if retry.hedge_after_s is not None else None

    def close(self) -> None:
        self._channel.close()
        if self._hedges is not None:
            self._hedges.shutdown(wait=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def recognize(
        self,
        image: bytes,
        *,
        model_id: str = "",
        min_confidence: float | None = None,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Recognition:
        """Faces or labels of one JPEG, PNG or WebP file."""
        rpc = messages.rpc(messages.IMAGES, "Recognize")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.recognize_request(Frame(image, model_id, min_confidence))
        return messages.recognition(
            self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    def classify(
        self,
        texts: Iterable[str | TextItem],
        *,
        model_id: str = "",
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> list[Classification]:
        """A label for each of up to 100 texts, in order."""
        rpc = messages.rpc(messages.TEXTS, "Classify")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.classify_request(texts, model_id)
        return messages.classifications(
            self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    def analyze(
        self,
        moment: Moment,
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Analysis:
        """Text, image and audio in one call, each answered by its own model. Raises only when every part failed."""
        rpc = messages.rpc(messages.MULTIMODAL, "Analyze")
        call = self._channel.unary_unary(rpc.path, rpc.encode, rpc.decode)
        request = messages.analyze_request(moment)
        return messages.analysis(
            self._unary(rpc, lambda **k: call(request, **k), timeout_s, CallNames(request_id, traceparent))
        )

    def collect_recognize(
        self,
        frames: Iterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Collection:
        """A clip's frames in, one summary out. The frames are kept until the answer is there, for retries."""
        rpc = messages.rpc(messages.IMAGES, "CollectRecognize")
        call = self._channel.stream_unary(rpc.path, rpc.encode, rpc.decode)
        kept = [messages.recognize_request(frame) for frame in frames]
        return messages.collection(
            self._unary(rpc, lambda **k: call(iter(kept), **k), timeout_s, CallNames(request_id, traceparent))
        )

    def watch_recognize(
        self,
        pictures: Iterable[Picture] = (),
        *,
        mjpeg: bytes = b"",
        model_id: str = "",
        min_confidence: float | None = None,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Iterator[Recognition]:
        """Results of a batch or an MJPEG clip as they finish. Retried only while no result has come."""
        rpc = messages.rpc(messages.IMAGES, "WatchRecognize")
        call = self._channel.unary_stream(rpc.path, rpc.encode, rpc.decode)
        request = messages.watch_request(pictures, mjpeg, model_id, min_confidence)
        names = CallNames(request_id, traceparent)
        attempts = self._attempts(rpc, timeout_s)
        while True:
            started = False
            attempts.begin()
            try:
                for answer in call(request, timeout=attempts.remaining_s, metadata=names.headers()):
                    started = True
                    yield messages.recognition(answer)
                attempts.succeeded()
                return
            except grpc.RpcError as error:
                failed = from_rpc_error(error, names.request_id)
                if started:
                    raise failed from error
                self._sleep(attempts.wait_after(failed))

    def stream_recognize(
        self,
        frames: Iterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Iterator[Recognition]:
        """One answer per frame, in order, while frames still go up. Never retried: live frames are gone.

        Without timeout_s the stream may last for ever; the server bounds each frame. A server that shuts down answers what
        it has accepted and ends the stream with SHUTTING_DOWN; the error's last_sequence says from where to go on elsewhere.
        """
        requests = (messages.recognize_request(frame) for frame in frames)
        for answer in self._live(
            messages.rpc(messages.IMAGES, "StreamRecognize"), requests, timeout_s, CallNames(request_id, traceparent)
        ):
            yield messages.recognition(answer)

    def stream_analyze(
        self,
        moments: Iterable[Moment],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Iterator[Analysis]:
        """As stream_recognize, of moments."""
        requests = (messages.analyze_request(moment) for moment in moments)
        for answer in self._live(
            messages.rpc(messages.MULTIMODAL, "StreamAnalyze"), requests, timeout_s, CallNames(request_id, traceparent)
        ):
            yield messages.analysis(answer)

    def _live(
        self, rpc: messages.Rpc, requests: Iterator[Any], timeout_s: float | None, names: CallNames
    ) -> Iterator[Any]:
        call = self._channel.stream_stream(rpc.path, rpc.encode, rpc.decode)
        try:
            yield from call(requests, timeout=timeout_s, metadata=names.headers())
        except grpc.RpcError as error:
            raise from_rpc_error(error, names.request_id) from error

    def _attempts(self, rpc: messages.Rpc, timeout_s: float | None) -> Attempts:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Attempts(self._retry, timeout_s, self._clock, throttle=self._throttles.of(rpc.path))

    def _unary(self, rpc: messages.Rpc, call: Callable[..., Any], timeout_s: float | None, names: CallNames) -> Any:
        attempts = self._attempts(rpc, timeout_s)

        def once() -> Any:
            try:
                return call(timeout=attempts.remaining_s, metadata=names.headers())
            except grpc.RpcError as error:
                raise from_rpc_error(error, names.request_id) from error

        return calling.call(attempts, once, self._sleep, self._hedges if rpc.idempotent else None)
