"""What training carries over: the net, its running average, the optimizer, the images seen."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from net import Config, FaceNet


class Average:
    """Exponential running average of all weights and statistics; young averages forget faster."""

    def __init__(self, net: nn.Module, decay: float = 0.9985) -> None:
        self.net = copy.deepcopy(net).eval()
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        self.steps += 1
        d = min(self.decay, (1 + self.steps) / (20 + self.steps))
        for mine, new in zip(self.net.state_dict().values(), net.state_dict().values()):
            if mine.is_floating_point():
                mine.lerp_(new, 1 - d)
            else:
                mine.copy_(new)


def save(path: Path, net: nn.Module, average: Average, optimizer: torch.optim.Optimizer, seen: int) -> None:
    """Full checkpoint, replaced in one move so that a kill never leaves half a file."""
    part = path.with_suffix(".part")
    torch.save(
        {
            "net": net.state_dict(),
            "average": average.net.state_dict(),
            "steps": average.steps,
            "optimizer": optimizer.state_dict(),
            "seen": seen,
        },
        part,
    )
    part.rename(path)


def shrink(full: Path, small: Path) -> None:
    """Checkpoint without the optimizer, average in half precision: under 1 MB, for keeping across sessions."""
    state = torch.load(full, map_location="cpu", weights_only=True)
    half = {k: v.half() if v.is_floating_point() else v for k, v in state["average"].items()}
    torch.save({"net": state["net"], "average": half, "steps": state["steps"], "seen": state["seen"]}, small)


def restore(path: Path, net: nn.Module, average: Average, optimizer: torch.optim.Optimizer | None) -> int:
    """Loads a full or shrunk checkpoint; returns the images seen."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(state["net"])
    average.net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state["average"].items()})
    average.steps = state["steps"]
    if optimizer is not None and "optimizer" in state:
        optimizer.load_state_dict(state["optimizer"])
    return int(state["seen"])


def averaged(path: Path) -> FaceNet:
    """The running-average net of a checkpoint, ready to evaluate or export."""
    net = FaceNet(Config())
    state = torch.load(path, map_location="cpu", weights_only=True)["average"]
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return net.eval()
