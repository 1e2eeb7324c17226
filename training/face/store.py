"""The training images, decoded once into one flat uint8 file that is mapped, not loaded.

Input: a folder with `boxes.json` ({file: {w, h, boxes: [[x, y, width, height, ignore], ...]}}, pixels)
and the images, loose or in *.tar shards. Any folder of that form will do.
"""
from __future__ import annotations

import io
import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np


def read_pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(file name, encoded bytes) of every image in the folder and its tar shards, in name order."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".tar":
            with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
                for member in tar:
                    stream = tar.extractfile(member)
                    if stream is not None:
                        yield member.name, stream.read()
        elif path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            yield path.name, path.read_bytes()


def held_out(name: str) -> bool:
    """One image in 16, chosen by name, is never trained on: it serves calibration and monitoring."""
    return zlib.crc32(name.encode()) % 16 == 0


@dataclass
class Store:
    """Decoded images: `pixels` flat uint8, `index` rows (offset, height, width), truth [K,5] = x1,y1,x2,y2,ignore."""

    names: list[str]
    index: np.ndarray
    pixels: np.ndarray
    truth: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, i: int) -> np.ndarray:
        """BGR uint8 [H,W,3], a view into the mapped file."""
        at, h, w = (int(v) for v in self.index[i])
        return self.pixels[at : at + h * w * 3].reshape(h, w, 3)

    def split(self, held: bool) -> list[int]:
        return [i for i, n in enumerate(self.names) if held_out(n) == held]


def corners(rows: list[list[float]]) -> np.ndarray:
    """[x, y, width, height, ignore] rows -> float32 [K,5] corners + ignore."""
    t = np.array(rows, np.float32).reshape(-1, 5)
    t[:, 2:4] += t[:, :2]
    return t


def build(folder: Path, work: Path) -> None:
    """Decodes all images named in boxes.json into work/pixels.bin and work/index.npz (skipped when present)."""
    if (work / "index.npz").exists():
        return
    labels = json.loads((folder / "boxes.json").read_text())
    names, index, at = [], [], 0
    with open(work / "pixels.part", "wb") as out:
        for name, data in read_pictures(folder):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            if picture is None or name not in labels:
                continue
            out.write(picture.tobytes())
            names.append(name)
            index.append((at, *picture.shape[:2]))
            at += picture.size
    (work / "pixels.part").rename(work / "pixels.bin")
    np.savez(work / "index.npz", names=np.array(names), index=np.array(index, np.int64))


def load(work: Path, labels: Path) -> Store:
    """Maps the store built in `work`; boxes come from the json file `labels` (same form as boxes.json)."""
    saved = np.load(work / "index.npz")
    names = [str(n) for n in saved["names"]]
    table = json.loads(labels.read_text())
    truth = [corners(table[n]["boxes"]) for n in names]
    pixels = np.memmap(work / "pixels.bin", np.uint8, "r")
    return Store(names, saved["index"], pixels, truth)
