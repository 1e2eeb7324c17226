"""Finds the raw score that should mean 0.5, on held-out training images only.

The server keeps detections above 0.5. Of all thresholds with the wanted precision the one with the
best F1 is taken; the shift logit(0.5) - logit(threshold), baked into the export, makes it 0.5.
"""
from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from evaluate import held_pictures, run
from scoring import Picture, evaluate
from teacher import Detector


def threshold(pictures: list[Picture], precision: float) -> float:
    """The score in .1 to .9 of best F1 among those that reach `precision` (the highest when none does)."""
    best, chosen = -1.0, 0.9
    for t in np.arange(0.10, 0.905, 0.01):
        r = evaluate(pictures, float(t))
        f1 = 2 * r.precision * r.recall / max(r.precision + r.recall, 1e-9)
        if r.precision >= precision and f1 > best:
            best, chosen = f1, float(t)
    return chosen


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("model", type=Path, help="export with shift 0")
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--precision", type=float, default=0.93, help="wanted on held-out pictures")
    a = p.parse_args()
    pictures = run([Detector(a.model, 1, 320, 320)], held_pictures(a.work), stretch=True)
    t = threshold(pictures, a.precision)
    print(f"threshold {t:.2f} shift {-math.log(t / (1 - t)):.4f}")


if __name__ == "__main__":
    main()
