"""Writes a model folder: manifest, labels, vocabulary, graph."""

from __future__ import annotations

from pathlib import Path

import yaml

import export_bag
import export_bert
import wordpiece
from bert import BertSpec
from labels import LABELS
from ngrams import NgramSpec
from normalise import NO_LETTER_CONFIDENCE, RAW_CUT
from pipeline import Trained

BAG_ID, BERT_ID = "news_classification_v1", "news_classification_bert_v1"
MAX_BATCH = 64  # calls whose texts may share a run
KEPT = "ngrams.bits"
LICENCE = "this repository's; trained on texts without an explicit open licence, see MODEL_CARD.md"


def _manifest(name: str, description: str, task: dict) -> dict:
    """model.yaml; the fields are those of proto/ai/inference/config/model.proto."""
    common = {
        "normalize": "nfkc_cf_simplified",
        "raw_cut": RAW_CUT,
        "no_letter": {"label": "其他", "confidence": NO_LETTER_CONFIDENCE},
    }
    return {
        "id": name,
        "task": "text_classification",
        "description": description,
        "license": LICENCE,
        "max_batch": MAX_BATCH,
        "text_classification": common | task,
    }


def _write(folder: Path, manifest: dict) -> None:
    (folder / "1").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=100)
    (folder / "model.yaml").write_text(
        f"# Written by training/text; fields: training/text/PREPROCESSING.md\n{text}", encoding="utf-8"
    )
    (folder / "1" / "labels.txt").write_text("".join(f"{name}\n" for name in LABELS), encoding="utf-8")


def write_bag(out: Path, trained: Trained, spec: NgramSpec) -> Path:
    """The fast model's folder."""
    folder = out / BAG_ID
    manifest = _manifest(
        BAG_ID,
        "Chinese short texts, 10 topics: bag of hashed character 1-3-grams, int8 table",
        {
            "kind": "hashed_ngrams",
            "white_space": "remove",
            "max_length": spec.max_length,
            "ngram": {"min": spec.min, "max": spec.max, "buckets": spec.buckets, "seed": spec.seed, "kept": KEPT},
            "inputs": ["ids"],
            "outputs": "probabilities",
        },
    )
    _write(folder, manifest)
    assert spec.kept is not None
    (folder / "1" / KEPT).write_bytes(spec.kept.to_bytes())
    export_bag.write(trained.model, trained.temperature, folder / "1" / "model.onnx")
    return folder


def write_bert(out: Path, trained: Trained, spec: BertSpec, vocabulary: list[str]) -> Path:
    """The encoder's folder."""
    folder = out / BERT_ID
    manifest = _manifest(
        BERT_ID,
        f"Chinese short texts, 10 topics: BERT encoder, {spec.layers} layers of {spec.width}",
        {
            "kind": "bert",
            "white_space": "collapse",
            "max_length": spec.max_length,
            "vocab": "vocab.txt",
            "do_lower_case": True,
            "inputs": export_bert.INPUTS,
            "outputs": "logits",
        },
    )
    _write(folder, manifest)
    wordpiece.save(vocabulary, folder / "1" / "vocab.txt")
    export_bert.write(trained.model, spec, trained.temperature, folder / "1" / "model.onnx")
    return folder
