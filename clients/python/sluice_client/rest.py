"""The clients over HTTP: JSON and raw images, streams as NDJSON. Need httpx: pip install 'sluice-client[rest]'."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from . import calling
from .client import DEFAULT_TIMEOUT_S, HEDGES_MAX
from .errors import SluiceError
from .ids import CallNames
from .retry import Attempts, RetryPolicy
from .throttle import ThrottlePolicy, Throttles
from .types import (
    Analysis,
    AudioPart,
    Classification,
    Collection,
    Face,
    Frame,
    ImagePart,
    Label,
    Moment,
    Picture,
    Recognition,
    TextItem,
    TextPart,
)

# What an answer without a problem document says: of a proxy, or of no Sluice at all.
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "RESOURCE_EXHAUSTED",
    415: "INVALID_ARGUMENT",
    422: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_STATUS_CODES = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    8: "RESOURCE_EXHAUSTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
}


@dataclass
class _Request:
    path: str
    content: bytes
    content_type: str
    params: dict[str, str]
    accept: str = "application/json"

    @property
    def idempotent(self) -> bool:
        """The server computes all requests of one X-Request-ID once."""
        return self.path in ("/api/v1/recognize", "/api/v1/classify", "/api/v1/analyze")


def _json(path: str, value: Any, accept: str = "application/json") -> _Request:
    return _Request(path, json.dumps(value, ensure_ascii=False).encode(), "application/json", {}, accept)


def _media_type(image: bytes) -> str:
    if image.startswith(b"\x89PNG"):
        return "image/png"
    return "image/webp" if image[:4] == b"RIFF" else "image/jpeg"


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "image": base64.b64encode(frame.image).decode(),
        **_without_none(model_id=frame.model_id, min_confidence=frame.min_confidence),
    }


def recognize_request(image: bytes, model_id: str, min_confidence: float | None) -> _Request:
    """The image as it is: no base64."""
    params = {
        name: str(value) for name, value in _without_none(model_id=model_id, min_confidence=min_confidence).items()
    }
    return _Request("/api/v1/recognize", image, _media_type(image), params)


def classify_request(texts: Iterable[str | TextItem], model_id: str) -> _Request:
    texts = list(texts)
    if all(isinstance(text, str) for text in texts):
        return _json("/api/v1/classify", {"texts": texts, **_without_none(model_id=model_id)})
    items = [text if isinstance(text, TextItem) else TextItem(text) for text in texts]
    listed = [{"text": item.text, **({} if item.id is None else {"id": item.id})} for item in items]
    return _json("/api/v1/classify", {"items": listed, **_without_none(model_id=model_id)})


def collect_request(frames: Iterable[Frame]) -> _Request:
    lines = b"".join(json.dumps(_frame(frame)).encode() + b"\n" for frame in frames)
    return _Request("/api/v1/recognize:collect", lines, "application/x-ndjson", {})


def watch_request(pictures: Iterable[Picture], mjpeg: bytes, model_id: str, min_confidence: float | None) -> _Request:
    ndjson = "application/x-ndjson"
    fields = _without_none(model_id=model_id, min_confidence=min_confidence)
    if mjpeg:
        params = {name: str(value) for name, value in fields.items()}
        return _Request("/api/v1/recognize:watch", mjpeg, "video/x-motion-jpeg", params, ndjson)
    images = [
        {"image": base64.b64encode(p.image).decode(), **_without_none(id=p.id, min_confidence=p.min_confidence)}
        for p in pictures
    ]
    return _json("/api/v1/recognize:watch", {"images": images, **fields}, ndjson)


def analyze_request(moment: Moment) -> _Request:
    body: dict[str, Any] = _without_none(text=moment.text, image=base64.b64encode(moment.image).decode())
    if moment.audio is not None:
        audio = moment.audio
        body["audio"] = {
            "features": audio.features,
            "pcm16": base64.b64encode(audio.pcm16).decode(),
            "sample_rate_hz": audio.sample_rate_hz,
        }
    return _json("/api/v1/analyze", body)


def _error(part: dict[str, Any]) -> SluiceError | None:
    return _status_error(part["error"]) if "error" in part else None


def _labels(part: dict[str, Any]) -> list[Label]:
    return [Label(**label) for label in part.get("labels", [])]


def analysis(answer: dict[str, Any]) -> Analysis:
    text = image = audio = None
    if (part := answer.get("text")) is not None:
        result = Classification(part["result"]["label"], part["result"]["confidence"]) if "result" in part else None
        text = TextPart(part["model_id"], result, _error(part))
    if (part := answer.get("image")) is not None:
        image = ImagePart(
            part["model_id"], [Face(**face) for face in part.get("faces", [])], _labels(part), _error(part)
        )
    if (part := answer.get("audio")) is not None:
        audio = AudioPart(part["model_id"], _labels(part), _error(part))
    return Analysis(answer["latency"], text, image, audio, answer.get("sequence"), _error(answer))


def recognition(answer: dict[str, Any]) -> Recognition:
    return Recognition(
        faces=[Face(**face) for face in answer["faces"]],
        latency_ms=answer["latency"],
        labels=_labels(answer),
        sequence=answer.get("sequence"),
        id=answer.get("id"),
        error=_error(answer),
    )


def collection(answer: dict[str, Any]) -> Collection:
    results = [recognition(one) for one in answer["results"]]
    return Collection(results, answer["frames"], answer["failed_frames"], answer["faces"], answer["latency"])


def classifications(answer: dict[str, Any]) -> list[Classification]:
    return [Classification(one["label"], one["confidence"], one.get("id")) for one in answer["results"]]


def _status_error(status: dict[str, Any]) -> SluiceError:
    info: dict[str, Any] = next((d for d in status.get("details", []) if d.get("@type", "").endswith("ErrorInfo")), {})
    return SluiceError(_STATUS_CODES.get(status["code"], "UNKNOWN"), status["message"], reason=info.get("reason", ""))


def parse_retry_after(value: str | None, now_s: float) -> float | None:
    """Seconds, or an HTTP date (RFC 9110)."""
    if value is None:
        return None
    if value.isdigit():
        return float(value)
    date = email.utils.parsedate_to_datetime(value) if "," in value else None
    return max(0.0, date.timestamp() - now_s) if date else None


def from_response(response: httpx.Response, body: bytes, request_id: str) -> SluiceError:
    retry_after_s = parse_retry_after(response.headers.get("retry-after"), time.time())
    code = _CODES.get(response.status_code, "UNKNOWN")
    problem: dict[str, Any] = {}
    if "json" in response.headers.get("content-type", ""):
        try:
            problem = json.loads(body)
        except ValueError:
            pass
    if "retry_after_ms" in problem:  # the same, in milliseconds
        retry_after_s = problem["retry_after_ms"] / 1000
    violations = problem.get("field_violations") or [{}]
    return SluiceError(
        code,
        problem.get("detail", body[:200].decode(errors="replace")),
        reason=problem.get("reason", ""),
        field=violations[0].get("field", ""),
        request_id=problem.get("request_id", request_id),
        retry_after_s=retry_after_s,
    )


def from_transport_error(error: httpx.HTTPError, request_id: str) -> SluiceError:
    code = "DEADLINE_EXCEEDED" if isinstance(error, httpx.TimeoutException) else "UNAVAILABLE"
    return SluiceError(code, f"{type(error).__name__}: {error}", request_id=request_id)


def _arguments(request: _Request, names: CallNames, remaining_s: float) -> dict[str, Any]:
    headers = [
        *names.headers(),
        ("content-type", request.content_type),
        ("accept", request.accept),
        ("x-request-timeout", f"{remaining_s:.3f}"),
    ]
    return {
        "content": request.content,
        "params": request.params,
        "headers": headers,
        "timeout": max(remaining_s, 0.001),
    }


class RestClient:
    """As Client, but StreamRecognize, which HTTP carries over WebSocket."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: RetryPolicy = RetryPolicy(),
        throttle: ThrottlePolicy | None = ThrottlePolicy(),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        verify: Any = True,
    ) -> None:
        self._http = httpx.Client(base_url=url, verify=verify)
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep
        self._clock = clock
        self._throttles = Throttles(throttle, clock)
        self._hedges = futures.ThreadPoolExecutor(HEDGES_MAX) if retry.hedge_after_s is not None else None

    def close(self) -> None:
        self._http.close()
        if self._hedges is not None:
            self._hedges.shutdown(wait=False)

    def __enter__(self) -> RestClient:
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
        request = recognize_request(image, model_id, min_confidence)
        return recognition(self._unary(request, timeout_s, CallNames(request_id, traceparent)))

    def classify(
        self,
        texts: Iterable[str | TextItem],
        *,
        model_id: str = "",
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> list[Classification]:
        return classifications(
            self._unary(classify_request(texts, model_id), timeout_s, CallNames(request_id, traceparent))
        )

    def analyze(
        self,
        moment: Moment,
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Analysis:
        return analysis(self._unary(analyze_request(moment), timeout_s, CallNames(request_id, traceparent)))

    def collect_recognize(
        self,
        frames: Iterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Collection:
        return collection(self._unary(collect_request(frames), timeout_s, CallNames(request_id, traceparent)))

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
        request = watch_request(pictures, mjpeg, model_id, min_confidence)
        names = CallNames(request_id, traceparent)
        attempts = self._attempts(request, timeout_s)
        while True:
            started = False
            attempts.begin()
            try:
                with self._http.stream(
                    "POST", request.path, **_arguments(request, names, attempts.remaining_s)
                ) as response:
                    if response.status_code != 200:
                        failed = from_response(response, response.read(), names.request_id)
                    else:
                        for line in response.iter_lines():
                            started = True
                            yield recognition(_line(line))
                        attempts.succeeded()
                        return
            except httpx.HTTPError as error:
                failed = from_transport_error(error, names.request_id)
                if started:
                    raise failed from error
            self._sleep(attempts.wait_after(failed))

    def _attempts(self, request: _Request, timeout_s: float | None) -> Attempts:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Attempts(self._retry, timeout_s, self._clock, throttle=self._throttles.of(request.path))

    def _unary(self, request: _Request, timeout_s: float | None, names: CallNames) -> Any:
        attempts = self._attempts(request, timeout_s)

        def once() -> Any:
            try:
                response = self._http.post(request.path, **_arguments(request, names, attempts.remaining_s))
            except httpx.HTTPError as error:
                raise from_transport_error(error, names.request_id) from error
            if response.status_code != 200:
                raise from_response(response, response.content, names.request_id)
            return response.json()

        return calling.call(attempts, once, self._sleep, self._hedges if request.idempotent else None)


def _line(line: str) -> dict[str, Any]:
    """A line of an answer; the last one of a stream that failed holds its problem."""
    value: dict[str, Any] = json.loads(line)
    if "faces" in value:
        return value
    problem = value.get("error", value)
    raise SluiceError(
        _CODES.get(problem.get("status", 0), "UNKNOWN"),
        problem.get("detail", ""),
        reason=problem.get("reason", ""),
        request_id=problem.get("request_id", ""),
    )


class AsyncRestClient:
    """As AsyncClient, but StreamRecognize, which HTTP carries over WebSocket."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: RetryPolicy = RetryPolicy(),
        throttle: ThrottlePolicy | None = ThrottlePolicy(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        verify: Any = True,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, verify=verify)
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep
        self._clock = clock
        self._throttles = Throttles(throttle, clock)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> AsyncRestClient:
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
        request = recognize_request(image, model_id, min_confidence)
        return recognition(await self._unary(request, timeout_s, CallNames(request_id, traceparent)))

    async def classify(
        self,
        texts: Iterable[str | TextItem],
        *,
        model_id: str = "",
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> list[Classification]:
        return classifications(
            await self._unary(classify_request(texts, model_id), timeout_s, CallNames(request_id, traceparent))
        )

    async def analyze(
        self,
        moment: Moment,
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Analysis:
        return analysis(await self._unary(analyze_request(moment), timeout_s, CallNames(request_id, traceparent)))

    async def collect_recognize(
        self,
        frames: Iterable[Frame],
        *,
        timeout_s: float | None = None,
        request_id: str | None = None,
        traceparent: str | None = None,
    ) -> Collection:
        return collection(await self._unary(collect_request(frames), timeout_s, CallNames(request_id, traceparent)))

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
        request = watch_request(pictures, mjpeg, model_id, min_confidence)
        names = CallNames(request_id, traceparent)
        attempts = self._attempts(request, timeout_s)
        while True:
            started = False
            attempts.begin()
            try:
                async with self._http.stream(
                    "POST", request.path, **_arguments(request, names, attempts.remaining_s)
                ) as response:
                    if response.status_code != 200:
                        failed = from_response(response, await response.aread(), names.request_id)
                    else:
                        async for line in response.aiter_lines():
                            started = True
                            yield recognition(_line(line))
                        attempts.succeeded()
                        return
            except httpx.HTTPError as error:
                failed = from_transport_error(error, names.request_id)
                if started:
                    raise failed from error
            await self._sleep(attempts.wait_after(failed))

    def _attempts(self, request: _Request, timeout_s: float | None) -> Attempts:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Attempts(self._retry, timeout_s, self._clock, throttle=self._throttles.of(request.path))

    async def _unary(self, request: _Request, timeout_s: float | None, names: CallNames) -> Any:
        attempts = self._attempts(request, timeout_s)

        async def once() -> Any:
            try:
                response = await self._http.post(request.path, **_arguments(request, names, attempts.remaining_s))
            except httpx.HTTPError as error:
                raise from_transport_error(error, names.request_id) from error
            if response.status_code != 200:
                raise from_response(response, response.content, names.request_id)
            return response.json()

        hedge = request.idempotent and self._retry.hedge_after_s is not None
        return await calling.call_async(attempts, once, self._sleep, hedge)
