"""A YuNet-style ONNX detector run by OpenVINO (f32, one thread): teacher, yardstick and our own export alike."""
from __future__ import annotations

from pathlib import Path

import numpy as np

OUTPUTS = tuple(f"{kind}_{s}" for kind in ("cls", "obj", "bbox") for s in (8, 16, 32))


class Detector:
    """Compiled for one fixed shape: batch n, height h, width w (pixels, multiples of 32)."""

    def __init__(self, model: Path, n: int, h: int, w: int) -> None:
        import openvino as ov  # here, so that the pure parts work without it

        core = ov.Core()
        net = core.read_model(str(model))
        net.reshape([n, 3, h, w])
        self.shape = (n, 3, h, w)
        self.compiled = core.compile_model(
            net,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": 1,
                "NUM_STREAMS": 1,
                "ENABLE_CPU_PINNING": False,
            },
        )
        self.request = self.compiled.create_infer_request()

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """uint8 or float32 BGR [n,h,w,3] -> named outputs, each [n,cells,channels]."""
        x = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
        result = self.request.infer({0: x}, share_inputs=True)
        return {name: np.array(result[name]) for name in OUTPUTS}


def dense(outputs: dict[str, np.ndarray]) -> np.ndarray:
    """All levels in one array [n, cells, 5]: score sqrt(cls*obj), then the four raw box numbers."""
    parts = []
    for s in (8, 16, 32):
        score = np.sqrt(np.clip(outputs[f"cls_{s}"], 0, 1) * np.clip(outputs[f"obj_{s}"], 0, 1))
        parts.append(np.concatenate([score, outputs[f"bbox_{s}"]], 2))
    return np.concatenate(parts, 1).astype(np.float32)
