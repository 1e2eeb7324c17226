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
        assert alone["label"] == results[i]["label"] and alone["confidence"] == pytest.approx(
            results[i]["confidence"], abs=1e-4
        )


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
        (b'{"texts": ["a", "\xff"]}', 400, "texts[1]"),
        (b'{"texts": ["a"', 400, "texts"),
        (b'{"texts": ["a"], "texts": ["b"]}', 400, "texts"),
        (b"[" * 100_000, 400, None),
        (b'{"texts": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5000 + b"}", 400, "texts"),
        (b'{"texts": {"0": "a"}}', 400, "texts"),
        (b'{"texts": ["a", null]}', 400, "texts[1]"),
        (b'{"items": [{"text": "a"}, {"text": ["b"]}]}', 400, "items[1].text"),
        (b'{"items": [{"text": "a\\u0000"}]}', 400, "items[0]"),
        (b'{"texts": ["a"], "text": "b"}', 400, "text"),
        (b'{"texts": ["a"]} {"texts": ["b"]}', 400, None),
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


@pytest.mark.parametrize("body", [{"texts": ["a"] * 101}, {"texts": ["a"] * 60, "items": [{"text": "a"}] * 41}])
def test_101_texts_are_refused_in_the_articles_words(server, body):
    answer = classify(server, body)
    assert answer.status_code == 400 and answer.json()["detail"] == "最多支持100条文本批量处理"
    assert answer.json()["field_violations"][0]["field"] == "texts"
    assert classify(server, {"texts": ["a"] * 100}).status_code == 200


def test_unknown_model_lists_those_that_exist(server):
    assert "news_classification_v1" in classify(server, {"texts": ["a"], "model_id": "nobody"}).json()["detail"]


def test_100_texts_of_10_kb_pass_and_20_mb_do_not(server):
    assert classify(server, {"texts": ["新闻" * 1700] * 100}).status_code == 200
    for size in (20_000_000, 40 << 20):
        answer = classify(server, {"texts": ["x" * size]})
        assert answer.status_code == 413 and answer.json()["reason"] == "BODY_TOO_LARGE"


@pytest.fixture(scope="module")
def raw_classify(server, protos):
    """Sends bytes as the request message over gRPC; returns (code, reason, field, message), code None for success."""
    import importlib

    from google.rpc import error_details_pb2, status_pb2

    response = importlib.import_module("ai.inference.text_classification_pb2").ClassifyResponse
    with grpc.insecure_channel(server.address, options=[("grpc.max_send_message_length", -1)]) as channel:
        method = channel.unary_unary("/ai.inference.TextClassification/Classify", lambda b: b, response.FromString)

        def call(message: bytes):
            try:
                return None, None, None, method(message)
            except grpc.RpcError as error:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                for detail in status_pb2.Status.FromString(
                    dict(error.trailing_metadata())["grpc-status-details-bin"]
                ).details:
                    detail.Unpack(info), detail.Unpack(bad)
                field = bad.field_violations[0].field if bad.field_violations else None
                return error.code(), info.reason, field, error.details()

        yield call


def text_field(data: bytes) -> bytes:
    """`texts` of ClassifyRequest on the wire, whatever the bytes are."""
    size, length = len(data), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return b"\x0a" + length + bytes([size]) + data


INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "message, code, reason, field",
    [
        (text_field(b"a") * 101, INVALID, "BATCH_TOO_LARGE", "texts"),
        (text_field(b"a") + text_field(b"b\0c"), INVALID, "INVALID_REQUEST", "texts[1]"),
        (text_field(b"a") + text_field(b"\xff\xfe"), INVALID, "INVALID_BODY", "texts[1]"),
        (text_field(b"\xed\xa0\x80"), INVALID, "INVALID_BODY", "texts[0]"),  # a surrogate
        (text_field("新闻".encode())[:-1], INVALID, "INVALID_BODY", None),  # truncated
        (b"\x08\x07", None, None, None),  # a number where texts belong is an unknown field of protobuf: ignored
        (text_field(b"a") + b"\x12\x06nobody", grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND", None),
        (text_field(b"x" * 20_000_000), grpc.StatusCode.RESOURCE_EXHAUSTED, "BODY_TOO_LARGE", None),
        (b"", None, None, None),
    ],
    ids=["101 texts", "NUL", "invalid UTF-8", "surrogate", "truncated", "number", "unknown model", "20 MB", "empty"],
)
def test_bad_input_over_grpc(raw_classify, message, code, reason, field):
    got_code, got_reason, got_field, what = raw_classify(message)
    assert (got_code, got_reason) == (code, reason), what
    if field is not None:
        assert got_field == field
    if reason == "BATCH_TOO_LARGE":
        assert what == "最多支持100条文本批量处理"
    if reason == "MODEL_NOT_FOUND":
        assert all(model in what for model in MODELS)
    if code is None:
        assert not what.results


def test_command_line(server):
    import json
    import subprocess

    from conftest import BINARY

    run = subprocess.run(
        [BINARY, "classify", "--server", server.url, "--json"],
        input="\n".join(EXAMPLES),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert [json.loads(line)["label"] for line in run.stdout.splitlines()] == list(EXAMPLES.values())


@pytest.mark.shared
@pytest.mark.parametrize("model, accuracy, macro_f1", [(MODELS[0], 0.82, 0.81), (MODELS[1], 0.80, 0.80)])
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
    right = [
        LABELS.index(got) in policy.accepted(text, LABELS.index(label)) for (label, text), (got, _) in zip(rows, found)
    ]
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
