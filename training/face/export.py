"""Checkpoint -> ONNX with YuNet's outputs, calibrated, plus golden vectors.

Input `input` float32 [N,3,H,W], BGR 0..255, H and W multiples of 32 (N, H, W dynamic).
Outputs for s in 8, 16, 32, A = (H/s)(W/s) row-major: cls_s [N,A,1], obj_s [N,A,1] (the same tensor:
sqrt(cls*obj) is the score), bbox_s [N,A,4]. There are no landmarks.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from net import STRIDES, ConvBn, FaceNet
from state import averaged
from teacher import Detector

NAMES = [f"{kind}_{s}" for s in STRIDES for kind in ("cls", "obj", "bbox")]


def fold(net: FaceNet) -> FaceNet:
    """Batch norms into their convolutions."""
    for m in net.modules():
        if isinstance(m, ConvBn) and isinstance(m.bn, nn.BatchNorm2d):
            m.conv = fuse_conv_bn_eval(m.conv, m.bn)
            m.bn = nn.Identity()
    return net


class Served(nn.Module):
    """The net as the decoder wants it; `shift` is added to the score's logit so that 0.5 means what it should."""

    def __init__(self, net: FaceNet, shift: float) -> None:
        super().__init__()
        self.net = net
        for head in net.head:
            head.bias.data[0] += shift

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        out: list[Tensor] = []
        for logit, raw in self.net(x):
            score = torch.sigmoid(logit).flatten(2).transpose(1, 2)
            out += [score, score * 1.0, raw.flatten(2).transpose(1, 2)]
        return tuple(out)


def write_onnx(net: FaceNet, target: Path, shift: float) -> None:
    axes = {
        "input": {0: "batch", 2: "height", 3: "width"},
        **{n: {0: "batch", 1: f"cells_{n[-2:].strip('_')}"} for n in NAMES},
    }
    torch.onnx.export(
        Served(fold(net), shift),
        (torch.zeros(1, 3, 320, 320),),
        str(target),
        input_names=["input"],
        output_names=NAMES,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(target))
    model.producer_name, model.producer_version, model.doc_string = "sluice training/face", "", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def golden_input(height: int, width: int) -> np.ndarray:
    """An image anyone can compute: pixel (y,x,c) = (37y + 59x + 101c + (y*x) mod 251) mod 256, uint8 [H,W,3] BGR."""
    y, x, c = np.ogrid[:height, :width, :3]
    return ((37 * y + 59 * x + 101 * c + (y * x) % 251) % 256).astype(np.uint8)


def write_golden(model: Path, target: Path, side: int = 64) -> None:
    """Every output for the computed image at side x side, by OpenVINO in f32."""
    out = Detector(model, 1, side, side)(golden_input(side, side)[None])
    golden = {
        "input": {
            "name": "input",
            "shape": [1, 3, side, side],
            "formula": "BGR value at row y, column x, channel c = (37*y + 59*x + 101*c + (y*x) % 251) % 256",
        },
        "tolerance": 1e-3,
        "outputs": {
            k: {"shape": list(v.shape), "values": [round(float(f), 5) for f in v.reshape(-1)]} for k, v in out.items()
        },
    }
    target.write_text(json.dumps(golden) + "\n")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("checkpoint", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--shift", type=float, default=0.0, help="added to the score's logit (see calibrate.py)")
    p.add_argument("--golden", type=Path)
    a = p.parse_args()
    write_onnx(averaged(a.checkpoint), a.target, a.shift)
    if a.golden:
        write_golden(a.target, a.golden)
    print(f"{a.target.name}: {a.target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
