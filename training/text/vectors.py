"""Start vectors for the encoder's words: truncated SVD of positive pointwise mutual information."""

from __future__ import annotations

import numpy as np
import torch

WINDOW = 4  # tokens to the right that count as neighbours
SHIFT = 0.75  # power of the context counts


def ppmi_svd(ids: np.ndarray, vocabulary: int, width: int, seed: int, special: int = 5) -> np.ndarray:
    """Vectors float32 [vocabulary, width] with unit-scale rows of standard deviation 0.05, from ids [rows, T]."""
    counts = np.zeros(vocabulary * vocabulary, dtype=np.float32)
    for gap in range(1, WINDOW + 1):
        left, right = ids[:, :-gap].ravel(), ids[:, gap:].ravel()
        ok = (left >= special) & (right >= special)
        pair = left[ok] * vocabulary + right[ok]
        counts += np.bincount(pair, minlength=vocabulary * vocabulary).astype(np.float32) / gap
    table = counts.reshape(vocabulary, vocabulary)
    table = table + table.T
    total = table.sum()
    rows = table.sum(1)
    context = rows**SHIFT / (rows**SHIFT).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.log(table / (rows[:, None] * context[None, :]))
    score[~np.isfinite(score)] = 0
    np.maximum(score, 0, out=score)
    del counts, table, total
    torch.manual_seed(seed)
    u, s, _ = torch.svd_lowrank(torch.from_numpy(score), q=width + 16, niter=3)
    out = (u[:, :width] * s[:width].sqrt()).numpy()
    out *= 0.05 / out[special:].std()
    missing = np.abs(out).sum(1) == 0
    rng = np.random.default_rng(seed)
    out[missing] = rng.normal(0, 0.02, (int(missing.sum()), width))
    out[:special] = rng.normal(0, 0.02, (special, width))
    out[0] = 0
    return out.astype(np.float32)
