"""clients/python, installed as a user would, against the real server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy
import pytest

from conftest import ROOT
from sluice_client import (
    AsyncClient,
    AsyncRestClient,
    Client,
    Frame,
    Moment,
    Picture,
    RestClient,
    SluiceError,
    TextItem,
)
from sluice_client.errors import RETRYABLE_REASONS

PACKAGE = ROOT / "clients" / "python"
TEXTS = ["中国女排获得世界杯冠军", "特斯拉发布新款电动车"]


@pytest.fixture(scope="module")
def blank() -> bytes:
    return cv2.imencode(".png", numpy.zeros((32, 32, 3), numpy.uint8))[1].tobytes()


@pytest.fixture(params=[Client, RestClient])
def client(request, server):
    with request.param(server.address if request.param is Client else server.url) as client:
        yield client


def test_one_function_per_rpc(client, sample, blank):
    assert len(client.recognize(sample).faces) == 1
    assert client.recognize(sample, min_confidence=1.0).faces == []
    assert [one.label for one in client.classify(TEXTS)][0] == "体育"
    assert [one.id for one in client.classify([TextItem(TEXTS[0], id="a"), TEXTS[1]])] == ["a", None]

    collected = client.collect_recognize([Frame(sample), Frame(b"no picture"), Frame(blank)])
    assert (collected.frames, collected.failed_frames, collected.faces) == (3, 1, 1)
    assert collected.results[1].error.reason == "INVALID_IMAGE"

    watched = {one.id: one for one in client.watch_recognize([Picture(sample, id="face"), Picture(blank, id="blank")])}
    assert len(watched["face"].faces) == 1 and watched["blank"].faces == []
    assert len(list(client.watch_recognize(mjpeg=sample + sample))) == 2

    analysis = client.analyze(Moment(text=TEXTS[0], image=b"no picture"))
    assert (
        analysis.text.result.label == "体育"
        and analysis.image.error.reason == "INVALID_IMAGE"
        and analysis.audio is None
    )
    assert len(client.analyze(Moment(image=sample)).image.faces) == 1


def test_live_frames(server, sample, blank):
    with Client(server.address) as client:
        answers = list(client.stream_recognize(Frame(image) for image in (sample, b"bad", blank)))
    assert [len(answer.faces) for answer in answers] == [1, 0, 0]
    assert [answer.sequence for answer in answers] == [0, 1, 2]
    assert answers[1].error.reason == "INVALID_IMAGE"
    with Client(server.address) as client:
        analyses = list(client.stream_analyze([Moment(text=TEXTS[0]), Moment(image=sample)]))
    assert analyses[0].text.result.label == "体育" and len(analyses[1].image.faces) == 1


def test_errors_are_those_of_the_server(client):
    with pytest.raises(SluiceError) as caught:
        client.recognize(b"no picture", request_id="client-error")
    error = caught.value
    assert (error.code, error.reason, error.request_id) == ("INVALID_ARGUMENT", "INVALID_IMAGE", "client-error")
    with pytest.raises(SluiceError) as caught:
        client.classify(["x"] * 101)
    assert caught.value.message == "最多支持100条文本批量处理"
    with pytest.raises(SluiceError) as caught:
        list(client.watch_recognize())
    assert caught.value.reason == "INVALID_REQUEST"


def test_names_reach_the_log(client, server, sample):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    request_id = f"python-{type(client).__name__}"
    client.recognize(sample, request_id=request_id, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    (line,) = server.log_lines(request_id)
    assert line["trace_id"] == trace


def test_a_deadline_ends_the_call(client, sample):
    with pytest.raises(SluiceError) as caught:
        client.recognize(sample, timeout_s=0.0005)
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("kind", [AsyncClient, AsyncRestClient])
def test_asyncio(kind, server, sample, blank):
    async def run():
        async with kind(server.address if kind is AsyncClient else server.url) as client:
            one, texts, collected = await asyncio.gather(
                client.recognize(sample),
                client.classify(TEXTS),
                client.collect_recognize([Frame(sample), Frame(blank)]),
            )
            watched = [answer async for answer in client.watch_recognize([Picture(sample), Picture(blank)])]
            live = [answer async for answer in client.stream_recognize([Frame(sample)])] if kind is AsyncClient else []
            with pytest.raises(SluiceError):
                await client.recognize(b"no picture")
            return one, texts, collected, watched, live

    one, texts, collected, watched, live = asyncio.run(run())
    assert len(one.faces) == 1 and texts[0].label == "体育" and collected.frames == 2 and len(watched) == 2
    assert kind is AsyncRestClient or len(live[0].faces) == 1


def test_it_installs_and_is_typed(tmp_path, server):
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    ]
    copy = tmp_path / "source"
    subprocess.run(["cp", "-r", PACKAGE, copy], check=True)
    subprocess.run([*pip, "--target", tmp_path / "site", copy], check=True, timeout=200)
    script = f"""
from sluice_client import Client
with Client("{server.address}") as client:
    print(client.classify(["{TEXTS[0]}"])[0].label)
"""
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == "体育", run.stderr
    assert (tmp_path / "site/sluice_client/py.typed").exists()
    typed = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            PACKAGE / "pyproject.toml",
            "--cache-dir",
            tmp_path / "mypy",
            PACKAGE / "sluice_client",
        ],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert typed.returncode == 0, typed.stdout


def test_its_descriptors_are_up_to_date():
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "clients.py", "--check"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_retries_what_the_table_says(protos):
    extension = protos.errors.reason
    values = protos.errors.Reason.DESCRIPTOR.values
    assert RETRYABLE_REASONS == {value.name for value in values if value.GetOptions().Extensions[extension].retryable}


def test_service_config_is_json():
    config = json.loads(Path(ROOT / "clients/grpc/service_config.json").read_text())
    assert config["methodConfig"][0]["retryPolicy"]["maxAttempts"] == 5
