"""First step of training: decode the images, check that none is an evaluation image, revise the labels."""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2

from label import revise
from phash import both, clashes, phash
from store import build, load


def check_apart(data: Path, work: Path, held: Path) -> list[tuple[str, str, int]]:
    """Training images that look like one in the evaluation folder (hash distance <= 10, also mirrored)."""
    store = load(work, data / "boxes.json")
    train = {name: both(store.picture(i)) for i, name in enumerate(store.names)}
    evaluation = {}
    for entry in json.loads((held / "faces.json").read_text())["images"]:
        picture = cv2.imread(str(held / entry["file"]), cv2.IMREAD_COLOR)
        if picture is not None:
            evaluation[entry["file"]] = phash(picture)
    return clashes(train, evaluation)


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--teacher", type=Path, required=True)
    p.add_argument("--eval", type=Path, help="evaluation folder that training must not touch")
    a = p.parse_args()
    build(a.data, a.work)
    if a.eval and a.eval.exists():
        found = check_apart(a.data, a.work, a.eval)
        for name, other, d in found:
            print(
                f"training picture {name} looks like evaluation picture {other} (distance {d} of 64)", file=sys.stderr
            )
        if found:
            return 1
        print("no training picture matches an evaluation picture")
    revise(a.data, a.work, a.teacher)
    return 0


if __name__ == "__main__":
    sys.exit(main())
