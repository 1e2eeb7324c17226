"""Speed and agreement of a model folder in OpenVINO, one thread, without preprocessing.

    python speed.py MODEL_FOLDER FILE.tsv[.gz]

Prints CPU microseconds per call and texts per CPU second at batch 1 and batch 100 (length-sorted and as they
come), and the largest difference to ONNX Runtime.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import openvino

import data
import metrics
from served import Served

CONFIG = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False, "INFERENCE_PRECISION_HINT": "f32"}
TEXTS, ROUNDS = 3000, 5


def feeds(served: Served, ids: list[list[int]], batch: int) -> list[dict[str, np.ndarray]]:
    """Padded inputs of consecutive batches."""
    out = []
    for at in range(0, len(ids), batch):
        part = ids[at : at + batch]
        padded = np.zeros((len(part), max(map(len, part))), dtype=np.int64)
        for row, one in enumerate(part):
            padded[row, : len(one)] = one
        if served.hashed:
            out.append({"ids": padded})
        else:
            mask = (padded != 0).astype(np.int64)
            out.append({"input_ids": padded, "attention_mask": mask, "token_type_ids": np.zeros_like(padded)})
    return out


def main() -> None:
    """Measure and print."""
    served = Served(Path(sys.argv[1]))
    texts = [text for _, text in data.read_tsv(Path(sys.argv[2]))][:TEXTS]
    answers = [a for a in served.classify(texts) if a.ids]
    ids = [a.ids for a in answers]
    path = str(served.folder / "1" / "model.onnx")
    request = openvino.Core().compile_model(path, "CPU", CONFIG).create_infer_request()
    worst = 0.0
    for feed, at in zip(feeds(served, ids, 100), range(0, len(ids), 100), strict=True):
        got = request.infer(feed)[0]
        got = got if served.hashed else metrics.softmax(got)
        worst = max(
            worst, max(np.abs(g - a.probabilities).max() for g, a in zip(got, answers[at : at + 100], strict=True))
        )
    print(
        f"{served.folder.name}: largest difference to ONNX Runtime {worst:.1e}; "
        f"mean ids {np.mean([len(i) for i in ids]):.1f}"
    )
    for name, batch, rows in (("1", 1, ids[:500]), ("100", 100, ids), ("100 length-sorted", 100, sorted(ids, key=len))):
        tensors = [[openvino.Tensor(v) for v in f.values()] for f in feeds(served, rows, batch)]
        best = 1e9
        for _ in range(ROUNDS):
            start = time.process_time()
            for values in tensors:
                for index, value in enumerate(values):
                    request.set_input_tensor(index, value)
                request.infer()
            best = min(best, time.process_time() - start)
        print(
            f"  batch {name}: {best / len(tensors) * 1e6:.0f} us CPU a call, "
            f"{len(rows) / best:.0f} texts per CPU second"
        )


if __name__ == "__main__":
    main()
