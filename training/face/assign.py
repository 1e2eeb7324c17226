"""Which cells learn which face: SimOTA (YOLOX, arXiv:2107.08430, section 2.1).

All faces of a batch stand in one row of T entries, so that a crowd in one image costs the others nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from geometry import iou

RADIUS = 2.5  # a cell is near a face when its centre is within this many strides of the face's centre
TOP = 10


@dataclass
class Assignment:
    """positive [N,A] bool, box [N,A,4] the face's corners, quality [N,A] IoU with it, free [N,A] cells left alone."""

    positive: Tensor
    box: Tensor
    quality: Tensor
    free: Tensor


def inside(centres: Tensor, boxes: Tensor) -> Tensor:
    """centres [A,2], boxes [T,4] -> [T,A]: is the cell's centre in the box?"""
    x, y = centres[:, 0], centres[:, 1]
    x1, y1, x2, y2 = boxes[:, :4, None].unbind(1)
    return (x > x1) & (x < x2) & (y > y1) & (y < y2)


def near(centres: Tensor, strides: Tensor, boxes: Tensor) -> Tensor:
    """[T,A]: is the cell's centre within RADIUS strides of the box's centre?"""
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    reach = RADIUS * strides
    return ((centres[:, 0] - middle[:, :1]).abs() < reach) & ((centres[:, 1] - middle[:, 1:]).abs() < reach)


@torch.no_grad()
def assign(logit: Tensor, corners: Tensor, truth: Tensor, origins: Tensor, strides: Tensor) -> Assignment:
    """logit [N,A], corners [N,A,4], truth [N,G,5] padded with ignore = -1 -> Assignment."""
    n, a = logit.shape
    centres = origins + strides[:, None] / 2
    free = torch.zeros(n, a, dtype=torch.bool, device=logit.device)
    owner_of, _ = (truth[..., 4] == 1).nonzero(as_tuple=True)
    free.index_put_((owner_of,), inside(centres, truth[truth[..., 4] == 1]), accumulate=True)

    picture, _ = (truth[..., 4] == 0).nonzero(as_tuple=True)
    face = truth[truth[..., 4] == 0][:, :4]  # [T,4]
    positive = torch.zeros(n * a, dtype=torch.bool, device=logit.device)
    box = torch.zeros(n * a, 4, device=logit.device)
    quality = torch.zeros(n * a, device=logit.device)
    if len(face):
        within, close = inside(centres, face), near(centres, strides, face)
        overlap = iou(corners[picture], face[:, None]) * (within | close)  # [T,A]
        # Score term: binary cross-entropy against 1, as in YOLOX.
        cost = torch.nn.functional.softplus(-logit)[picture] - 3.0 * torch.log(overlap + 1e-8)
        cost = cost + torch.where(within & close, 0.0, torch.where(within | close, 1e5, 1e9))
        k = overlap.topk(TOP, -1).values.sum(-1).int().clamp(1, TOP)  # cells per face
        value, cell = cost.topk(TOP, -1, largest=False)
        wanted = (torch.arange(TOP, device=cost.device) < k[:, None]) & (value < 1e8)
        row, column = wanted.nonzero(as_tuple=True)
        value, cell = value[row, column], cell[row, column]
        slot = picture[row] * a + cell
        # A cell wanted by two faces learns the cheaper one.
        least = torch.full((n * a,), torch.inf, device=cost.device).scatter_reduce(0, slot, value, "amin")
        win = value == least[slot]
        slot, row, cell = slot[win], row[win], cell[win]
        positive[slot] = True
        box[slot] = face[row]
        quality[slot] = overlap[row, cell]
    positive = positive.view(n, a)
    return Assignment(positive, box.view(n, a, 4), quality.view(n, a), free & ~positive)
