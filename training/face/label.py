"""Labels: the data set's own boxes, revised by a stronger teacher (YuNet-n at 640, image and mirror).

Rules, per image (scores are the mean over image and mirror; a miss counts 0):
- own face, teacher agrees (IoU >= .5, score >= .3): face, box = mean of the two;
- own face the teacher gives less than .1: ignore, unless the boxes of its source were drawn by people;
- own ignore box, teacher >= .6: face with the teacher's box;
- teacher alone: >= .7 face, .3 to .7 ignore;
- ImageNet's mammals: no face at all (the teachers take dogs and apes for people).
"""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boxes import detect, iou_matrix
from store import Store, corners, load
from teacher import Detector

SIDE = 640
HUMAN_BOXES = ("maskon",)
MAMMALS = (2085620, 2488702)  # WordNet numbers, first and last, of ImageNet's dogs, cats, bears, cattle and apes


def mammal(entry: dict[str, Any]) -> bool:
    """Is this one of ImageNet's mammal classes, by the WordNet number in the original file name?"""
    found = re.match(r"n(\d{8})", Path(entry.get("orig", "")).name)
    return found is not None and MAMMALS[0] <= int(found.group(1)) <= MAMMALS[1]


def letterbox(picture: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Scaled to fit side x side, at the top left, zero padding right and below. Returns image, scale."""
    h, w = picture.shape[:2]
    scale = side / max(h, w)
    small = cv2.resize(picture, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_LINEAR)
    out = np.zeros((side, side, 3), np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out, scale


def teach(detector: Detector, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score [K] and corners [K,4] in the image's pixels, averaged over the image and its mirror."""
    width = picture.shape[1]
    views = []
    for view in (picture, cv2.flip(picture, 1)):
        boxed, scale = letterbox(view, SIDE)
        score, box = detect(detector(boxed[None]), SIDE, 0.1)
        views.append((score, box / scale))
    (s0, b0), (s1, b1) = views
    b1 = np.stack([width - b1[:, 2], b1[:, 1], width - b1[:, 0], b1[:, 3]], 1)
    iou = iou_matrix(b0, b1)
    score, box, used = [], [], set()
    for i in range(len(s0)):
        j = int(iou[i].argmax()) if iou.shape[1] else -1
        if j >= 0 and iou[i, j] >= 0.5 and j not in used:
            used.add(j)
            score.append((s0[i] + s1[j]) / 2)
            box.append((b0[i] + b1[j]) / 2)
        else:
            score.append(s0[i] / 2)
            box.append(b0[i])
    for j in set(range(len(s1))) - used:
        score.append(s1[j] / 2)
        box.append(b1[j])
    return np.array(score, np.float32), np.array(box, np.float32).reshape(-1, 4)


def merge(own: np.ndarray, score: np.ndarray, box: np.ndarray, human: bool) -> np.ndarray:
    """Own truth [K,5] and the teacher's detections -> revised truth [M,5] by the rules above."""
    iou = iou_matrix(own[:, :4], box)
    taken: set[int] = set()
    out: list[np.ndarray] = []
    for i, row in enumerate(own):
        j = int(iou[i].argmax()) if iou.shape[1] else -1
        agrees = j >= 0 and iou[i, j] >= 0.5
        seen = float(score[j]) if agrees else 0.0
        if agrees:
            taken.add(j)
        revised = row.copy()
        if row[4] == 0:
            if seen >= 0.3:
                revised[:4] = (row[:4] + box[j]) / 2
            elif seen < 0.1 and not human:
                revised[4] = 1
        elif seen >= 0.6:
            revised[:4], revised[4] = box[j], 0
        out.append(revised)
    for j in range(len(score)):
        # A second view of a face that is already labelled is no new face.
        if j in taken or score[j] < 0.3 or (len(own) and iou[:, j].max() > 0.3):
            continue
        out.append(np.array([*box[j], 0 if score[j] >= 0.7 else 1], np.float32))
    return np.array(out, np.float32).reshape(-1, 5)


def revise(data: Path, work: Path, model: Path) -> None:
    """Writes work/labels.json in the form of boxes.json (skipped when present)."""
    if (work / "labels.json").exists():
        return
    table = json.loads((data / "boxes.json").read_text())
    store: Store = load(work, data / "boxes.json")
    detector = Detector(model, 1, SIDE, SIDE)
    out = {}
    for i, name in enumerate(store.names):
        entry = table[name]
        score, box = teach(detector, store.picture(i))
        rows = merge(corners(entry["boxes"]), score, box, entry.get("src") in HUMAN_BOXES)
        if mammal(entry):
            rows = rows[:0]
        rows[:, 2:4] -= rows[:, :2]
        out[name] = {**entry, "boxes": [[round(float(v), 1) for v in r[:4]] + [int(r[4])] for r in rows]}
        if i % 500 == 0:
            print(f"label {i}/{len(store)}", flush=True)
    part = work / "labels.part"
    part.write_text(json.dumps(out))
    part.rename(work / "labels.json")
