"""An endless stream of training batches, each with the teacher's dense answers; usable with worker processes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

import store
from augment import Recipe, Sampler
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


LARGE_EVERY = 8  # one batch in so many is large: twice the side, a quarter of the images, the same time
LARGE = Recipe(grids=((1, 0.7), (2, 0.3)), face_side=(16.0, 620.0), enlarge=5.0)


class Batches(IterableDataset[Batch]):
    """Yields image uint8 [N,S,S,3], truth [N,G,5], taught [N,A,5]. Seeded by (seed, rank, worker).

    Large batches ([N/4,2S,2S,3]) show faces as big as the 640 px input of `face_detection_hd` has them. The teacher
    misses many of those, so it is not asked: taught is [N/4,0,5]. The first `small_first` batches have none of them.
    """

    def __init__(self, work: Path, teacher: Path, n: int, size: int, seed: int, small_first: int = 0) -> None:
        self.work, self.teacher, self.n, self.size, self.seed, self.small_first = (
            work,
            teacher,
            n,
            size,
            seed,
            small_first,
        )

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        pictures = store.load(self.work, self.work / "labels.json")
        training = pictures.split(held=False)
        sampler = Sampler(pictures, training, self.size)
        large = Sampler(pictures, training, 2 * self.size, LARGE)
        teacher = Detector(self.teacher, 1, self.size, self.size)
        for step in itertools.count(1):
            big = step * (info.num_workers if info else 1) > self.small_first and step % LARGE_EVERY == 0
            samples = (
                [large.sample(rng) for _ in range(max(1, self.n // 4))]
                if big
                else [sampler.sample(rng) for _ in range(self.n)]
            )
            images = np.stack([s[0] for s in samples])
            taught = np.zeros((len(images), 0, 5), np.float32)
            if not big:
                taught = np.concatenate([dense(teacher(image[None])) for image in images])
            yield (
                torch.from_numpy(images),
                torch.from_numpy(pad_truth([s[1] for s in samples])),
                torch.from_numpy(taught),
            )
