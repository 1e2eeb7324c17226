"""Multimodal/Analyze and StreamAnalyze: text, image and sound in one message, each answered by its own model."""

from __future__ import annotations

import base64
import math
import struct

import grpc
import pytest
import requests

import nets
from conftest import Server

SECONDS, RATE = 10, 16000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The repository's models, and a net for sound that the test makes: is it loud or quiet?"""
    folder = tmp_path_factory.mktemp("multimodal")
    sound = folder / "models" / "loudness"
    nets.loudness(sound / "1")
    (sound / "model.yaml").write_text(
        "task: audio_classification\naudio_classification: {sample_rate_hz: 16000, outputs: probabilities, top: 1}\n"
    )
    (sound / "labels.txt").write_text("loud\nquiet\n")
    with Server(
        folder, config=f"models: {{extra_roots: [{folder / 'models'}]}}\nmultimodal: {{audio_model: loudness}}"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def stub(server, protos):
    with grpc.insecure_channel(server.address) as channel:
        yield protos.multimodal_grpc.MultimodalStub(channel)


def sound(level: int) -> bytes:
    """Ten seconds of a square wave at 16 kHz."""
    return struct.pack("<2h", level, -level) * (SECONDS * RATE // 2)


def tone(tone_hz: float, rate: int) -> bytes:
    """Ten seconds of a loud sine."""
    return b"".join(
        struct.pack("<h", round(32000 * math.sin(2 * math.pi * tone_hz * i / rate))) for i in range(SECONDS * rate)
    )


def test_three_parts_in_one_message(stub, protos, sample):
    answer = stub.Analyze(
        protos.multimodal.MultimodalRequest(
            text="周杰伦新专辑销量破千万",
            image=sample,
            audio=protos.multimodal.Audio(pcm16=sound(30000), sample_rate_hz=RATE),
        )
    )
    assert answer.text.result.label == "娱乐" and answer.text.model_id == "news_classification_v1"
    assert len(answer.image.faces) == 1 and answer.image.model_id == "face_detection_v1"
    assert answer.audio.labels[0].label == "loud" and answer.audio.model_id == "loudness"
    assert answer.latency > 0 and not answer.HasField("sequence")
    assert not (answer.text.HasField("error") or answer.image.HasField("error") or answer.audio.HasField("error"))


def test_features_and_json(server, sample):
    features = [0.001, -0.001] * (SECONDS * RATE // 2)
    answer = requests.post(
        f"{server.url}/api/v1/analyze", json={"text": "NBA总决赛今日开战", "audio": {"features": features}}
    ).json()
    assert answer["text"]["result"]["label"] == "体育"
    assert answer["audio"]["labels"] == [{"label": "quiet", "confidence": pytest.approx(0.999, abs=1e-3)}]
    assert "image" not in answer
    picture = requests.post(f"{server.url}/api/v1/analyze", json={"image": base64.b64encode(sample).decode()}).json()
    assert len(picture["image"]["faces"]) == 1 and "text" not in picture


@pytest.mark.parametrize("rate", (8000, 44100, 48000))
def test_sound_of_another_rate_is_resampled(stub, server, protos, rate):
    def heard(pcm16: bytes, at: int):
        return stub.Analyze(
            protos.multimodal.MultimodalRequest(audio=protos.multimodal.Audio(pcm16=pcm16, sample_rate_hz=at))
        ).audio.labels[0]

    loudness = 32000 / 32768 * 2 / math.pi  # the mean of a sine's absolute values
    heard_tone = heard(tone(440, rate), rate)
    assert (heard_tone.label, heard_tone.confidence) == ("loud", pytest.approx(loudness, abs=1e-3))
    json = {"audio": {"pcm16": base64.b64encode(tone(440, rate)).decode(), "sample_rate_hz": rate}}
    assert requests.post(f"{server.url}/api/v1/analyze", json=json).json()["audio"]["labels"][0] == {
        "label": "loud",
        "confidence": pytest.approx(heard_tone.confidence),
    }
    if rate > 2 * 11000:
        # The model's 16 kHz carry nothing above 8 kHz; the same bytes, said to be at 16 kHz, are heard.
        high = tone(11000, rate)[: 2 * SECONDS * RATE]
        assert heard(high, rate).label == "quiet" and heard(high, rate).confidence > 0.999
        assert heard(high, RATE).label == "loud"


def test_a_part_that_fails_fails_alone(stub, protos, sample):
    answer = stub.Analyze(
        protos.multimodal.MultimodalRequest(
            text="ok", image=b"no picture", audio=protos.multimodal.Audio(pcm16=sound(100), sample_rate_hz=7000)
        )
    )
    assert answer.text.result.label and not answer.text.HasField("error")
    assert answer.image.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0] and not answer.image.faces
    assert "16000 Hz, not 7000; pcm16 is resampled between 8000 and 192000 Hz" in answer.audio.error.message


def test_when_every_part_fails_the_call_fails(stub, server, protos):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Analyze(protos.multimodal.MultimodalRequest(image=b"no picture"))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    empty = requests.post(f"{server.url}/api/v1/analyze", json={})
    assert empty.status_code == 400 and "send text, image or audio" in empty.json()["detail"]


def test_a_part_without_a_model_says_what_to_set(tmp_path, protos, sample):
    server = Server(tmp_path)
    with grpc.insecure_channel(server.address) as channel:
        answer = protos.multimodal_grpc.MultimodalStub(channel).Analyze(
            protos.multimodal.MultimodalRequest(
                text="ok", audio=protos.multimodal.Audio(pcm16=sound(1), sample_rate_hz=RATE)
            )
        )
    assert "set multimodal.audio_model" in answer.audio.error.message
    assert server.stop() == 0


def test_a_model_whose_input_no_sound_fits_is_refused_at_load(tmp_path, protos):
    """Its fixed dimensions multiply to 0, and the length of a sound would be divided by that."""
    models = tmp_path / "models"
    nets.nothing(models / "nothing" / "1")
    (models / "nothing" / "model.yaml").write_text("task: audio_classification\n")
    (models / "nothing" / "labels.txt").write_text("loud\nquiet\n")
    server = Server(tmp_path, models=models, config="multimodal: {audio_model: nothing}")
    index = requests.post(server.url + "/v2/repository/index").json()
    assert [model["reason"] for model in index] == [
        "the model's input [1,-1,0] has a dimension of size 0, which no audio fits"
    ]
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as caught:
        protos.multimodal_grpc.MultimodalStub(channel).Analyze(
            protos.multimodal.MultimodalRequest(audio=protos.multimodal.Audio(pcm16=sound(1), sample_rate_hz=RATE))
        )
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert server.stop() == 0


def test_a_stream_answers_in_order_and_goes_on_after_a_bad_message(stub, protos, sample):
    messages = [
        protos.multimodal.MultimodalRequest(image=sample),
        protos.multimodal.MultimodalRequest(text="央行宣布降准"),
        protos.multimodal.MultimodalRequest(),
        protos.multimodal.MultimodalRequest(audio=protos.multimodal.Audio(pcm16=sound(30000), sample_rate_hz=RATE)),
    ]
    answers = list(stub.StreamAnalyze(iter(messages)))
    assert [answer.sequence for answer in answers] == [0, 1, 2, 3]
    assert len(answers[0].image.faces) == 1 and answers[1].text.result.label == "财经"
    assert "nothing to analyse" in answers[2].error.message
    assert answers[3].audio.labels[0].label == "loud"
