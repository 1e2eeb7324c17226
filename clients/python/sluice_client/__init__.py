"""Client of the Sluice inference API server.

    from sluice_client import Client

    with Client("127.0.0.1:50051") as client:
        for face in client.recognize(open("photo.jpg", "rb").read()).faces:
            print(face.x, face.y, face.width, face.height, face.confidence)

`Client` and `AsyncClient` speak gRPC, `RestClient` and `AsyncRestClient` HTTP (with the extra `rest`). All of them have
one function per rpc, give every call a deadline, and retry what may be retried: 1, 2, 4, 8 s apart with jitter, or when
the server says. While the server refuses most calls, some are refused here (ThrottlePolicy).
All attempts of a call carry one X-Request-ID, by which a server can tell them from new calls; `traceparent` begins a
trace.
"""

from .aio import AsyncClient
from .client import Client
from .errors import SluiceError
from .retry import RetryPolicy
from .throttle import ThrottlePolicy
from .types import (
    Analysis,
    Audio,
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

__all__ = [
    "Analysis",
    "Audio",
    "AudioPart",
    "AsyncClient",
    "AsyncRestClient",
    "Classification",
    "Client",
    "Collection",
    "Face",
    "Frame",
    "ImagePart",
    "Label",
    "Moment",
    "Picture",
    "Recognition",
    "RestClient",
    "RetryPolicy",
    "SluiceError",
    "TextItem",
    "TextPart",
    "ThrottlePolicy",
]


def __getattr__(name: str) -> object:
    """The REST clients need httpx, which only who uses them has to have."""
    if name in ("RestClient", "AsyncRestClient"):
        from . import rest

        return getattr(rest, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
