"""The detector: a YuNet-class, anchor-free face net (strides 8, 16, 32).

Shapes are NCHW, pixels BGR 0..255. The early layers are dense 3x3 convolutions with a
stride: on a CPU they cost fewer memory passes than depthwise pairs at high resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

STRIDES: tuple[int, int, int] = (8, 16, 32)
Level = tuple[Tensor, Tensor]  # score logit [N,1,h,w], box regression [N,4,h,w]


@dataclass(frozen=True)
class Config:
    """Channel widths; every entry of `stem` is (kernel, stride, channels) down to stride 8."""

    stem: tuple[tuple[int, int, int], ...] = ((3, 2, 16), (3, 2, 32), (3, 2, 64))
    depth8: int = 3
    c16: int = 64
    depth16: int = 3
    c32: int = 64
    depth32: int = 2
    neck: int = 64


class ConvBn(nn.Module):
    """Convolution + batch norm + ReLU; `groups` as in nn.Conv2d."""

    def __init__(self, cin: int, cout: int, k: int, s: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, s, (k - s + 1) // 2 if s > 1 else k // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(cout, eps=1e-3, momentum=0.03)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Separable(nn.Module):
    """Pointwise 1x1, then depthwise 3x3 + norm + ReLU (YuNet's unit: one norm a pair halves the passes of training)."""

    def __init__(self, cin: int, cout: int, s: int = 1) -> None:
        super().__init__()
        self.point = nn.Conv2d(cin, cout, 1)
        self.depth = ConvBn(cout, cout, 3, s, groups=cout)

    def forward(self, x: Tensor) -> Tensor:
        return self.depth(self.point(x))


def _stage(cin: int, cout: int, depth: int, s: int) -> nn.Sequential:
    return nn.Sequential(*(Separable(cin if i == 0 else cout, cout, s if i == 0 else 1) for i in range(depth)))


class FaceNet(nn.Module):
    """Image [N,3,H,W] (H, W multiples of 32, 0..255: the first norm takes the scale) -> three levels of raw outputs,
    fine to coarse."""

    def __init__(self, cfg: Config = Config()) -> None:
        super().__init__()
        self.cfg = cfg
        cin, layers = 3, []
        for k, s, c in cfg.stem:
            layers.append(ConvBn(cin, c, k, s))
            cin = c
        self.stem = nn.Sequential(*layers)
        self.stage8 = _stage(cin, cin, cfg.depth8, 1)
        self.stage16 = _stage(cin, cfg.c16, cfg.depth16, 2)
        self.stage32 = _stage(cfg.c16, cfg.c32, cfg.depth32, 2)
        n = cfg.neck
        self.lateral = nn.ModuleList(nn.Conv2d(c, n, 1) for c in (cin, cfg.c16, cfg.c32))
        self.mix = nn.ModuleList(ConvBn(n, n, 3, groups=n) for _ in STRIDES)
        self.hidden = nn.ModuleList(ConvBn(n, n, 1) for _ in STRIDES)
        self.head = nn.ModuleList(nn.Conv2d(n, 5, 1) for _ in STRIDES)
        self._init()

    def _init(self) -> None:
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out" if m.groups == 1 else "fan_in", nonlinearity="relu")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
        for h in self.head:
            nn.init.normal_(h.weight, std=0.01)
            # A rare positive: start near probability .01. Boxes start at the cell's centre, exp(.7) strides wide.
            h.bias.data = torch.tensor([-4.6, 0.5, 0.5, 0.7, 0.7])

    def forward(self, x: Tensor) -> list[Level]:
        f8 = self.stage8(self.stem(x))
        f16 = self.stage16(f8)
        f32 = self.stage32(f16)
        p32 = self.lateral[2](f32)
        p16 = self.lateral[1](f16) + nn.functional.interpolate(p32, scale_factor=2.0, mode="nearest")
        p8 = self.lateral[0](f8) + nn.functional.interpolate(p16, scale_factor=2.0, mode="nearest")
        out = []
        for i, p in enumerate((p8, p16, p32)):
            y = self.head[i](self.hidden[i](self.mix[i](p)))
            out.append((y[:, :1], y[:, 1:]))
        return out
