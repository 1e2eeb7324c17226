"""Soft targets for both served models: what bags that never saw a row say about it (out of fold).

The corpus is cut into folds; for each fold, bags of two shapes learn from the other folds and answer for
this one. Their mean probabilities, mixed with the row's own label, are softer and less noisy than the
label: a mislabelled row loses weight, a row between two topics says so. Dev and test rows take no part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

import bag
import metrics
from labels import LABELS

FOLDS = 3
SHAPES = (
    bag.BagSpec(width=64, hidden=128, ngram_dropout=0.5, rate=4e-3, seed=101),
    bag.BagSpec(width=32, hidden=64, ngram_dropout=0.5, rate=6e-3, seed=202),
)
MIX = 0.5  # share of the teachers in a target; the rest is the row's label


def out_of_fold(csr: bag.Csr, target: np.ndarray, weight: np.ndarray, say: Callable[[str], None] = print) -> np.ndarray:
    """Probabilities [rows, 10] of every row by bags that never saw it."""
    hard = np.eye(len(LABELS))[target]
    fold = np.random.default_rng(7).permutation(len(csr)) % FOLDS
    out = np.zeros((len(csr), len(LABELS)))
    for k in range(FOLDS):
        seen, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        part, rest = csr.rows(seen), csr.rows(held)
        for shape in SHAPES:
            spec = replace(shape, seed=shape.seed + k)
            model = bag.train(part, hard[seen], weight[seen], spec)
            out[held] += metrics.softmax(bag.logits_of(model, rest)) / len(SHAPES)
        right = (out[held].argmax(1) == target[held]).mean()
        say(f"  fold {k + 1}/{FOLDS}: {right:.4f} of the held rows right")
    return out


def mixed(target: np.ndarray, soft: np.ndarray, sure: np.ndarray, share: float = MIX) -> np.ndarray:
    """Targets [rows, 10]: label and teachers; the label alone for `sure` rows [rows] and rows past len(soft)."""
    out = np.eye(len(LABELS))[target]
    blend = np.flatnonzero(~sure[: len(soft)])
    out[blend] = (1 - share) * out[blend] + share * soft[blend]
    return out
