"""What the OpenAPI document cannot say to schemathesis, as hooks (SCHEMATHESIS_HOOKS).

An image is bytes that a decoder takes, and no JSON Schema describes those: wherever the document asks for one, a small
real image is sent. Random bytes are the business of the fuzz targets and of the second run, which wants no server error
of them.
"""

import base64
import os

import cv2
import numpy
import schemathesis
from hypothesis import strategies

REAL_PICTURES = os.environ.get("PICTURES", "real") == "real"


def encoded(extension: str) -> list[bytes]:
    sizes = [(1, 1), (7, 3), (64, 48)]
    pictures = [numpy.full((height, width, 3), 40 * index, numpy.uint8) for index, (width, height) in enumerate(sizes)]
    return [cv2.imencode(extension, picture)[1].tobytes() for picture in pictures]


FILES = {"image/jpeg": encoded(".jpg"), "image/png": encoded(".png"), "image/webp": encoded(".webp")}
JPEG = FILES["image/jpeg"]
CLIPS = [JPEG[0], b"".join(JPEG)]
LINES = [b'{"image": "%s"}\n' % base64.b64encode(JPEG[2]), b'{"image": ""}\n{"model_id": "none"}']


@schemathesis.serializer("application/x-ndjson")
def lines_of(context, value) -> bytes:
    """What is no text cannot be sent as lines, and no text at all is a stream of nothing; a bad line stands for
    both."""
    return value.encode() if isinstance(value, str) and value.strip() else b"-"


if REAL_PICTURES:
    for media_type, files in FILES.items():
        schemathesis.openapi.media_type(media_type, strategies.sampled_from(files))
    for media_type in ("video/x-motion-jpeg", "multipart/x-mixed-replace"):
        schemathesis.openapi.media_type(media_type, strategies.sampled_from(CLIPS))
    schemathesis.openapi.format("ndjson", strategies.sampled_from(LINES).map(bytes.decode))
    schemathesis.openapi.format("byte", strategies.sampled_from(JPEG).map(lambda file: base64.b64encode(file).decode()))
    schemathesis.openapi.format("binary", strategies.sampled_from(JPEG))


def share_the_hundred(texts, items) -> None:
    """Two lists share one limit of 100; JSON Schema knows limits of one list, and the description says the rest."""
    if isinstance(texts, list) and isinstance(items, list) and len(texts) <= 100 and len(items) <= 100:
        del items[max(0, 100 - len(texts)) :]


def keep_out_of_bounds(fields) -> None:
    """1.0000000000000002 is 1 to a float of seven digits; a value that is meant to be out of bounds is made so."""
    try:
        value = float(fields["min_confidence"])
    except (KeyError, TypeError, ValueError):
        return
    if 1 < value < 1.0001 or -1e-4 < value < 0:
        fields["min_confidence"] = round(value + (1 if value > 1 else -1), 3)


def use_the_default_model(fields) -> None:
    """schemathesis tries values of other answers, but a text model finds no faces, and no schema knows whose model is
    whose."""
    if isinstance(fields, dict) and fields.get("model_id") in ("face_detection_v1", "news_classification_v1"):
        fields["model_id"] = ""


def keep_the_models(case) -> None:
    """Models that other tests need are not unloaded, nor read again while they serve."""
    if case.path.startswith("/v2/repository/models/") and case.path_parameters:
        case.path_parameters["model_name"] = "none_such" if case.path.endswith("/unload") else "echo"


def send_json_as_json(case) -> None:
    """With a length of 0 a body is the bytes of a tensor, whatever its Content-Type says, and bytes cannot be wrong."""
    if (
        case.media_type == "application/json"
        and case.headers
        and str(case.headers.get("Inference-Header-Content-Length")) == "0"
    ):
        del case.headers["Inference-Header-Content-Length"]


def say_the_same_twice(case) -> None:
    """A field of the body wins over the query's; so a bad one in the query is put in the body as well, to be
    refused."""
    if not isinstance(case.body, dict) or not case.query:
        return
    if any("QUERY" in str(place).upper() and part.mode.is_negative for place, part in case.meta.components.items()):
        case.body.update({name: value for name, value in case.query.items() if name in case.body})


@schemathesis.hook
def before_call(context, case, kwargs):
    """A deadline of nothing is answered 504, rightly; here every call may take its time."""
    if case.media_type == "multipart/x-mixed-replace":
        # Multipart to the client library of schemathesis is a form, sent without this type.
        case.media_type = "video/x-motion-jpeg"
    say_the_same_twice(case)
    keep_the_models(case)
    send_json_as_json(case)
    for fields in (case.query, case.body):
        keep_out_of_bounds(fields)
        use_the_default_model(fields)
    if isinstance(case.body, dict):
        share_the_hundred(case.body.get("texts"), case.body.get("items"))
    elif case.query:
        share_the_hundred(case.query.get("texts"), case.body)
    if case.headers and str(case.headers.get("X-Request-Timeout", "")).replace(".", "").isdigit():
        case.headers["X-Request-Timeout"] = "30"
