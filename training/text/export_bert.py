"""The encoder as ONNX: input_ids, attention_mask, token_type_ids int64 [B, T] -> logits [B, 10].

Input and output names are those of a Hugging Face export of BertForSequenceClassification. The
temperature is folded into the classifier, so softmax(logits) is calibrated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bert import Bert, BertSpec
from onnx_graph import FLOAT, Graph

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
_EPSILON = 1e-12


def write(model: Bert, spec: BertSpec, temperature: float, path: Path) -> None:
    """Write the graph to path."""
    weights = {k: v.detach().numpy().astype(np.float32) for k, v in model.state_dict().items()}
    g = Graph()
    axis1 = g.constant("axis1", np.array([1], dtype=np.int64))
    axes12 = g.constant("axes12", np.array([1, 2], dtype=np.int64))
    axis2 = g.constant("axis2", np.array([2], dtype=np.int64))
    axis0 = g.constant("axis0", np.array([0], dtype=np.int64))
    size = spec.width // spec.heads
    to_heads = g.constant("to_heads", np.array([0, 0, spec.heads, size], dtype=np.int64))
    from_heads = g.constant("from_heads", np.array([0, 0, spec.width], dtype=np.int64))

    def linear(name: str, x: str, factor: float = 1.0) -> str:
        w = g.constant(f"{name}.weight", weights[f"{name}.weight"].T * np.float32(factor))
        b = g.constant(f"{name}.bias", weights[f"{name}.bias"] * np.float32(factor))
        return g.add("Add", [g.add("MatMul", [x, w], f"{name}.product"), b], f"{name}.out")

    def norm(name: str, x: str) -> str:
        w, b = (g.constant(f"{name}.{k}", weights[f"{name}.{k}"]) for k in ("weight", "bias"))
        return g.add("LayerNormalization", [x, w, b], f"{name}.out", axis=-1, epsilon=_EPSILON)

    def heads(name: str, x: str, order: list[int], factor: float = 1.0) -> str:
        split = g.add("Reshape", [linear(name, x, factor), to_heads], f"{name}.split")
        return g.add("Transpose", [split], f"{name}.heads", perm=order)

    words = g.add("Gather", [g.constant("word", weights["word.weight"]), "input_ids"], "words")
    kinds = g.add("Gather", [g.constant("kind", weights["kind.weight"]), "token_type_ids"], "kinds")
    length = g.add("Shape", ["input_ids"], "length", start=1, end=2)
    places = g.constant("position", weights["position.weight"])
    places = g.add("Slice", [places, axis0, length, axis0], "positions")
    x = g.add("Add", [g.add("Add", [words, places], "words_positions"), kinds], "embeddings")
    x = norm("norm", x)
    mask = g.add("Cast", ["attention_mask"], "mask", to=FLOAT)
    off = g.add("Sub", [g.constant("one_f", np.array(1, dtype=np.float32)), mask], "off")
    off = g.add("Mul", [off, g.constant("far", np.array(-10000, dtype=np.float32))], "off_far")
    bias = g.add("Unsqueeze", [off, axes12], "bias")
    half = g.constant("half", np.array(0.5, dtype=np.float32))
    one_f, root2 = "one_f", g.constant("root2", np.array(2**0.5, dtype=np.float32))
    for i in range(spec.layers):
        n = f"layers.{i}"
        q = heads(f"{n}.query", x, [0, 2, 1, 3], size**-0.5)
        k = heads(f"{n}.key", x, [0, 2, 3, 1])
        v = heads(f"{n}.value", x, [0, 2, 1, 3])
        scores = g.add("Add", [g.add("MatMul", [q, k], f"{n}.qk"), bias], f"{n}.scores")
        mixed = g.add("MatMul", [g.add("Softmax", [scores], f"{n}.attention", axis=-1), v], f"{n}.mixed")
        mixed = g.add("Transpose", [mixed], f"{n}.merged", perm=[0, 2, 1, 3])
        mixed = linear(f"{n}.merge", g.add("Reshape", [mixed, from_heads], f"{n}.flat"))
        x = norm(f"{n}.norm1", g.add("Add", [x, mixed], f"{n}.residual1"))
        up = linear(f"{n}.up", x)
        erf = g.add("Erf", [g.add("Div", [up, root2], f"{n}.gelu1")], f"{n}.gelu2")
        gelu = g.add("Mul", [up, g.add("Add", [erf, one_f], f"{n}.gelu3")], f"{n}.gelu4")
        gelu = g.add("Mul", [gelu, half], f"{n}.gelu")
        x = norm(f"{n}.norm2", g.add("Add", [x, linear(f"{n}.down", gelu)], f"{n}.residual2"))
    held = g.add("Mul", [x, g.add("Unsqueeze", [mask, axis2], "mask3")], "held")
    total = g.add("ReduceSum", [held, axis1], "total", keepdims=0)
    mean = g.add("Div", [total, g.add("ReduceSum", [mask, axis1], "tokens", keepdims=1)], "mean")
    pooled = g.add("Tanh", [linear("pooler", mean)], "pooled")
    w = g.constant("classifier.weight", weights["classifier.weight"] / np.float32(temperature))
    b = g.constant("classifier.bias", weights["classifier.bias"] / np.float32(temperature))
    g.add("Gemm", [pooled, w, b], "logits", transB=1)
    g.save(path, INPUTS, "logits", "B", [10])
