"""Text classification: the article's examples, bad input, accuracy through the served API."""

from __future__ import annotations

import collections
import gzip
import sys

import grpc
import pytest
import requests

from conftest import ROOT, SHARED

EXAMPLES = {"中国女排获得世界杯冠军": "体育", "特斯拉发布新款电动车": "科技", "周杰伦新专辑销量破千万": "娱乐"}
MODELS = ["news_classification_v1", "news_classification_bert_v1"]


def classify(server, body, **kwargs):
    return requests.post(f"{server.url}/api/v1/classify", json=body, **kwargs)


@pytest.mark.parametrize("model", MODELS)
def test_the_articles_examples(server, model):
    answer = classify(server, {"texts": list(EXAMPLES), "model_id": model})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [r["label"] for r in results] == list(EXAMPLES.values())
    assert all(set(r) == {"label", "confidence"} and 0 < r["confidence"] <= 1 for r in results)


def test_array_form_keeps_ids(server):
    items = [{"text": "中国女排获得世界杯冠军", "id": "a"}, {"text": "周杰伦新专辑销量破千万"}]
    answer = requests.post(f"{server.url}/api/v1/classify:batch", json=items)
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["results"]
    assert first["label"] == "体育" and first["id"] == "a" and "id" not in second


def test_grpc_answers_the_same(server, protos):
    import importlib

    texts_pb2 = importlib.import_module("ai.inference.text_classification_pb2")
    texts_grpc = importlib.import_module("ai.inference.text_classification_pb2_grpc")
    texts = list(EXAMPLES) * 30
    with grpc.insecure_channel(server.address) as channel:
        results = texts_grpc.TextClassificationStub(channel).Classify(texts_pb2.ClassifyRequest(texts=texts)).results
    rest = classify(server, {"texts": texts}).json()["results"]
    assert [r.label for r in results] == [r["label"] for r in rest]
    assert [pytest.approx(r.confidence, abs=1e-6) for r in results] == [r["confidence"] for r in rest]


@pytest.mark.parametrize("model", MODELS)
def test_order_is_kept_when_a_call_is_split_over_workers(server, model):
    words = ["女排夺冠", "央行降息利好银行股", "手机芯片发布", "高考作文", "二手房成交量回落", "？", "驱逐舰实弹演习"]
    texts = [words[i % 7] + "，" + words[i * 3 % 7] * (i % 11) for i in range(100)]
    items = [{"text": text, "id": str(i)} for i, text in enumerate(texts)]
    results = requests.post(f"{server.url}/api/v1/classify", json={"items": items, "model_id": model}).json()["results"]
    assert [r["id"] for r in results] == [str(i) for i in range(100)]
    for i in range(0, 100, 9):
        (alone,) = classify(server, {"texts": [texts[i]], "model_id": model}).json()["results"]
        assert alone["label"] == results[i]["label"] and alone["confidence"] == pytest.approx(results[i]["confidence"], abs=1e-4)


def test_texts_without_a_letter_are_other_with_low_confidence(server):
    for result in classify(server, {"texts": ["", "  ", "？？？", "12345", "🙂"]}).json()["results"]:
        assert result["label"] == "其他" and result["confidence"] < 0.5


def test_no_texts_no_results(server):
    answer = classify(server, {"texts": []})
    assert answer.status_code == 200 and answer.json() == {"results": []}


@pytest.mark.parametrize(
    "body, status, field",
    [
        (b'{"texts": "one"}', 400, "texts"),
        (b'{"texts": ["a", 7]}', 400, "texts[1]"),
        (b'{"texts": ["a\\u0000"]}', 400, "texts[0]"),
        (b'{"texts": ["\\ud800"]}', 400, "texts[0]"),
        (b'{"texts": ["\xff"]}', 400, None),
        (b'{"texts": ["a"', 400, None),
        (b'{"texts": ["a"], "texts": ["b"]}', 400, "texts"),
        (b"[" * 100_000, 400, None),
        (b'{"texts": ["a"], "model_id": "nobody"}', 404, None),
    ],
)
def test_bad_input_names_the_field(server, body, status, field):
    answer = requests.post(f"{server.url}/api/v1/classify", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["detail"]
    if field is not None:
        assert field in [v["field"] for v in problem.get("field_violations", [])], problem


def test_101_texts_are_refused_in_the_articles_words(server):
    answer = classify(server, {"texts": ["a"] * 101})
    assert answer.status_code == 400 and answer.json()["detail"] == "最多支持100条文本批量处理"


def test_unknown_model_lists_those_that_exist(server):
    assert "news_classification_v1" in classify(server, {"texts": ["a"], "model_id": "nobody"}).json()["detail"]


def test_100_texts_of_10_kb_pass_and_40_mb_do_not(server):
    assert classify(server, {"texts": ["新闻" * 1700] * 100}).status_code == 200
    assert classify(server, {"texts": ["x" * (40 << 20)]}).status_code == 413


def test_command_line(server):
    import json
    import subprocess

    from conftest import BINARY

    run = subprocess.run([BINARY, "classify", "--server", server.url, "--json"], input="\n".join(EXAMPLES), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert [json.loads(line)["label"] for line in run.stdout.splitlines()] == list(EXAMPLES.values())


@pytest.mark.shared
@pytest.mark.parametrize("model, accuracy, macro_f1", [(MODELS[0], 0.81, 0.81), (MODELS[1], 0.80, 0.80)])
def test_accuracy_on_the_test_split(server, model, accuracy, macro_f1):
    sys.path.insert(0, str(ROOT / "training" / "text"))
    import policy
    from labels import LABELS

    with gzip.open(SHARED / "data" / "text" / "test.tsv.gz", "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t", 1) for line in lines]
    found = []
    for at in range(0, len(rows), 100):
        answer = classify(server, {"texts": [text for _, text in rows[at : at + 100]], "model_id": model})
        assert answer.status_code == 200, answer.text
        found += [(r["label"], r["confidence"]) for r in answer.json()["results"]]
    # The labelling policy: where its rule touches a row, both labels are right.
    right = [LABELS.index(got) in policy.accepted(text, LABELS.index(label)) for (label, text), (got, _) in zip(rows, found)]
    share = sum(right) / len(right)
    counts = collections.Counter()
    for (label, _), (got, _), ok in zip(rows, found, right):
        truth = got if ok else label
        counts[truth, "is"] += 1
        counts[got, "said"] += 1
        counts[got, "hit"] += ok
    labels = {label for label, _ in rows}
    f1 = sum(2 * counts[x, "hit"] / max(1, counts[x, "is"] + counts[x, "said"]) for x in labels) / len(labels)
    bins = collections.defaultdict(list)
    for (_, confidence), ok in zip(found, right):
        bins[min(int(confidence * 15), 14)].append((confidence, ok))
    ece = sum(abs(sum(c for c, _ in b) - sum(ok for _, ok in b)) for b in bins.values()) / len(found)
    print(f"{model}: accuracy {share:.4f} macro-F1 {f1:.4f} ECE {ece:.4f}")
    assert share >= accuracy and f1 >= macro_f1 and ece <= 0.03
