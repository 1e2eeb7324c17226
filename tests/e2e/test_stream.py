"""Live frames over gRPC: answers in order, a bad frame does not end the stream."""

from __future__ import annotations

import threading

import grpc
import pytest
import requests


def test_answers_come_in_order_and_a_bad_frame_is_answered_with_an_error(images, protos, sample):
    frames = [sample, b"not a picture", sample, b"", sample] * 4
    answers = list(images.StreamRecognize(protos.images.RecognizeRequest(image=f) for f in frames))
    assert [a.sequence for a in answers] == list(range(len(frames)))
    for frame, answer in zip(frames, answers):
        if frame == sample:
            assert len(answer.faces) == 1 and not answer.HasField("error")
            assert answer.latency > 0
        else:
            assert answer.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            assert answer.error.message


def test_an_answer_does_not_wait_for_the_next_frame(images, protos, sample):
    go = threading.Event()

    def frames():
        yield protos.images.RecognizeRequest(image=sample)
        assert go.wait(20), "the first answer did not come while the stream was open"
        yield protos.images.RecognizeRequest(image=sample)

    stream = images.StreamRecognize(frames())
    assert next(stream).sequence == 0
    go.set()
    assert next(stream).sequence == 1


def test_reading_stops_while_nobody_reads_the_answers(server, images, protos, sample):
    """Flow control: a client that sends without reading is held, and then gets every answer."""
    count = 200
    answers = list(images.StreamRecognize(protos.images.RecognizeRequest(image=sample) for _ in range(count)))
    assert len(answers) == count


def test_a_cancelled_stream_is_logged_as_such(server, images, protos, sample):
    hold = threading.Event()

    def frames():
        yield protos.images.RecognizeRequest(image=sample)
        hold.wait(20)

    stream = images.StreamRecognize(frames(), metadata=[("x-request-id", "stream-cancel")])
    next(stream)
    stream.cancel()
    hold.set()
    (line,) = server.log_lines("stream-cancel")
    assert line["code"] == "CANCELLED"
