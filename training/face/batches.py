"""An endless stream of training batches, each with the teacher's dense answers; usable with worker processes."""
from __future__ import annotations

from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

import store
from augment import Sampler
from teacher import Detector, dense

Batch = tuple[Tensor, Tensor, Tensor]


def pad_truth(truths: list[np.ndarray], limit: int = 64) -> np.ndarray:
    """Ragged [K,5] boxes -> [N,G,5]; empty rows carry ignore = -1. The largest `limit` boxes stay."""
    g = max(1, min(limit, max(len(t) for t in truths)))
    out = np.zeros((len(truths), g, 5), np.float32)
    out[..., 4] = -1
    for i, t in enumerate(truths):
        t = t[np.argsort(-np.prod(t[:, 2:4] - t[:, :2], 1))[:g]]
        out[i, : len(t)] = t
    return out


class Batches(IterableDataset[Batch]):
    """Yields image uint8 [N,S,S,3], truth [N,G,5], taught [N,A,5]. Seeded by (seed, rank, worker)."""

    def __init__(self, work: Path, teacher: Path, n: int, size: int, seed: int) -> None:
        self.work, self.teacher, self.n, self.size, self.seed = work, teacher, n, size, seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        pictures = store.load(self.work, self.work / "labels.json")
        sampler = Sampler(pictures, pictures.split(held=False), self.size)
        teacher = Detector(self.teacher, 1, self.size, self.size)
        while True:
            samples = [sampler.sample(rng) for _ in range(self.n)]
            images = np.stack([s[0] for s in samples])
            taught = np.concatenate([dense(teacher(image[None])) for image in images])
            yield torch.from_numpy(images), torch.from_numpy(pad_truth([s[1] for s in samples])), torch.from_numpy(taught)
