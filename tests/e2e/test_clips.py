"""Clips over gRPC: CollectRecognize (frames in, one summary out) and WatchRecognize (a batch in, results as they
finish)."""

from __future__ import annotations

import cv2
import grpc
import numpy as np
import pytest


def rpc_error(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


@pytest.fixture(scope="session")
def small(sample: bytes) -> bytes:
    """The sample at a quarter of its size, still with its face."""
    picture = cv2.imdecode(np.frombuffer(sample, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", cv2.resize(picture, None, fx=0.5, fy=0.5))[1].tobytes()


def test_collect_counts_and_keeps_the_order(images, protos, sample, small):
    frames = [sample, b"not a picture", small, b"", sample]
    summary = images.CollectRecognize(protos.images.RecognizeRequest(image=f) for f in frames)
    assert (summary.frames, summary.failed_frames, summary.faces) == (5, 2, 3)
    assert [r.sequence for r in summary.results] == [0, 1, 2, 3, 4]
    assert [len(r.faces) for r in summary.results] == [1, 0, 1, 0, 1]
    assert [r.HasField("error") for r in summary.results] == [False, True, False, True, False]
    assert summary.results[3].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert summary.latency > 0 and all(r.latency > 0 for r in summary.results if not r.HasField("error"))


def test_collect_of_nothing_is_an_empty_summary(images, protos):
    summary = images.CollectRecognize(iter(()))
    assert (summary.frames, len(summary.results), summary.latency) == (0, 0, 0)


def test_collect_bounds_the_frames_of_a_call(images, protos):
    error = rpc_error(lambda: images.CollectRecognize(protos.images.RecognizeRequest() for _ in range(1001)))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "at most 1000 frames" in error.details()
    assert images.CollectRecognize(protos.images.RecognizeRequest() for _ in range(1000)).failed_frames == 1000


def test_collect_options_of_a_frame_are_its_own(images, protos, sample):
    frames = [protos.images.RecognizeRequest(image=sample, min_confidence=c) for c in (0.5, 1)]
    frames.append(protos.images.RecognizeRequest(image=sample, model_id="nobody"))
    summary = images.CollectRecognize(iter(frames))
    assert [len(r.faces) for r in summary.results] == [1, 0, 0]
    assert summary.results[2].error.code == grpc.StatusCode.NOT_FOUND.value[0]


def test_watch_answers_every_picture_of_a_batch(images, protos, sample, small):
    pictures = [sample, b"junk", small] * 5
    request = protos.images.WatchRecognizeRequest(
        images=[protos.images.WatchImage(image=p, id=f"picture-{i}") for i, p in enumerate(pictures)]
    )
    answers = list(images.WatchRecognize(request))
    assert sorted(a.sequence for a in answers) == list(range(15))
    for answer in answers:
        assert answer.id == f"picture-{answer.sequence}"
        assert answer.HasField("error") == (pictures[answer.sequence] == b"junk")
        assert len(answer.faces) == (0 if answer.HasField("error") else 1)


def test_watch_a_quick_picture_overtakes_a_slow_one(images, protos, sample, small):
    """Results come as they finish: refused images before those that are computed."""
    request = protos.images.WatchRecognizeRequest(images=[protos.images.WatchImage(image=p) for p in (sample, b"")])
    assert [a.sequence for a in images.WatchRecognize(request)] == [1, 0]


def test_watch_min_confidence_of_the_batch_and_of_a_picture(images, protos, sample):
    request = protos.images.WatchRecognizeRequest(
        min_confidence=1,
        images=[protos.images.WatchImage(image=sample), protos.images.WatchImage(image=sample, min_confidence=0.5)],
    )
    assert {a.sequence: len(a.faces) for a in images.WatchRecognize(request)} == {0: 0, 1: 1}


@pytest.mark.parametrize("between", [b"", b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"])
def test_watch_an_mjpeg_clip(images, protos, sample, small, between):
    clip = between + between.join([sample, small, sample]) + between
    answers = list(images.WatchRecognize(protos.images.WatchRecognizeRequest(mjpeg=clip)))
    assert sorted(a.sequence for a in answers) == [0, 1, 2]
    assert all(len(a.faces) == 1 for a in answers)


def test_watch_a_clip_that_breaks_off(images, protos, sample):
    answers = list(
        images.WatchRecognize(protos.images.WatchRecognizeRequest(mjpeg=sample + sample[: len(sample) // 2]))
    )
    assert {a.sequence for a in answers} == {0, 1}


def test_watch_refusals(images, protos, sample):
    Request, Image = protos.images.WatchRecognizeRequest, protos.images.WatchImage
    for request, text in [
        (Request(), "send either images in images"),
        (Request(images=[Image(image=sample)], mjpeg=sample), "send either images in images"),
        (Request(mjpeg=b"RIFF...AVI "), "no JPEG in the clip"),
        (Request(mjpeg=b"\xff" * 1_000_000), "no JPEG in the clip"),
        (Request(images=[Image()] * 1001), "at most 1000 images"),
    ]:
        error = rpc_error(lambda: list(images.WatchRecognize(request)))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and text in error.details()


def test_watch_cancelled_by_the_client_is_logged_as_such(server, images, protos, sample):
    request = protos.images.WatchRecognizeRequest(images=[protos.images.WatchImage(image=sample)] * 200)
    stream = images.WatchRecognize(request, metadata=[("x-request-id", "watch-cancel")])
    next(stream)
    stream.cancel()
    (line,) = server.log_lines("watch-cancel")
    assert line["code"] == "CANCELLED"
