"""64-bit DCT image hash: finds copies and re-scaled or mirrored copies (not crops)."""
from __future__ import annotations

import cv2
import numpy as np


def phash(bgr: np.ndarray) -> int:
    """Hash of an upright image uint8 [H,W,3]: signs of the 8x8 lowest DCT terms about their median."""
    grey = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].reshape(-1)
    bits = low > np.median(low)
    return int("".join("1" if b else "0" for b in bits), 2)


def both(bgr: np.ndarray) -> tuple[int, int]:
    """Hash of the image and of its mirror image."""
    return phash(bgr), phash(cv2.flip(bgr, 1))


def distance(a: int, b: int) -> int:
    """Number of differing bits."""
    return (a ^ b).bit_count()


def clashes(train: dict[str, tuple[int, int]], held: dict[str, int], limit: int = 10) -> list[tuple[str, str, int]]:
    """Pairs (training name, evaluation name, distance) no further apart than `limit` bits."""
    out = []
    for name, pair in train.items():
        for other, h in held.items():
            d = min(distance(pair[0], h), distance(pair[1], h))
            if d <= limit:
                out.append((name, other, d))
    return out
