"""A model folder read and run as the server does it: the reference for the C++ side, and the evaluator's engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the library is imported, which sends telemetry otherwise

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import yaml  # noqa: E402

import metrics  # noqa: E402
import ngrams  # noqa: E402
import normalise  # noqa: E402
import wordpiece  # noqa: E402
from labels import LABELS, OTHER  # noqa: E402


@dataclass
class Answer:
    """What happens to one text."""

    normalised: str
    ids: list[int]  # empty when the model is not asked
    probabilities: np.ndarray  # [10]


class Served:
    """One model folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))["text_classification"]
        self.max_length = int(self.manifest["max_length"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "1" / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.hashed = self.manifest["kind"] == "hashed_ngrams"
        if self.hashed:
            n = self.manifest["ngram"]
            kept = ngrams.Kept.from_bytes((folder / "1" / n["kept"]).read_bytes()) if "kept" in n else None
            self.spec = ngrams.NgramSpec(n["min"], n["max"], n["buckets"], n["seed"], self.max_length, kept)
        else:
            self.tokenizer = wordpiece.load(folder / "1" / "vocab.txt", self.max_length)

    def normalised(self, text: str) -> str:
        """The text before hashing or WordPiece."""
        return normalise.for_bag(text, self.max_length) if self.hashed else normalise.for_bert(text)

    def ids(self, normalised: str) -> list[int]:
        """Ids of one normalised text, without padding."""
        if self.hashed:
            return ngrams.ids_of(normalised, self.spec)
        return list(self.tokenizer.encode(normalised).ids)

    def classify(self, texts: Sequence[str], batch: int = 100) -> list[Answer]:
        """Answers in order; texts without a letter never reach the model."""
        answers: list[Answer] = []
        for text in texts:
            clean = self.normalised(text)
            letters = normalise.has_letter(clean)
            rest = (1 - normalise.NO_LETTER_CONFIDENCE) / (len(LABELS) - 1)
            flat = np.full(len(LABELS), rest)
            flat[OTHER] = normalise.NO_LETTER_CONFIDENCE
            answers.append(Answer(clean, self.ids(clean) if letters else [], flat))
        asked = sorted((i for i, a in enumerate(answers) if a.ids), key=lambda i: len(answers[i].ids))
        for at in range(0, len(asked), batch):
            picks = asked[at : at + batch]
            for i, row in zip(picks, self._infer([answers[i].ids for i in picks]), strict=True):
                answers[i].probabilities = row
        return answers

    def _infer(self, ids: list[list[int]]) -> np.ndarray:
        padded = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = one
        if self.hashed:
            return self.session.run(None, {"ids": padded})[0]
        mask = (np.arange(padded.shape[1])[None, :] < np.array([len(i) for i in ids])[:, None]).astype(np.int64)
        feed = {"input_ids": padded, "attention_mask": mask, "token_type_ids": np.zeros_like(padded)}
        return metrics.softmax(self.session.run(None, feed)[0])
