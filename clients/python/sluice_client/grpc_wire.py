"""The rpcs over gRPC: their requests, how one is sent, and grpc.RpcError as SluiceError. The same for grpc and
grpc.aio."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc

from . import messages
from .errors import SluiceError
from .ids import CallNames
from .types import Analysis, Classification, Collection, Frame, Moment, Picture, Recognition, TextItem

T = TypeVar("T")

# Retries are ours: gRPC's own know neither the same deadline for all attempts nor the error's reason.
CHANNEL_OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


@dataclass(frozen=True)
class GrpcRequest(Generic[T]):
    rpc: messages.Rpc
    send: Callable[[], Any]  # a message, or a new iterator of the messages of a stream
    read: Callable[[Any], T]

    @property
    def path(self) -> str:
        return self.rpc.path

    @property
    def idempotent(self) -> bool:
        return self.rpc.idempotent


def recognize(frame: Frame) -> GrpcRequest[Recognition]:
    return _one(messages.IMAGES, "Recognize", messages.recognize_request(frame), messages.recognition)


def classify(texts: Iterable[str | TextItem], model_id: str) -> GrpcRequest[list[Classification]]:
    request = messages.classify_request(texts, model_id)
    return _one(messages.TEXTS, "Classify", request, messages.classifications)


def analyze(moment: Moment) -> GrpcRequest[Analysis]:
    return _one(messages.MULTIMODAL, "Analyze", messages.analyze_request(moment), messages.analysis)


def collect_recognize(frames: Iterable[Frame]) -> GrpcRequest[Collection]:
    kept = [messages.recognize_request(frame) for frame in frames]
    return GrpcRequest(messages.rpc(messages.IMAGES, "CollectRecognize"), lambda: iter(kept), messages.collection)


def watch_recognize(
    pictures: Iterable[Picture], mjpeg: bytes, model_id: str, min_confidence: float | None
) -> GrpcRequest[Recognition]:
    request = messages.watch_request(pictures, mjpeg, model_id, min_confidence)
    return _one(messages.IMAGES, "WatchRecognize", request, messages.recognition)


def stream_recognize(requests: Any) -> GrpcRequest[Recognition]:
    """`requests`: an iterator, asynchronous for grpc.aio, of what messages.recognize_request() makes."""
    return GrpcRequest(messages.rpc(messages.IMAGES, "StreamRecognize"), lambda: requests, messages.recognition)


def stream_analyze(requests: Any) -> GrpcRequest[Analysis]:
    return GrpcRequest(messages.rpc(messages.MULTIMODAL, "StreamAnalyze"), lambda: requests, messages.analysis)


def _one(service: str, name: str, request: Any, read: Callable[[Any], T]) -> GrpcRequest[T]:
    return GrpcRequest(messages.rpc(service, name), lambda: request, read)


def start(channel: Any, request: GrpcRequest[Any], names: CallNames, timeout_s: float | None) -> Any:
    """One attempt over a channel of either kind."""
    rpc = request.rpc
    stub = getattr(channel, rpc.shape)(rpc.path, rpc.encode, rpc.decode)
    return stub(request.send(), timeout=timeout_s, metadata=names.headers())


@contextlib.contextmanager
def sluice_errors(names: CallNames) -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise from_rpc_error(error, names.request_id) from error


def from_rpc_error(error: Any, request_id: str) -> SluiceError:
    trailers = {key: value for key, value in (error.trailing_metadata() or ())}
    pushback = trailers.get("grpc-retry-pushback-ms")
    retry_after_s = None
    if pushback is not None:
        # A value that is not a number means: do not retry (gRFC A6).
        retry_after_s = int(pushback) / 1000 if str(pushback).isdigit() else -1.0
    if (details := trailers.get("grpc-status-details-bin")) is not None:
        out = messages.status_error(messages.status_from_bytes(details), retry_after_s=retry_after_s)
    else:
        out = SluiceError(error.code().name, error.details() or "", retry_after_s=retry_after_s)
    if (last := trailers.get("x-sluice-last-sequence")) is not None and str(last).isdigit():
        out.last_sequence = int(last)
    out.request_id = out.request_id or request_id
    return out
