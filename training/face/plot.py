"""Loss curves of a training run as a small PNG (drawn with OpenCV: no plotting library needed)."""
from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

SERIES = {"score": (180, 80, 0), "box": (0, 120, 0), "score_taught": (255, 170, 90), "box_taught": (100, 210, 100)}
W, H, LEFT, TOP = 640, 360, 50, 30


def plot(source: Path, target: Path) -> None:
    """Reads curve.csv, writes a log-scale plot of the four losses over images seen."""
    rows = list(csv.DictReader(source.open()))
    if len(rows) < 2:
        return
    seen = np.array([float(r["seen"]) for r in rows])
    series = {k: np.log10(np.maximum([float(r[k]) for r in rows], 1e-3)) for k in SERIES}
    low = min(v.min() for v in series.values())
    high = max(max(v.max() for v in series.values()), low + 0.1)
    image = np.full((H, W, 3), 255, np.uint8)
    text = lambda s, x, y, c=(0, 0, 0): cv2.putText(image, s, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, c, 1, cv2.LINE_AA)
    px = (LEFT + seen / seen.max() * (W - LEFT - 20)).astype(int)
    for i, (name, colour) in enumerate(SERIES.items()):
        py = (TOP + (high - series[name]) / (high - low) * (H - TOP - 40)).astype(int)
        cv2.polylines(image, [np.stack([px, py], 1).reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA)
        text(name, LEFT + 20 + i * 140, 18, colour)
    text(f"{10**high:.2f}", 4, TOP + 6)
    text(f"{10**low:.2f}", 4, H - 40)
    text(f"pictures seen: {int(seen.max())} (losses on a log scale)", LEFT, H - 12)
    cv2.imwrite(str(target), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
