"""CPU time per inference of ONNX detectors in OpenVINO (f32, one thread), taken in turn; the lowest of many counts."""
from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from teacher import Detector


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("models", type=Path, nargs="+", help="ours first, yardsticks after")
    p.add_argument("--sides", type=int, nargs="+", default=[320, 192, 640])
    p.add_argument("--rounds", type=int, default=100)
    a = p.parse_args()
    requests, best = {}, {}
    for model in a.models:
        for side in a.sides:
            x = np.full((1, 3, side, side), 100, np.float32)
            requests[model.stem, side] = Detector(model, 1, side, side).request, x
    for _ in range(a.rounds):
        for key, (request, x) in requests.items():
            start = time.process_time()
            request.infer({0: x}, share_inputs=True)
            best[key] = min(best.get(key, 1e9), (time.process_time() - start) * 1e3)
    for (name, side), ms in best.items():
        print(f"{name} {side}x{side}: {ms:.2f} ms CPU")


if __name__ == "__main__":
    main()
