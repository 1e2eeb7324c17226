"""GET /metrics of a server with 100 models, all of which have served: what a scrape costs the server, and whether a
loop noticed."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import statistics
import time
from pathlib import Path

from load import Process, cpu_seconds, free_port

MODELS = 100
TENSOR = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
FORMS = (
    ("text", "text/plain", False),
    ("text, gzip", "text/plain", True),
    ("OpenMetrics", "application/openmetrics-text", False),
    ("OpenMetrics, gzip", "application/openmetrics-text", True),
)


def serve(build: Path, folder: Path) -> tuple[Process, int]:
    for i in range(MODELS):
        model = folder / f"models/classifier_{i:03}"
        model.mkdir(parents=True)
        (model / "model.yaml").write_text("engine: identity\nslo_ms: 90\n")
    port = free_port()
    config = folder / "scrape.yaml"
    config.write_text(f"models: {{root: {folder / 'models'}}}\nlogs: {{access: off}}\ntracing: {{sample_ratio: 1}}\n")
    return Process([build / "sluice", "serve", "--config", config, "--listen", f"127.0.0.1:{port}"]), port


def fill(connection: http.client.HTTPConnection) -> None:
    """Every model gets calls that go well, and one that does not."""
    for i in range(MODELS):
        for body, status in [(TENSOR, 200)] * 5 + [({"inputs": []}, 400)]:
            connection.request("POST", f"/v2/models/classifier_{i:03}/infer", json.dumps(body))
            answer = connection.getresponse()
            assert answer.read() and answer.status == status


def scrape(connection: http.client.HTTPConnection, accept: str, packed: bool) -> tuple[str, int]:
    headers = {"Accept": accept, "Accept-Encoding": "gzip" if packed else "identity"}
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return (gzip.decompress(body) if packed else body).decode(), len(body)


def long_turns(connection: http.client.HTTPConnection) -> int:
    text, _ = scrape(connection, "text/plain", False)
    of_loops = re.findall(r'^ai_inference_loop_turn_seconds_bucket\{loop="\d+",le="(.+)"\} (\d+)$', text, re.M)
    return sum(int(n) for le, n in of_loops if le == "+Inf") - sum(int(n) for le, n in of_loops if le == "0.001")


def bench_scrape(build: Path, folder: Path, rounds: int) -> None:
    server, port = serve(build, folder)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    fill(connection)
    times = 20 * rounds
    print(f"\nScrapes of {MODELS} models, {times} of each form, one after the other")
    print(
        f"{'form':<20}{'samples':>9}{'bytes':>10}{'CPU ms':>9}"
        f"{'least ms':>10}{'median':>8}{'P99':>7}{'turns > 1 ms':>14}"
    )
    for name, accept, packed in FORMS:
        text, size = scrape(connection, accept, packed)
        long, cpu, walls = long_turns(connection), cpu_seconds(server.pid), []
        for _ in range(times):
            began = time.monotonic()
            connection.request(
                "GET", "/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip" if packed else "identity"}
            )
            connection.getresponse().read()
            walls.append(time.monotonic() - began)
        cpu = (cpu_seconds(server.pid) - cpu) / times
        samples = sum(not line.startswith("#") for line in text.splitlines())
        print(
            f"{name:<20}{samples:>9}{size:>10}{cpu * 1e3:>9.2f}"
            f"{min(walls) * 1e3:>10.2f}{statistics.median(walls) * 1e3:>8.2f}"
            f"{sorted(walls)[times * 99 // 100] * 1e3:>7.2f}{long_turns(connection) - long:>14}"
        )
    server.stop()
