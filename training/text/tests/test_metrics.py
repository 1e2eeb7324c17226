"""Calibration and the counting of accepted labels."""

import numpy as np

import metrics


def test_softmax_and_temperature() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 10))
    probabilities = metrics.softmax(logits)
    truth = [int(rng.choice(10, p=row)) for row in probabilities]
    accepted = [frozenset((t,)) for t in truth]
    assert abs(metrics.fit_temperature(logits * 3, accepted, truth) - 3) < 0.3
    assert metrics.report(probabilities, accepted, truth)["ece"] < 0.03


def test_both_labels_of_a_touched_row_are_right() -> None:
    probabilities = np.eye(10)[[7, 1, 3]]
    figures = metrics.report(probabilities, [frozenset((1, 7)), frozenset((1, 7)), frozenset((1, 7))], [1, 1, 1])
    assert abs(figures["accuracy"] - 2 / 3) < 1e-9
