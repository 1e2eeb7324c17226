"""The fast model: a bag of hashed character n-grams with one small dense layer.

    ids [B, N] -> rows of a table [buckets, width] -> sum / sqrt(number of ids) -> relu(dense) -> logits [B, 10]

Training works on CSR arrays (ids [total], offsets [rows + 1]) and drops n-grams at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from labels import LABELS


@dataclass(frozen=True)
class BagSpec:
    """Shape and training of one bag model."""

    buckets: int = 1 << 18
    width: int = 32
    hidden: int = 64
    ngram_dropout: float = 0.4
    hidden_dropout: float = 0.1
    epochs: int = 3
    batch: int = 256
    rate: float = 2e-3
    smoothing: float = 0.05
    seed: int = 1


class Csr:
    """Distinct hashed n-grams of a corpus: text i holds ids[offsets[i]:offsets[i + 1]]."""

    def __init__(self, ids: np.ndarray, offsets: np.ndarray) -> None:
        self.ids, self.offsets = ids, offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def gather(self, picks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ids [total] of the picked rows one after another, and their sizes [len(picks)]."""
        starts, sizes = self.offsets[picks], self.offsets[picks + 1] - self.offsets[picks]
        ends = np.cumsum(sizes)
        where = np.arange(ends[-1]) + np.repeat(starts - (ends - sizes), sizes)
        return self.ids[where], sizes

    def rows(self, picks: np.ndarray) -> Csr:
        """The picked rows as a corpus of their own."""
        ids, sizes = self.gather(picks)
        return Csr(ids, np.concatenate(([0], np.cumsum(sizes))))


class Bag(nn.Module):
    """Table, dense layer, logits."""

    def __init__(self, spec: BagSpec) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(spec.buckets, spec.width, mode="sum", sparse=True)
        nn.init.normal_(self.table.weight, std=0.1)
        self.dense = nn.Linear(spec.width, spec.hidden)
        self.drop = nn.Dropout(spec.hidden_dropout)
        self.out = nn.Linear(spec.hidden, len(LABELS))

    def forward(self, ids: torch.Tensor, offsets: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """ids [total], offsets [B], scale [total] (weight of each n-gram) -> logits [B, 10]."""
        return self.out(self.drop(torch.relu(self.dense(self.table(ids, offsets, per_sample_weights=scale)))))


def _batch(csr: Csr, picks: np.ndarray, drop: float, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    ids, sizes = csr.gather(picks)
    if drop > 0:
        keep = rng.random(len(ids), dtype=np.float32) >= drop
        firsts = np.cumsum(sizes) - sizes
        keep[firsts] = True  # never an empty bag
        row = np.repeat(np.arange(len(sizes)), sizes)[keep]
        ids = ids[keep]
        sizes = np.bincount(row, minlength=len(sizes))
    offsets = np.cumsum(sizes) - sizes
    scale = np.repeat(1 / np.sqrt(sizes), sizes).astype(np.float32)
    return torch.from_numpy(ids), torch.from_numpy(offsets.astype(np.int32)), torch.from_numpy(scale)


def train(csr: Csr, targets: np.ndarray, weights: np.ndarray, spec: BagSpec) -> Bag:
    """Fit on soft targets [rows, 10] (probabilities) with loss weights [rows]."""
    torch.manual_seed(spec.seed)
    rng = np.random.default_rng(spec.seed)
    model = Bag(spec)
    soft = torch.from_numpy(targets.astype(np.float32)) * (1 - spec.smoothing) + spec.smoothing / len(LABELS)
    weight = torch.from_numpy(weights.astype(np.float32))
    table = torch.optim.SparseAdam([model.table.weight], lr=spec.rate)
    dense = torch.optim.Adam([*model.dense.parameters(), *model.out.parameters()], lr=spec.rate)
    steps = spec.epochs * -(-len(csr) // spec.batch)
    step = 0
    for _ in range(spec.epochs):
        order = rng.permutation(len(csr))
        for at in range(0, len(order), spec.batch):
            picks = order[at : at + spec.batch]
            for optimiser in (table, dense):
                for group in optimiser.param_groups:
                    group["lr"] = spec.rate * max(0.02, 1 - step / steps)
            logits = model(*_batch(csr, picks, spec.ngram_dropout, rng))
            loss = -(soft[picks] * torch.log_softmax(logits, 1)).sum(1)
            loss = (loss * weight[picks]).sum() / weight[picks].sum()
            table.zero_grad()
            dense.zero_grad()
            loss.backward()
            table.step()
            dense.step()
            step += 1
    return model.eval()


@torch.no_grad()
def logits_of(model: Bag, csr: Csr, batch: int = 1000) -> np.ndarray:
    """Logits [rows, 10] of every text."""
    rng = np.random.default_rng(0)
    model.eval()
    picks = np.arange(len(csr))
    parts = [model(*_batch(csr, picks[at : at + batch], 0.0, rng)).numpy() for at in range(0, len(csr), batch)]
    return np.concatenate(parts)
