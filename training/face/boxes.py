"""Box arithmetic in numpy: corners [x1,y1,x2,y2] in pixels, decoding of YuNet outputs, NMS."""
from __future__ import annotations

from typing import Mapping

import numpy as np

STRIDES = (8, 16, 32)


def iou_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of corner boxes [A,4] and [B,4] -> [A,B]."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)), np.float32)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=1)
    return inter / np.maximum(area_a[:, None] + area_b[None] - inter, 1e-9)


def decode_level(score: np.ndarray, bbox: np.ndarray, cols: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """One level, score [N] and bbox [N,4] row-major -> score [N], corners [N,4] (YuNet's formula)."""
    index = np.arange(len(score))
    cx = (index % cols + bbox[:, 0]) * stride
    cy = (index // cols + bbox[:, 1]) * stride
    w = np.exp(bbox[:, 2]) * stride
    h = np.exp(bbox[:, 3]) * stride
    return score, np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 1)


def decode(outputs: Mapping[str, np.ndarray], width: int, item: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """All levels of image `item`; score = sqrt(cls * obj). Returns score [A], corners [A,4]."""
    scores, corners = [], []
    for s in STRIDES:
        cls = np.clip(outputs[f"cls_{s}"][item].reshape(-1), 0, 1)
        obj = np.clip(outputs[f"obj_{s}"][item].reshape(-1), 0, 1)
        a, b = decode_level(np.sqrt(cls * obj), outputs[f"bbox_{s}"][item], width // s, s)
        scores.append(a)
        corners.append(b)
    return np.concatenate(scores), np.concatenate(corners)


def nms(score: np.ndarray, corners: np.ndarray, iou: float = 0.3, top_k: int = 5000) -> np.ndarray:
    """Greedy NMS; indices kept, by falling score."""
    order = np.argsort(-score, kind="stable")[:top_k]
    keep: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(int(best))
        if len(rest):
            order = rest[iou_matrix(corners[best : best + 1], corners[rest])[0] <= iou]
        else:
            break
    return np.array(keep, np.int64)


def detect(
    outputs: Mapping[str, np.ndarray], width: int, threshold: float, item: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Decode, drop scores below `threshold`, NMS at 0.3. Returns score [K], corners [K,4] by falling score."""
    score, corners = decode(outputs, width, item)
    hit = score >= threshold
    score, corners = score[hit], corners[hit]
    keep = nms(score, corners)
    return score[keep], corners[keep]
