"""Detection scoring as the evaluation set's README states it.

Greedy match by falling confidence at IoU >= 0.5, each face once; detections matched to an `ignore`
box, or overlapping one by IoU > 0.2, are dropped; AP is the area under the interpolated
precision-recall curve.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boxes import iou_matrix


@dataclass
class Picture:
    """Detections (score [D], corners [D,4]) and truth (faces [F,4], ignore [I,4]) of one image."""

    score: np.ndarray
    corners: np.ndarray
    faces: np.ndarray
    ignore: np.ndarray


@dataclass(frozen=True)
class Result:
    ap: float
    recall: float
    precision: float
    faces: int


def match(p: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns (score, hit 1/0) of the counted detections and found[F], the score that found each face (0 = missed)."""
    order = np.argsort(-p.score, kind="stable")
    with_face = iou_matrix(p.corners, p.faces)
    with_ignore = iou_matrix(p.corners, p.ignore)
    found = np.zeros(len(p.faces), np.float32)
    scores, hits = [], []
    for d in order:
        overlap = np.where(found > 0, -1.0, with_face[d]) if len(found) else np.zeros(0)
        if len(overlap) and overlap.max() >= 0.5:
            found[int(overlap.argmax())] = p.score[d]
            scores.append(p.score[d])
            hits.append(1)
        elif not len(p.ignore) or with_ignore[d].max() <= 0.2:
            scores.append(p.score[d])
            hits.append(0)
    return np.array(scores, np.float32), np.array(hits, np.float32), found


def average_precision(score: np.ndarray, hit: np.ndarray, faces: int) -> float:
    """Area under the interpolated precision-recall curve."""
    if not faces or not len(score):
        return 0.0
    hit = hit[np.argsort(-score, kind="stable")]
    tp = np.cumsum(hit)
    recall = tp / faces
    precision = tp / np.arange(1, len(hit) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def pool(pictures: list[Picture]) -> tuple[np.ndarray, np.ndarray, int]:
    """All counted detections of all images: score, hit, number of faces."""
    parts = [match(p) for p in pictures]
    score = np.concatenate([a for a, _, _ in parts]) if parts else np.zeros(0)
    hit = np.concatenate([b for _, b, _ in parts]) if parts else np.zeros(0)
    return score, hit, sum(len(p.faces) for p in pictures)


def evaluate(pictures: list[Picture], threshold: float = 0.5) -> Result:
    """AP over the whole curve; recall and precision of detections with score >= threshold."""
    score, hit, faces = pool(pictures)
    on = score >= threshold
    tp = float(hit[on].sum())
    return Result(average_precision(score, hit, faces), tp / max(faces, 1), tp / max(int(on.sum()), 1), faces)
