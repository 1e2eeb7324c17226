"""The rpcs over HTTP: their requests (JSON, raw images, NDJSON), and what an answer says. The same for both of httpx's
clients."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from . import types
from .calls import Call
from .errors import CODES, SluiceError
from .ids import CallNames

T = TypeVar("T")

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


@dataclass(frozen=True)
class RestRequest(Generic[T]):
    path: str
    content: bytes
    content_type: str
    read: Callable[[dict[str, Any]], T]
    params: dict[str, str] = field(default_factory=dict)
    accept: str = "application/json"

    @property
    def idempotent(self) -> bool:
        return self.path in ("/api/v1/recognize", "/api/v1/classify", "/api/v1/analyze")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _media_type(image: bytes) -> str:
    if image.startswith(b"\x89PNG"):
        return "image/png"
    return "image/webp" if image[:4] == b"RIFF" else "image/jpeg"


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _params(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


def recognize(frame: types.Frame) -> RestRequest[types.Recognition]:
    """The image as it is: no base64."""
    params = _params(_without_none(model_id=frame.model_id, min_confidence=frame.min_confidence))
    return RestRequest("/api/v1/recognize", frame.image, _media_type(frame.image), recognition, params)


def classify(texts: Iterable[str | types.TextItem], model_id: str) -> RestRequest[list[types.Classification]]:
    texts = list(texts)
    body: dict[str, Any] = _without_none(model_id=model_id)
    if all(isinstance(text, str) for text in texts):
        body["texts"] = texts
    else:
        items = [text if isinstance(text, types.TextItem) else types.TextItem(text) for text in texts]
        body["items"] = [{"text": item.text, **({} if item.id is None else {"id": item.id})} for item in items]
    return RestRequest("/api/v1/classify", _json(body), "application/json", classifications)


def collect_recognize(frames: Iterable[types.Frame]) -> RestRequest[types.Collection]:
    lines = b"".join(_json(_frame(frame)) + b"\n" for frame in frames)
    return RestRequest("/api/v1/recognize:collect", lines, "application/x-ndjson", collection)


def _frame(frame: types.Frame) -> dict[str, Any]:
    fields = _without_none(model_id=frame.model_id, min_confidence=frame.min_confidence)
    return {"image": _base64(frame.image), **fields}


def watch_recognize(
    pictures: Iterable[types.Picture], mjpeg: bytes, model_id: str, min_confidence: float | None
) -> RestRequest[types.Recognition]:
    fields = _without_none(model_id=model_id, min_confidence=min_confidence)
    path, ndjson = "/api/v1/recognize:watch", "application/x-ndjson"
    if mjpeg:
        return RestRequest(path, mjpeg, "video/x-motion-jpeg", recognition, _params(fields), ndjson)
    images = [{"image": _base64(p.image), **_without_none(id=p.id, min_confidence=p.min_confidence)} for p in pictures]
    return RestRequest(path, _json({"images": images, **fields}), "application/json", recognition, accept=ndjson)


def analyze(moment: types.Moment) -> RestRequest[types.Analysis]:
    body: dict[str, Any] = _without_none(text=moment.text, image=_base64(moment.image))
    if (audio := moment.audio) is not None:
        body["audio"] = {
            "features": audio.features,
            "pcm16": _base64(audio.pcm16),
            "sample_rate_hz": audio.sample_rate_hz,
        }
    return RestRequest("/api/v1/analyze", _json(body), "application/json", analysis)


def _error(part: dict[str, Any]) -> SluiceError | None:
    return _status_error(part["error"]) if "error" in part else None


def _labels(part: dict[str, Any]) -> list[types.Label]:
    return [types.Label(**label) for label in part.get("labels", [])]


def analysis(answer: dict[str, Any]) -> types.Analysis:
    text = image = audio = None
    if (part := answer.get("text")) is not None:
        result = (
            types.Classification(part["result"]["label"], part["result"]["confidence"]) if "result" in part else None
        )
        text = types.TextPart(part["model_id"], result, _error(part))
    if (part := answer.get("image")) is not None:
        image = types.ImagePart(
            part["model_id"], [types.Face(**face) for face in part.get("faces", [])], _labels(part), _error(part)
        )
    if (part := answer.get("audio")) is not None:
        audio = types.AudioPart(part["model_id"], _labels(part), _error(part))
    return types.Analysis(answer["latency"], text, image, audio, answer.get("sequence"), _error(answer))


def recognition(answer: dict[str, Any]) -> types.Recognition:
    return types.Recognition(
        faces=[types.Face(**face) for face in answer["faces"]],
        latency_ms=answer["latency"],
        labels=_labels(answer),
        sequence=answer.get("sequence"),
        id=answer.get("id"),
        error=_error(answer),
    )


def collection(answer: dict[str, Any]) -> types.Collection:
    results = [recognition(one) for one in answer["results"]]
    return types.Collection(results, answer["frames"], answer["failed_frames"], answer["faces"], answer["latency"])


def classifications(answer: dict[str, Any]) -> list[types.Classification]:
    return [types.Classification(one["label"], one["confidence"], one.get("id")) for one in answer["results"]]


def _status_error(status: dict[str, Any]) -> SluiceError:
    info: dict[str, Any] = next((d for d in status.get("details", []) if d.get("@type", "").endswith("ErrorInfo")), {})
    return SluiceError(CODES.get(status["code"], "UNKNOWN"), status["message"], reason=info.get("reason", ""))


def parse_retry_after(value: str | None, now_s: float) -> float | None:
    """Seconds, or an HTTP date (RFC 9110)."""
    if value is None:
        return None
    if value.isdigit():
        return float(value)
    date = email.utils.parsedate_to_datetime(value) if "," in value else None
    return max(0.0, date.timestamp() - now_s) if date else None


def arguments(call: Call) -> dict[str, Any]:
    """Of one attempt, as both clients of httpx take them."""
    request: RestRequest[Any] = call.request
    remaining_s = call.attempts.remaining_s
    headers = [
        *call.names.headers(),
        ("content-type", request.content_type),
        ("accept", request.accept),
        ("x-request-timeout", f"{remaining_s:.3f}"),
    ]
    return {
        "url": request.path,
        "content": request.content,
        "params": request.params,
        "headers": headers,
        "timeout": max(remaining_s, 0.001),
    }


def read_answer(response: httpx.Response, names: CallNames) -> Any:
    if response.status_code != 200:
        raise response_error(response, response.content, names)
    return response.json()


def read_line(line: str) -> dict[str, Any]:
    """Of a stream; the last line of one that failed holds its problem."""
    value: dict[str, Any] = json.loads(line)
    if "faces" in value:
        return value
    problem = value.get("error", value)
    raise problem_error(problem.get("status", 0), problem)


def response_error(response: httpx.Response, body: bytes, names: CallNames) -> SluiceError:
    retry_after_s = parse_retry_after(response.headers.get("retry-after"), time.time())
    problem: dict[str, Any] = {}
    if "json" in response.headers.get("content-type", ""):
        with contextlib.suppress(ValueError):
            problem = json.loads(body)
    if "retry_after_ms" in problem:  # the same, in milliseconds
        retry_after_s = problem["retry_after_ms"] / 1000
    text = body[:200].decode(errors="replace")
    return problem_error(response.status_code, problem, names.request_id, text, retry_after_s)


def problem_error(
    status: int, problem: dict[str, Any], request_id: str = "", text: str = "", retry_after_s: float | None = None
) -> SluiceError:
    """Of application/problem+json; `request_id` and `text` stand in for what it lacks."""
    violations = problem.get("field_violations") or [{}]
    return SluiceError(
        _CODES.get(status, "UNKNOWN"),
        problem.get("detail", text),
        reason=problem.get("reason", ""),
        field=violations[0].get("field", ""),
        request_id=problem.get("request_id", request_id),
        retry_after_s=retry_after_s,
    )


@contextlib.contextmanager
def sluice_errors(names: CallNames) -> Iterator[None]:
    """No answer at all."""
    try:
        yield
    except httpx.HTTPError as error:
        code = "DEADLINE_EXCEEDED" if isinstance(error, httpx.TimeoutException) else "UNAVAILABLE"
        raise SluiceError(code, f"{type(error).__name__}: {error}", request_id=names.request_id) from error
