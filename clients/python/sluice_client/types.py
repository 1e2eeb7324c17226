"""What goes in and comes out: plain data, the same over gRPC and REST."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import SluiceError


@dataclass(frozen=True)
class Face:
    """Pixels of the upright image, origin top left."""

    x: int
    y: int
    width: int
    height: int
    confidence: float


@dataclass(frozen=True)
class Label:
    label: str
    confidence: float


@dataclass(frozen=True)
class Recognition:
    """Of one image. In streams `sequence` says which, and `error` why it has no faces."""

    faces: list[Face]
    latency_ms: float
    labels: list[Label] = field(default_factory=list)
    sequence: int | None = None
    id: str | None = None
    error: SluiceError | None = None


@dataclass(frozen=True)
class Frame:
    """An image of a stream. An empty model_id is the method's default."""

    image: bytes
    model_id: str = ""
    min_confidence: float | None = None


@dataclass(frozen=True)
class Picture:
    """An image of a batch; its id comes back with the result."""

    image: bytes
    id: str | None = None
    min_confidence: float | None = None


@dataclass(frozen=True)
class Collection:
    """What CollectRecognize says of all frames."""

    results: list[Recognition]
    frames: int
    failed_frames: int
    faces: int
    latency_ms: float


@dataclass(frozen=True)
class TextItem:
    text: str
    id: str | None = None


@dataclass(frozen=True)
class Classification:
    label: str
    confidence: float
    id: str | None = None


@dataclass(frozen=True)
class Audio:
    """One channel of sound: features as a model takes them, or samples of 16 bit, little-endian, with their rate."""

    features: list[float] = field(default_factory=list)
    pcm16: bytes = b""
    sample_rate_hz: int = 0


@dataclass(frozen=True)
class Moment:
    """What is analysed together; each part may be left out."""

    text: str = ""
    image: bytes = b""
    audio: Audio | None = None


@dataclass(frozen=True)
class TextPart:
    model_id: str
    result: Classification | None = None
    error: SluiceError | None = None


@dataclass(frozen=True)
class ImagePart:
    model_id: str
    faces: list[Face] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    error: SluiceError | None = None


@dataclass(frozen=True)
class AudioPart:
    model_id: str
    labels: list[Label] = field(default_factory=list)
    error: SluiceError | None = None


@dataclass(frozen=True)
class Analysis:
    """Parts that were not sent are None; a part that failed has its error."""

    latency_ms: float
    text: TextPart | None = None
    image: ImagePart | None = None
    audio: AudioPart | None = None
    sequence: int | None = None
    error: SluiceError | None = None
