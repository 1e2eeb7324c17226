"""The pipeline on a toy corpus of our own: cleaning, one small training of each model, export equal to torch."""

import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="skipped: no torch (training/text/requirements.txt)")

import onnxruntime  # noqa: E402

import bag  # noqa: E402
import bert  # noqa: E402
import data  # noqa: E402
import export_bag  # noqa: E402
import export_bert  # noqa: E402
import metrics  # noqa: E402
import ngrams  # noqa: E402
import pipeline  # noqa: E402
import run  # noqa: E402
import vectors  # noqa: E402
import wordpiece  # noqa: E402

TOPICS = {"体育": "主队球员进球夺冠", "财经": "银行股票利率上涨", "房产": "楼盘开盘二手房价"}


def corpus() -> list[tuple[str, str]]:
    """Shuffled strings of each topic's characters."""
    rng = np.random.default_rng(3)
    return [(label, "".join(rng.permutation(list(words)))) for label, words in TOPICS.items() for _ in range(60)]


def test_cleaning() -> None:
    rows = data.clean(
        [("体育", "甲 乙丙丁"), ("体育", "甲乙丙丁!"), ("财经", "股股股涨"), ("体育", "股股股涨"), ("体育", "短")], 128
    )
    assert rows.bag == ["甲乙丙丁"]


def test_bag_learns_and_exports(tmp_path: Path) -> None:
    rows = data.clean(corpus(), 128)
    spec = ngrams.NgramSpec(buckets=1 << 10)
    csr = bag.Csr(*ngrams.corpus_ids(rows.bag, spec))
    shape = bag.BagSpec(buckets=1 << 10, width=8, hidden=8, epochs=30, batch=32, rate=2e-2)
    targets = np.eye(10)[rows.target]
    models = [bag.train(csr, targets, np.ones(len(rows)), shape) for _ in range(2)]
    logits = bag.logits_of(models[0], csr)
    assert (logits.argmax(1) == rows.target).mean() > 0.95
    assert np.array_equal(logits, bag.logits_of(models[1], csr)), "the same seed gives the same weights"
    for kind, bound in (("f32", 1e-5), ("int8", 0.03)):
        export_bag.write(models[0], 1.5, tmp_path / "m.onnx", kind)
        ids = ngrams.ids_of(rows.bag[0], spec)
        session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
        got = session.run(None, {"ids": np.array([[*ids, 0, 0]], dtype=np.int64)})[0]
        model = models[0]
        with torch.no_grad():
            model.table.weight[0] = 0
        assert np.abs(got - metrics.softmax(bag.logits_of(model, csr)[:1], 1.5)).max() < bound


def test_encoder_exports(tmp_path: Path) -> None:
    texts = [text for _, text in corpus()]
    vocabulary = wordpiece.build(texts)
    wordpiece.save(vocabulary, tmp_path / "vocab.txt")
    ids = wordpiece.encode(wordpiece.load(tmp_path / "vocab.txt", 12), texts, 12)
    spec = bert.BertSpec(width=16, heads=2, inner=32, max_length=12, epochs=1, batch=32)
    start = vectors.ppmi_svd(ids, len(vocabulary), 16, 1)
    model = bert.train(ids, start, np.eye(10)[np.zeros(len(ids), int)], np.ones(len(ids)), spec)
    export_bert.write(model, spec, 2.0, tmp_path / "m.onnx")
    ids[0, 6:] = 0
    mask = (ids != 0).astype(np.int64)
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    got = onnxruntime.InferenceSession(str(tmp_path / "m.onnx")).run(None, feed)[0]
    assert np.abs(got * 2 - bert.logits_of(model, ids)).max() < 1e-4


def test_an_interrupted_run_goes_on_and_keeps_count_of_its_time(tmp_path: Path) -> None:
    first = pipeline.Work(tmp_path, lambda line: None)
    assert first.stage("squares", lambda: sum(i * i for i in range(300_000))) == 8999955000050000
    (tmp_path / "cubes.part").write_bytes(b"half a stage")
    again = pipeline.Work(tmp_path, lambda line: None)
    before = again.cpu_minutes()
    assert again.stage("squares", lambda: pytest.fail("made again")) == 8999955000050000
    assert again.cpu_minutes() > before
    assert again.stage("cubes", lambda: 27) == 27


def test_stages_are_named_by_all_code_that_they_run() -> None:
    left_out = "|".join(run.AFTER)
    for path in run.ROOM.glob("*.py"):
        if path.stem not in (*run.AFTER, "run"):
            assert not re.search(rf"^(import|from) ({left_out})\b", path.read_text(encoding="utf-8"), re.M), path.name
    assert all((run.ROOM / f"{name}.py").is_file() for name in run.AFTER)
