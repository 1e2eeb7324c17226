"""What the framework itself costs: the identity model over the Open Inference Protocol, beside a grpc++ echo of the
same message."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from load import Load, Process, field, frame, free_port, median, start_sluice

PATH = "/inference.GRPCInferenceService/ModelInfer"
ENGINES = ["onnxruntime", "openvino"]
GRPC = ["content-type: application/grpc", "te: trailers"]
# Server CPU ms per call that are asked for, and what Triton with a C copy backend took on such a machine.
WANTED = {
    "small gRPC": (0.025, 0.060),
    "small REST": (0.025, 0.041),
    "1 MB gRPC": (0.7, 1.45),
    "1 MB REST binary": (0.8, 1.54),
}


def infer_message(data: bytes, model: bytes = b"echo", datatype: bytes = b"UINT8", width: int = 1) -> bytes:
    """A ModelInferRequest for a model with one tensor of one dimension, whose elements are `width` bytes."""
    shape, size = b"", len(data) // width
    while size > 127:
        shape, size = shape + bytes([size & 127 | 128]), size >> 7
    tensor = field(1, b"input") + field(2, datatype) + field(3, shape + bytes([size]))
    return field(1, model) + field(5, tensor) + field(7, data)


def save_identity(folder: Path, engine: str) -> None:
    """A net of one node: what an engine adds to a call."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["input"], ["output"])],
        "identity",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [16])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [16])],
    )
    (folder / engine / "1").mkdir(parents=True)
    (folder / engine / "model.yaml").write_text(f"engine: {engine}\n")
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        folder / engine / "1" / "model.onnx",
    )


def loads(folder: Path) -> list[tuple[Load, int, int]]:
    """Each with its calls in flight, and by how many it has fewer calls than the small ones."""
    large, path, rpc = bytes(1 << 20), "/v2/models/echo/infer", PATH
    tensor = {"name": "input", "datatype": "UINT8", "shape": [16]}
    small_json = json.dumps({"inputs": [{**tensor, "data": [0] * 16}]}).encode()
    head = json.dumps(
        {
            "parameters": {"binary_data_output": True},
            "inputs": [{**tensor, "shape": [len(large)], "parameters": {"binary_data_size": len(large)}}],
        }
    ).encode()
    binary = ["content-type: application/octet-stream", f"inference-header-content-length: {len(head)}"]
    return [
        (Load("small gRPC", folder, frame(infer_message(bytes(16))), rpc, GRPC), 64, 1),
        (Load("small REST", folder, small_json, path, ["content-type: application/json"], http1=True), 64, 1),
        (Load("1 MB gRPC", folder, frame(infer_message(large)), rpc, GRPC), 16, 25),
        (Load("1 MB REST binary", folder, head + large, path, binary, http1=True), 16, 25),
    ]


def bench_engines(ours: Process, port: int, folder: Path, rounds: int, calls: int) -> None:
    print(
        f"\nEngines: a net of one Identity node, FP32 [16], small gRPC, 64 in flight, "
        f"{rounds} rounds, server CPU ms per call"
    )
    loads = {
        engine: Load(
            f"Identity {engine}", folder, frame(infer_message(bytes(64), engine.encode(), b"FP32", 4)), PATH, GRPC
        )
        for engine in ENGINES
    }
    cpu = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine, load in loads.items():
            cpu[engine].append(load.run(ours, port, calls, 64).cpu)
    for engine in ENGINES:
        print(f"{engine:18}{median(cpu[engine]) * 1e3:>10.4f}")


def bench_tensors(build: Path, folder: Path, rounds: int, calls: int) -> None:
    models = folder / "tensors"
    (models / "echo").mkdir(parents=True)
    (models / "echo" / "model.yaml").write_text("engine: identity\n")
    for engine in ENGINES:
        save_identity(models, engine)
    ours, port = start_sluice(build, [models], folder / "tensors.log")
    theirs_port = free_port()
    theirs = Process([build / "bench" / "grpcpp_infer", theirs_port])
    print(f"\nTensors: the identity model over the Open Inference Protocol, {rounds} rounds, server CPU ms per call")
    print(f"{'':18}{'in flight':>10}{'Sluice':>10}{'asked for':>11}{'grpc++ echo':>13}{'ratio':>8}{'Triton':>9}")
    for load, in_flight, fewer in loads(folder):
        mine, other = [], []
        for _ in range(rounds):
            mine.append(load.run(ours, port, calls // fewer, in_flight).cpu)
            if not load.http1:
                other.append(load.run(theirs, theirs_port, calls // fewer, in_flight, counted=False).cpu)
        wanted, triton = WANTED[load.name]
        beside = (
            f"{median(other) * 1e3:>13.4f}{median([a / b for a, b in zip(mine, other)]):>8.2f}"
            if other
            else f"{'':>21}"
        )
        print(f"{load.name:18}{in_flight:>10}{median(mine) * 1e3:>10.4f}{wanted:>11.3f}{beside}{triton:>9.3f}")
    bench_engines(ours, port, folder, rounds, calls)
    ours.stop(), theirs.stop()
