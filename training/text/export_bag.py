"""The fast model as ONNX: ids int64 [B, T] (0 = padding) -> probabilities [B, 10], temperature inside.

The table is int8 with one scale per row (symmetric); row 0 is nought, so padding adds nothing.
`scale="f32"` writes the table as floats, to see what int8 costs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bag import Bag
from onnx_graph import FLOAT, Graph


def quantise(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 [rows, width] and scale float32 [rows, 1] of a table [rows, width]."""
    scale = np.abs(table).max(1, keepdims=True) / 127
    scale[scale == 0] = 1
    return np.clip(np.round(table / scale), -127, 127).astype(np.int8), scale.astype(np.float32)


def write(model: Bag, temperature: float, path: Path, kind: str = "int8") -> None:
    """Write the graph to path."""
    weights = {k: v.detach().numpy().astype(np.float32) for k, v in model.state_dict().items()}
    table = weights["table.weight"].copy()
    table[0] = 0
    g = Graph()
    axis = g.constant("axis", np.array([1], dtype=np.int64))
    if kind == "int8":
        small, scale = quantise(table)
        rows = g.add("Gather", [g.constant("table", small), "ids"], "rows_int8")
        rows = g.add("Cast", [rows], "rows_float", to=FLOAT)
        scales = g.add("Gather", [g.constant("table_scale", scale), "ids"], "row_scales")
        rows = g.add("Mul", [rows, scales], "rows")
    else:
        rows = g.add("Gather", [g.constant("table", table), "ids"], "rows")
    total = g.add("ReduceSum", [rows, axis], "total", keepdims=0)
    there = g.add("Sign", [g.add("Cast", ["ids"], "ids_float", to=FLOAT)], "there")
    count = g.add("ReduceSum", [there, axis], "count", keepdims=1)
    count = g.add("Max", [count, g.constant("one", np.array(1, dtype=np.float32))], "count_or_one")
    x = g.add("Div", [total, g.add("Sqrt", [count], "root")], "bag")
    w1, b1 = g.constant("dense_w", weights["dense.weight"]), g.constant("dense_b", weights["dense.bias"])
    x = g.add("Relu", [g.add("Gemm", [x, w1, b1], "dense", transB=1)], "hidden")
    w2 = g.constant("out_w", weights["out.weight"] / np.float32(temperature))
    b2 = g.constant("out_b", weights["out.bias"] / np.float32(temperature))
    g.add("Softmax", [g.add("Gemm", [x, w2, b2], "logits", transB=1)], "probabilities", axis=-1)
    g.save(path, ["ids"], "probabilities", "B", [10])
