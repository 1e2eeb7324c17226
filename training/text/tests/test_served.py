"""The committed model folders: golden vectors, the article's sentences, tokenizer, size, data rule."""

import json
from pathlib import Path

import numpy as np
import pytest

from labels import LABELS
from served import Served


def cases(folder: Path) -> list[dict]:
    """The golden cases of a folder."""
    return json.loads((folder / "1" / "golden.json").read_text(encoding="utf-8"))["cases"]


def test_golden(model_folder: Path) -> None:
    served = Served(model_folder)
    golden = cases(model_folder)
    for case, answer in zip(golden, served.classify([c["text"] for c in golden]), strict=True):
        assert answer.normalised == case["normalised"]
        assert answer.ids == case["ids"]
        assert np.abs(answer.probabilities - case["probabilities"]).max() < 1e-4, case["text"]


def test_sentences_of_the_article(model_folder: Path) -> None:
    texts = ["中国女排获得世界杯冠军", "特斯拉发布新款电动车", "周杰伦新专辑销量破千万"]
    got = [LABELS[int(a.probabilities.argmax())] for a in Served(model_folder).classify(texts)]
    assert got == ["体育", "科技", "娱乐"]


def test_labels_and_size(model_folder: Path) -> None:
    assert (model_folder / "1" / "labels.txt").read_text(encoding="utf-8").split() == list(LABELS)
    assert sum(p.stat().st_size for p in model_folder.rglob("*") if p.is_file()) < 10_500_000


def test_no_row_of_the_data_is_a_golden_text(model_folder: Path, shared_text: Path) -> None:
    import data

    keys = {data.key_of(data.normalise.for_bag(c["text"], 128)) for c in cases(model_folder)}
    for name in ("train", "dev", "test"):
        for _, text in data.read_tsv(shared_text / f"{name}.tsv.gz"):
            key = data.key_of(data.normalise.for_bag(text, 128))
            assert len(key) < 4 or key not in keys


def test_openvino_agrees(model_folder: Path) -> None:
    openvino = pytest.importorskip("openvino", reason="skipped: no openvino")
    served = Served(model_folder)
    if not served.hashed:
        pytest.skip("skipped: the bag's test; speed.py compares the encoder")
    model = openvino.Core().compile_model(
        str(model_folder / "1" / "model.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    for case in cases(model_folder)[:10]:
        got = model({"ids": np.array([case["ids"]], dtype=np.int64)})["probabilities"][0]
        assert np.abs(got - case["probabilities"]).max() < 1e-4
