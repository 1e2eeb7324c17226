"""The messages of the API as classes, made from the descriptor set beside this file (tools/clients.py writes it).

They live in a pool of their own, so that they go together with any generated code of the same .proto files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from . import types
from .errors import CODES, SluiceError


def _load() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString((Path(__file__).parent / "api.binpb").read_bytes())
    for file in files.file:
        pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _load()


def message(name: str) -> Any:
    """The class of a message by its full name."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


@dataclass(frozen=True)
class Rpc:
    path: str
    shape: str  # the function of a channel that makes its stub: "unary_unary" ...
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    idempotent: bool  # the server computes all requests of one X-Request-ID once


def rpc(service: str, name: str) -> Rpc:
    method = _POOL.FindServiceByName(service).FindMethodByName(name)
    request, response = (message_factory.GetMessageClass(kind) for kind in (method.input_type, method.output_type))
    shape = "_".join("stream" if one else "unary" for one in (method.client_streaming, method.server_streaming))
    return Rpc(f"/{service}/{name}", shape, request.SerializeToString, response.FromString, name in IDEMPOTENT)


IDEMPOTENT = frozenset({"Recognize", "Classify", "Analyze"})
IMAGES = "ai.inference.ImageRecognition"
TEXTS = "ai.inference.TextClassification"
MULTIMODAL = "ai.inference.Multimodal"

_RecognizeRequest = message("ai.inference.RecognizeRequest")
_WatchRequest = message("ai.inference.WatchRecognizeRequest")
_ClassifyRequest = message("ai.inference.ClassifyRequest")
_MultimodalRequest = message("ai.inference.MultimodalRequest")
_Status = message("google.rpc.Status")


def recognize_request(frame: types.Frame) -> Any:
    request = _RecognizeRequest(image=frame.image, model_id=frame.model_id)
    if frame.min_confidence is not None:
        request.min_confidence = frame.min_confidence
    return request


def watch_request(pictures: Iterable[types.Picture], mjpeg: bytes, model_id: str, min_confidence: float | None) -> Any:
    request = _WatchRequest(mjpeg=mjpeg, model_id=model_id)
    if min_confidence is not None:
        request.min_confidence = min_confidence
    for picture in pictures:
        added = request.images.add(image=picture.image)
        if picture.id is not None:
            added.id = picture.id
        if picture.min_confidence is not None:
            added.min_confidence = picture.min_confidence
    return request


def classify_request(texts: Iterable[str | types.TextItem], model_id: str) -> Any:
    """Texts with an id go as items; the server answers plain texts first, so mixed lists all go as items."""
    texts = list(texts)
    request = _ClassifyRequest(model_id=model_id)
    if all(isinstance(text, str) for text in texts):
        request.texts.extend(texts)
        return request
    for text in texts:
        item = text if isinstance(text, types.TextItem) else types.TextItem(text)
        added = request.items.add(text=item.text)
        if item.id is not None:
            added.id = item.id
    return request


def analyze_request(moment: types.Moment) -> Any:
    request = _MultimodalRequest(text=moment.text, image=moment.image)
    if moment.audio is not None:
        request.audio.features.extend(moment.audio.features)
        request.audio.pcm16 = moment.audio.pcm16
        request.audio.sample_rate_hz = moment.audio.sample_rate_hz
        request.audio.SetInParent()
    return request


def _faces(answer: Any) -> list[types.Face]:
    return [types.Face(f.x, f.y, f.width, f.height, f.confidence) for f in answer.faces]


def _labels(answer: Any) -> list[types.Label]:
    return [types.Label(one.label, one.confidence) for one in answer.labels]


def _error(answer: Any) -> SluiceError | None:
    return status_error(answer.error) if answer.HasField("error") else None


def analysis(answer: Any) -> types.Analysis:
    text = image = audio = None
    if answer.HasField("text"):
        r = answer.text.result
        result = types.Classification(r.label, r.confidence) if answer.text.HasField("result") else None
        text = types.TextPart(answer.text.model_id, result, _error(answer.text))
    if answer.HasField("image"):
        image = types.ImagePart(
            answer.image.model_id, _faces(answer.image), _labels(answer.image), _error(answer.image)
        )
    if answer.HasField("audio"):
        audio = types.AudioPart(answer.audio.model_id, _labels(answer.audio), _error(answer.audio))
    sequence = answer.sequence if answer.HasField("sequence") else None
    return types.Analysis(answer.latency, text, image, audio, sequence, _error(answer))


def recognition(answer: Any) -> types.Recognition:
    return types.Recognition(
        faces=_faces(answer),
        latency_ms=answer.latency,
        labels=_labels(answer),
        sequence=answer.sequence if answer.HasField("sequence") else None,
        id=answer.id if answer.HasField("id") else None,
        error=_error(answer),
    )


def collection(answer: Any) -> types.Collection:
    return types.Collection(
        [recognition(one) for one in answer.results], answer.frames, answer.failed_frames, answer.faces, answer.latency
    )


def classifications(answer: Any) -> list[types.Classification]:
    return [types.Classification(r.label, r.confidence, r.id if r.HasField("id") else None) for r in answer.results]


def status_error(status: Any, *, retry_after_s: float | None = None) -> SluiceError:
    """A google.rpc.Status with its details."""
    found: dict[str, Any] = {}
    for detail in status.details:
        name = detail.type_url.rsplit("/", 1)[-1]
        if name == "google.rpc.ErrorInfo":
            found["reason"] = message(name).FromString(detail.value).reason
        elif name == "google.rpc.RequestInfo":
            found["request_id"] = message(name).FromString(detail.value).request_id
        elif name == "google.rpc.BadRequest":
            violations = message(name).FromString(detail.value).field_violations
            found["field"] = violations[0].field if violations else ""
    return SluiceError(CODES.get(status.code, "UNKNOWN"), status.message, retry_after_s=retry_after_s, **found)


def status_from_bytes(encoded: bytes) -> Any:
    return _Status.FromString(encoded)
