"""Small ONNX nets, made by the tests themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(folder: Path, nodes, inputs, outputs, constants: dict[str, np.ndarray] | None = None) -> Path:
    """`inputs` and `outputs` are (name, TensorProto type, shape); writes <folder>/model.onnx."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info(*o) for o in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    return folder / "model.onnx"


def affine(folder: Path, factor: float = 2) -> Path:
    """y = factor * x + 1 over an open number of rows of three."""
    return save(
        folder,
        [helper.make_node("Mul", ["x", "factor"], ["m"]), helper.make_node("Add", ["m", "one"], ["y"])],
        [("x", TensorProto.FLOAT, ["n", 3])],
        [("y", TensorProto.FLOAT, ["n", 3])],
        {"factor": np.array([factor], np.float32), "one": np.array([1], np.float32)},
    )


def external(folder: Path, floats: int) -> Path:
    """y = x + the largest of `floats` numbers in a file of their own, which is their count less one."""
    weights = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[floats])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(4 * floats))):
        weights.external_data.add(key=key, value=value)
    graph = helper.make_graph(
        [helper.make_node("ReduceMax", ["w"], ["m"], keepdims=0), helper.make_node("Add", ["x", "m"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [weights],
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.arange(floats, dtype=np.float32).tofile(folder / "w.bin")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx"


def strings(folder: Path) -> Path:
    """The strings that it was given."""
    spec = (TensorProto.STRING, ["n"])
    return save(folder, [helper.make_node("Identity", ["text"], ["same"])], [("text", *spec)], [("same", *spec)])


def sum_and_difference(folder: Path) -> Path:
    """Two inputs INT64 [4]: their sum and their difference."""
    return save(
        folder,
        [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])],
        [("a", TensorProto.INT64, [4]), ("b", TensorProto.INT64, [4])],
        [("sum", TensorProto.INT64, [4]), ("difference", TensorProto.INT64, [4])],
    )


def slow(folder: Path, size: int = 768) -> Path:
    """FP32 [size,size] squared as a matrix many times: tens of milliseconds and more."""
    nodes, last = [], "x"
    for i in range(8):
        nodes.append(helper.make_node("MatMul", [last, "x"], [f"m{i}"]))
        last = f"m{i}"
    nodes.append(helper.make_node("ReduceSum", [last], ["y"], keepdims=0))
    return save(folder, nodes, [("x", TensorProto.FLOAT, [size, size])], [("y", TensorProto.FLOAT, [])])


def loudness(folder: Path) -> Path:
    """Sound FP32 [1,n] -> [1,2]: the mean of its absolute values, and what is missing to 1."""
    return save(
        folder,
        [
            helper.make_node("Abs", ["sound"], ["abs"]),
            helper.make_node("ReduceMean", ["abs"], ["loud"], axes=[1], keepdims=1),
            helper.make_node("Sub", ["one", "loud"], ["quiet"]),
            helper.make_node("Concat", ["loud", "quiet"], ["scores"], axis=1),
        ],
        [("sound", TensorProto.FLOAT, [1, "n"])],
        [("scores", TensorProto.FLOAT, [1, 2])],
        {"one": np.array([[1]], np.float32)},
    )


def nothing(folder: Path) -> Path:
    """Sound FP32 [1,n,0], which holds no value however long it is -> [1,2]."""
    return save(
        folder,
        [helper.make_node("Identity", ["sound"], ["same"]), helper.make_node("Identity", ["half"], ["scores"])],
        [("sound", TensorProto.FLOAT, [1, "n", 0])],
        [("scores", TensorProto.FLOAT, [1, 2]), ("same", TensorProto.FLOAT, [1, "n", 0])],
        {"half": np.array([[0.5, 0.5]], np.float32)},
    )
