"""Last step of training: export, calibrate on held-out images, export again, evaluate, golden vectors.

Writes face_detection.onnx, golden.json and evaluation.json into the work folder.
"""
from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from calibrate import threshold
from evaluate import folder_pictures, held_pictures, run, table
from export import write_golden, write_onnx
from state import averaged
from teacher import Detector


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--eval", type=Path)
    p.add_argument("--precision", type=float, default=0.93, help="wanted at confidence 0.5 on held-out pictures")
    a = p.parse_args()
    checkpoint, model = a.work / "last.pt", a.work / "face_detection.onnx"
    write_onnx(averaged(checkpoint), model, 0.0)
    raw = threshold(run([Detector(model, 1, 320, 320)], held_pictures(a.work), stretch=True), a.precision)
    write_onnx(averaged(checkpoint), model, -math.log(raw / (1 - raw)))
    write_golden(model, a.work / "golden.json")
    report = {"raw_threshold": raw, "held_out": table(model, list(held_pictures(a.work)))}
    if a.eval and a.eval.exists():
        report["evaluation"] = table(model, list(folder_pictures(a.eval)))
    (a.work / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
