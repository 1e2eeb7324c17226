"""/metrics: both formats by independent parsers, exemplars, labels that no client can multiply, and docs/metrics.md."""

from __future__ import annotations

import http.client
import json
import os
import uuid
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, Server
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

import metrics_md

OPENMETRICS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def busy(tmp_path_factory, sample):
    """A server that has done a little of everything, so that it shows everything."""
    folder = tmp_path_factory.mktemp("metrics")
    config = f"""breaker: {{rules: {ROOT}/deploy/sentinel/rules.json}}
tracing: {{exporter: otlp, endpoint: "http://127.0.0.1:1"}}
redis: {{address: "127.0.0.1:1"}}
"""
    server = Server(folder, config=config, listeners=1)
    with httpx.Client(base_url=server.url, timeout=30) as client:
        jpeg = {"content": sample, "headers": {"content-type": "image/jpeg"}}
        for model in ("face_detection_v1", "nobody"):
            client.post("/api/v1/recognize", params={"model_id": model}, **jpeg)
        client.post("/api/v1/breakers:open", json={"model_id": "face_detection_v1"})
        assert client.post("/api/v1/recognize", **jpeg).headers["x-sluice-degraded"]
        client.post("/api/v1/breakers:auto", json={"model_id": "face_detection_v1"})
        for _ in range(2):
            client.post(
                "/api/v1/classify",
                json={"texts": ["足球"], "model_id": "news_classification_v1"},
                headers={"Idempotency-Key": '"k"'},
            )
    yield server
    assert server.stop() == 0, server.stderr_path.read_text()


def page(server: Server, accept: str = "") -> str:
    answer = httpx.get(f"{server.url}/metrics", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    return answer.text


def samples(text: str, parse=parse_text) -> dict[tuple, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_both_formats_say_the_same(busy):
    plain, openmetrics = samples(page(busy)), samples(page(busy, OPENMETRICS), parse_openmetrics)
    assert set(plain) == set(openmetrics)
    assert len(plain) > 500
    differ = {key[0] for key in plain if plain[key] != openmetrics[key]}
    assert all(
        name.startswith(
            (
                "process_",
                "ai_inference_principal",
                "ai_inference_worker_util",
                "ai_model_util",
                "ai_inference_loop_turn",
                "ai_inference_network",
                "ai_inference_conn",
                "ai_inference_infl",
            )
        )
        for name in differ
    ), differ


def test_the_type_is_what_was_asked_for(busy):
    def type_of(accept: str, encoding: str = "identity") -> tuple[str, str | None]:
        answer = httpx.get(f"{busy.url}/metrics", headers={"accept": accept, "accept-encoding": encoding})
        return answer.headers["content-type"], answer.headers.get("content-encoding")

    assert type_of("*/*") == ("text/plain; version=0.0.4; charset=utf-8", None)
    assert type_of("text/html") == ("text/plain; version=0.0.4; charset=utf-8", None)
    assert type_of(OPENMETRICS, "gzip") == ("application/openmetrics-text; version=1.0.0; charset=utf-8", "gzip")


def test_an_exemplar_names_the_trace_of_a_call(busy, sample):
    headers = {"content-type": "image/jpeg", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert httpx.post(f"{busy.url}/api/v1/recognize", content=sample, headers=headers, timeout=30).status_code == 200
    exemplars = [
        (one.name, one.exemplar)
        for family in parse_openmetrics(page(busy, OPENMETRICS))
        for one in family.samples
        if one.exemplar and one.exemplar.labels.get("trace_id") == TRACE
    ]
    assert [name for name, _ in exemplars] == ["ai_inference_latency_seconds_bucket"]
    assert len(exemplars[0][1].labels["span_id"]) == 16
    assert "# {" not in page(busy)


def test_no_client_makes_new_series(busy):
    def ask(model: str) -> None:
        body = json.dumps({"texts": ["x"], "model_id": model})
        connection.request("POST", "/api/v1/classify", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 404

    connection = http.client.HTTPConnection(busy.address, timeout=30)
    ask("first")
    before = set(samples(page(busy)))
    for _ in range(10_000):
        ask(uuid.uuid4().hex)
    assert set(samples(page(busy))) == before


def test_latency_of_refusals_is_apart(busy):
    found = samples(page(busy))
    outcomes = {dict(key[1:])["outcome"] for key in found if key[0] == "ai_inference_latency_seconds_count"}
    assert {"success", "failed"} <= outcomes


def test_one_bucket_ends_at_the_models_promise(busy):
    found = samples(page(busy))
    (promise,) = {
        value
        for key, value in found.items()
        if key[0] == "ai_model_slo_seconds" and ("model_id", "face_detection_v1") in key
    }
    assert promise > 0
    bounds = {
        float(dict(key[1:])["le"])
        for key in found
        if key[0] == "ai_inference_latency_seconds_bucket" and ("model_id", "face_detection_v1") in key
    }
    assert promise in bounds


def test_stages_of_a_picture(busy):
    count = {
        dict(key[1:])["stage"]: value
        for key, value in samples(page(busy)).items()
        if key[0] == "ai_inference_stage_seconds_count" and ("model_id", "face_detection_v1") in key
    }
    assert set(count) == {"body", "queue", "decode", "pre", "infer", "post", "write"}
    assert min(count.values()) >= 1, count


def test_each_metric_has_a_sample_here(busy):
    """Else the documentation cannot say which labels it has."""
    empty = [name for name, family in metrics_md.families_of(page(busy)).items() if not family["samples"]]
    assert empty == []


def test_the_documentation_lists_them_all(busy):
    now = metrics_md.page_of(page(busy))
    if os.environ.get("METRICS_MD") == "write":
        metrics_md.PAGE.write_text(now, encoding="utf-8")
    assert Path(metrics_md.PAGE).read_text(encoding="utf-8") == now, (
        "stale: METRICS_MD=write pytest tests/e2e/test_metrics.py"
    )


def test_a_scrape_with_a_hundred_models_is_small_work(tmp_path):
    models = tmp_path / "models"
    for i in range(100):
        (models / f"echo{i}").mkdir(parents=True)
        (models / f"echo{i}/model.yaml").write_text("engine: identity\n")
    server = Server(tmp_path, models=models, listeners=1)
    try:
        body = {"inputs": [{"name": "input", "shape": [1], "datatype": "FP32", "data": [1.5]}]}
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for i in range(100):
                assert client.post(f"/v2/models/echo{i}/infer", json=body).status_code == 200
            for coding in ("identity", "gzip"):
                took = []
                for _ in range(20):
                    answer = client.get("/metrics", headers={"accept-encoding": coding})
                    took.append(answer.elapsed.total_seconds())
                assert answer.headers.get("content-encoding", "identity") == coding
                print(f"a scrape of {len(answer.content) >> 10} KiB, {coding}: {min(took) * 1e3:.1f} ms")
                assert min(took) < 0.1  # 5 ms at most; a machine that does other things, too
    finally:
        assert server.stop() == 0
