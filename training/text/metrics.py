"""Accuracy, macro-F1, expected calibration error and the temperature, all under the labelling policy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labels import LABELS

BINS = 15  # of the calibration error, equal width


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities [rows, 10] of logits [rows, 10]."""
    z = logits.astype(np.float64) / temperature
    z -= z.max(1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


def settle(predicted: np.ndarray, accepted: Sequence[frozenset[int]], target: Sequence[int]) -> np.ndarray:
    """The true label of each row as evaluation counts it: the predicted one where it is accepted, else the target."""
    return np.array([p if p in a else t for p, a, t in zip(predicted.tolist(), accepted, target, strict=True)])


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean over bins of |accuracy - confidence|, weighted by the rows in the bin."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    total = 0.0
    for b in range(BINS):
        rows = which == b
        if rows.any():
            total += rows.mean() * abs(right[rows].mean() - confidence[rows].mean())
    return float(total)


def report(probabilities: np.ndarray, accepted: Sequence[frozenset[int]], target: Sequence[int]) -> dict:
    """Every figure of one model on one split. F1 per label follows the settled true labels."""
    predicted = probabilities.argmax(1)
    truth = settle(predicted, accepted, target)
    right = predicted == truth
    per_label = {}
    for i, name in enumerate(LABELS):
        hit = int((right & (truth == i)).sum())
        said, there = int((predicted == i).sum()), int((truth == i).sum())
        precision, recall = hit / max(said, 1), hit / max(there, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-12)
        per_label[name] = {"rows": there, "precision": precision, "recall": recall, "f1": f1}
    return {
        "rows": len(truth),
        "accuracy": float(right.mean()),
        "macro_f1": float(np.mean([v["f1"] for v in per_label.values()])),
        "ece": expected_calibration_error(probabilities.max(1), right),
        "per_label": per_label,
    }


def fit_temperature(logits: np.ndarray, accepted: Sequence[frozenset[int]], target: Sequence[int]) -> float:
    """The temperature of least negative log-likelihood on a held-out split, by golden-section search."""
    truth = settle(logits.argmax(1), accepted, target)

    def nll(t: float) -> float:
        return float(-np.log(softmax(logits, t)[np.arange(len(truth)), truth] + 1e-12).mean())

    low, high, ratio = 0.2, 5.0, (5**0.5 - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if nll(a) < nll(b) else (a, high)
    return (low + high) / 2
