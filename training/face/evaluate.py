"""Scores a detector (any ONNX with YuNet's outputs) on labelled images, as the server would feed it.

Two kinds of truth: an evaluation folder (`faces.json` + `images/`, never trained or tuned on), or the
held-out part of the training store. Variants of an image (tag `variant`) are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Callable, Iterable

import cv2
import numpy as np

from boxes import decode, nms
from label import letterbox
from scoring import Picture, Result, evaluate
from store import load
from teacher import Detector

Labelled = tuple[np.ndarray, np.ndarray]  # upright BGR uint8 [H,W,3], truth [K,5] corners + ignore
FLOOR = 0.05  # detections below are not asked for; the served API's whole curve starts here too
FACE_MAX = 128  # pixels; a larger face is left to the next smaller size (`pyramid.face_max` of a model.yaml)


def folder_pictures(folder: Path) -> Iterable[Labelled]:
    """The evaluation folder's photographs, EXIF orientation applied."""
    for entry in json.loads((folder / "faces.json").read_text())["images"]:
        if "variant" in entry["tags"]:
            continue
        path = folder / entry["file"]
        path = path if path.exists() else folder / "images" / entry["file"]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        rows = [[*f["box"], float(bool(f.get("ignore")))] for f in entry["faces"]]
        truth = np.array(rows, np.float32).reshape(-1, 5)
        truth[:, 2:4] += truth[:, :2]
        yield picture, truth


def held_pictures(work: Path) -> Iterable[Labelled]:
    """The held-out training images with their revised labels."""
    store = load(work, work / "labels.json")
    for i in store.split(held=True):
        yield store.picture(i), store.truth[i]


def feed(picture: np.ndarray, side: int, stretch: bool) -> tuple[np.ndarray, np.ndarray]:
    """Network input [side,side,3] and the factors (x, y, x, y) from its pixels to the image's."""
    if stretch:
        h, w = picture.shape[:2]
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
        return small, np.array([w / side, h / side] * 2, np.float32)
    small, scale = letterbox(picture, side)
    return small, np.full(4, 1 / scale, np.float32)


def look(levels: list[Detector], image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score and corners found in the image, and in its halves when there are detectors for them (`pyramid:` of a
    model.yaml)."""
    scores, boxes, pixels = [], [], image.astype(np.float32)
    for times, detector in enumerate(levels):
        side = detector.shape[2]
        if times:
            pixels = pixels.reshape(side, 2, side, 2, 3).mean((1, 3), dtype=np.float32)
        score, corners = decode(detector(pixels[None]), side)
        size = np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1))
        own = (
            (score >= FLOOR)
            & (size >= (FACE_MAX / 8 if times else 0))
            & (size < (np.inf if detector is levels[-1] else FACE_MAX))
        )
        scores.append(score[own])
        boxes.append(corners[own] * 2**times)
    score, corners = np.concatenate(scores), np.concatenate(boxes)
    keep = nms(score, corners)
    return score[keep], corners[keep]


def run(levels: list[Detector], pictures: Iterable[Labelled], stretch: bool) -> list[Picture]:
    """Detects on every image; boxes clipped to the image. `levels`: for the input's size, then for its halves."""
    side, out = levels[0].shape[2], []
    for picture, truth in pictures:
        image, factor = feed(picture, side, stretch)
        score, corners = look(levels, image)
        h, w = picture.shape[:2]
        corners = np.clip(corners * factor, 0, np.array([w, h, w, h], np.float32))
        face = truth[:, 4] == 0
        out.append(Picture(score, corners, truth[face, :4], truth[~face, :4]))
    return out


def by_size(
    pictures: list[Picture], bounds: tuple[float, ...], scale: Callable[[Picture], float]
) -> list[tuple[str, Result]]:
    """Results per face size in input pixels (square root of the area times `scale`); other faces become ignore."""
    rows = []
    for low, high in zip(bounds[:-1], bounds[1:]):
        parts = []
        for p in pictures:
            side = np.sqrt(np.prod(p.faces[:, 2:] - p.faces[:, :2], axis=1)) * scale(p)
            on = (side >= low) & (side < high)
            parts.append(Picture(p.score, p.corners, p.faces[on], np.concatenate([p.ignore, p.faces[~on]])))
        rows.append((f"{low:g}-{high:g}", evaluate(parts)))
    return rows


MODES = {  # how the image is fed, and at which sizes; what the models v1, lite and hd do, and hd without its pyramid
    "stretch320": (True, (320,)),
    "stretch192": (True, (192,)),
    "letterbox640": (False, (640,)),
    "pyramid640": (False, (640, 320, 160)),
}
SIZES = (0, 8, 16, 32, 64, 128, 256, 384, 100_000)  # pixels of the network's input


def table(model: Path, source: list[Labelled], modes: Iterable[str] = MODES) -> dict[str, dict[str, dict[str, float]]]:
    """Prints and returns mode -> face size ("all" or low-high) -> ap, recall, precision, faces."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for mode in modes:
        stretch, sides = MODES[mode]
        found = run([Detector(model, 1, side, side) for side in sides], source, stretch)
        scale = {id(f): sides[0] / max(x.shape[:2]) for f, (x, _) in zip(found, source)}
        rows = [("all", evaluate(found)), *by_size(found, SIZES, lambda f: scale[id(f)])]
        for name, r in rows:
            if r.faces:
                print(
                    f"{mode:13s} faces {name:9s} n {r.faces:5d}  AP {r.ap:.3f}  "
                    f"at .5: recall {r.recall:.3f} precision {r.precision:.3f}",
                    flush=True,
                )
        out[mode] = {name: {k: round(float(v), 4) for k, v in vars(r).items()} for name, r in rows if r.faces}
    return out


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("model", type=Path)
    p.add_argument("--folder", type=Path, help="evaluation folder with faces.json")
    p.add_argument("--work", type=Path, help="work folder of the training: use its held-out pictures")
    p.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    p.add_argument("--json", type=Path, help="write the results here too")
    a = p.parse_args()
    result = table(a.model, list(folder_pictures(a.folder) if a.folder else held_pictures(a.work)), a.modes)
    if a.json:
        a.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
