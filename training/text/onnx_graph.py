"""A small writer of ONNX graphs: nodes by name, constants by array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """Collects nodes and constants; every method returns the name of the value it makes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """A named weight or parameter."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """One node with one output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def save(self, path: Path, inputs: list[str], output: str, rows: str, columns: list[str | int]) -> None:
        """Write the model; inputs are int64 [rows, T], the output is float [rows, *columns]."""
        graph = helper.make_graph(
            self.nodes,
            "sluice",
            [helper.make_tensor_value_info(name, INT64, [rows, "T"]) for name in inputs],
            [helper.make_tensor_value_info(output, FLOAT, [rows, *columns])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        model.producer_name = "sluice training/text"
        onnx.checker.check_model(model, full_check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString(deterministic=True))
