"""What the tests of the Open Inference Protocol share: a server with an echo and small nets without model.yaml."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np

import nets
from conftest import Server

BF16 = ml_dtypes.bfloat16
# One array for each datatype of the protocol.
ARRAYS = {
    "BOOL": np.array([[True, False], [False, True]]),
    "UINT8": np.array([0, 255], np.uint8),
    "UINT16": np.array([0, 65535], np.uint16),
    "UINT32": np.array([0, 2**32 - 1], np.uint32),
    "UINT64": np.array([0, 2**64 - 1], np.uint64),
    "INT8": np.array([-128, 127], np.int8),
    "INT16": np.array([-(2**15), 2**15 - 1], np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], np.int32),
    "INT64": np.array([-(2**63), 2**63 - 1], np.int64),
    "FP16": np.array([0.1, -65504, 6e-8], np.float16),
    "FP32": np.array([[0.1, -3.4e38], [1e-45, 7]], np.float32),
    "FP64": np.array([0.1, -1.7e308, 5e-324], np.float64),
    "BF16": np.array([0.1, -3e38, 7], BF16),
    "BYTES": np.array([["汽车".encode(), b""], [b"x" * 1000, b"plain"]], np.object_),
}


def point_cloud() -> np.ndarray:
    """12 MB: a million points, in millimetres, so that their JSON stays below the server's bound."""
    random = np.random.default_rng(7)
    return (random.integers(-9999, 9999, (1_048_576, 3)) / 1000).astype(np.float32)


def make_models(folder: Path) -> Path:
    (folder / "echo").mkdir(parents=True)
    (folder / "echo/model.yaml").write_text("engine: identity\n")
    nets.affine(folder / "affine/1")
    nets.sum_and_difference(folder / "sums/3")
    return folder


def start(tmp_path_factory, config: str = "") -> Server:
    folder = tmp_path_factory.mktemp("oip")
    return Server(folder, models=make_models(folder / "models"), config=config)
