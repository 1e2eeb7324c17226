"""The cells of all levels in one row, and boxes in torch (corners, pixels)."""
from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

STRIDES = (8, 16, 32)


@lru_cache(maxsize=8)
def cells(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """For an input of height x width: cell origins [A,2] (col*s, row*s) and strides [A], fine level first."""
    origins, strides = [], []
    for s in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // s), torch.arange(width // s), indexing="ij")
        origins.append(torch.stack([x, y], 2).reshape(-1, 2) * float(s))
        strides.append(torch.full((x.numel(),), float(s)))
    return torch.cat(origins).to(device), torch.cat(strides).to(device)


def flatten(levels: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Net outputs -> score logits [N,A] and raw boxes [N,A,4]."""
    score = torch.cat([a.flatten(1) for a, _ in levels], 1)
    raw = torch.cat([b.flatten(2).transpose(1, 2) for _, b in levels], 1)
    return score, raw


def to_corners(raw: Tensor, origins: Tensor, strides: Tensor) -> Tensor:
    """YuNet's formula: centre = origin + raw*s, size = exp(raw)*s. raw [...,A,4] -> corners [...,A,4]."""
    s = strides[:, None]
    centre = origins + raw[..., :2] * s
    half = torch.exp(raw[..., 2:].clamp(-4, 5)) * s / 2
    return torch.cat([centre - half, centre + half], -1)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Element-wise IoU of broadcastable corner boxes [...,4] -> [...]."""
    low = torch.maximum(a[..., :2], b[..., :2])
    high = torch.minimum(a[..., 2:], b[..., 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return inter / (area_a + area_b - inter + 1e-6)
