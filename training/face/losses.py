"""Losses: labels (score + box) and dense distillation from the teacher (score + box)."""
from __future__ import annotations

import torch
from torch import Tensor

from assign import assign
from geometry import iou, to_corners


def eiou(a: Tensor, b: Tensor) -> Tensor:
    """1 - EIoU (arXiv:2101.08158): IoU loss + centre distance + width and height differences, each over the hull."""
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    hull2 = hull.square() + 1e-6
    shift = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    size = (a[..., 2:] - a[..., :2]) - (b[..., 2:] - b[..., :2])
    far = shift.square().sum(-1) / hull2.sum(-1)
    return 1 - iou(a, b) + far + (size.square() / hull2).sum(-1)


def bce(logit: Tensor, target: Tensor) -> Tensor:
    return torch.nn.functional.binary_cross_entropy_with_logits(logit, target, reduction="none")


def label_loss(
    logit: Tensor, corners: Tensor, truth: Tensor, origins: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor]:
    """(score, box) losses per positive cell. The score's target is the IoU reached, so that it ranks boxes too."""
    a = assign(logit, corners, truth, origins, strides)
    count = a.positive.sum().clamp(min=1)
    # A floor keeps young boxes from teaching "no face here".
    target = torch.where(a.positive, a.quality.clamp(min=0.3), torch.zeros_like(a.quality))
    score = (bce(logit, target) * ~a.free).sum() / count
    box = eiou(corners[a.positive], a.box[a.positive]).sum() / count
    return score, box


def distil_loss(
    logit: Tensor, corners: Tensor, taught: Tensor, origins: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor]:
    """The same two losses against the teacher's raw answers taught [N,A,5], boxes weighted by its score."""
    score_t = taught[..., 0]
    weight = torch.where(score_t > 0.2, score_t, torch.zeros_like(score_t))
    total = weight.sum().clamp(min=1)
    score = bce(logit, score_t).sum() / total
    on = weight > 0
    box_t = to_corners(taught[..., 1:], origins, strides)
    box = (eiou(corners[on], box_t[on]) * weight[on]).sum() / total
    return score, box
