"""Hashed character n-grams; PREPROCESSING.md section 4 is the specification.

Two forms of one function: `ids_of` is the plain reading (golden vectors, tests), `corpus_ids` does
the same for a whole corpus with numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAME_OPEN, FRAME_CLOSE = 0x02, 0x03
_M32 = 0xFFFFFFFF
_PRIME, _MIX = 16777619, 0x2C1B3C6D


@dataclass(frozen=True)
class NgramSpec:
    """n-gram lengths in code points, number of table rows (a power of two; row 0 = padding), hash start."""

    min: int = 1
    max: int = 3
    buckets: int = 1 << 18
    seed: int = 2166136261
    max_length: int = 128


def hash_one(codes: Sequence[int], spec: NgramSpec) -> int:
    """Row of one n-gram given as code points: FNV-1a over code points, then a finaliser, 1..buckets-1."""
    h = spec.seed
    for code in codes:
        h = ((h ^ code) * _PRIME) & _M32
    h ^= h >> 15
    h = (h * _MIX) & _M32
    h ^= h >> 12
    return (h & (spec.buckets - 1)) or 1


def ids_of(text: str, spec: NgramSpec) -> list[int]:
    """Sorted distinct rows of one normalised text."""
    codes = [FRAME_OPEN, *(ord(c) for c in text), FRAME_CLOSE]
    rows = {hash_one(codes[i : i + n], spec) for n in range(spec.min, spec.max + 1) for i in range(len(codes) - n + 1)}
    return sorted(rows)


def corpus_ids(texts: Sequence[str], spec: NgramSpec) -> tuple[np.ndarray, np.ndarray]:
    """CSR form of `ids_of` for many texts: (ids int32 [total], offsets int64 [len(texts) + 1])."""
    framed = "".join(f"\x02{t}\x03" for t in texts)
    codes = np.frombuffer(framed.encode("utf-32-le"), dtype=np.uint32)
    sizes = np.array([len(t) + 2 for t in texts], dtype=np.int64)
    row = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
    prime, mix = np.uint32(_PRIME), np.uint32(_MIX)
    keys: list[np.ndarray] = []
    h = np.full(len(codes), spec.seed, dtype=np.uint32)
    for n in range(1, spec.max + 1):
        if n > len(codes):
            break
        h = (h[: len(codes) - n + 1] ^ codes[n - 1 :]) * prime
        if n < spec.min:
            continue
        inside = row[: len(h)] == row[n - 1 :]
        f = h[inside]
        f = f ^ (f >> np.uint32(15))
        f = f * mix
        f = f ^ (f >> np.uint32(12))
        f = np.maximum(f & np.uint32(spec.buckets - 1), np.uint32(1))
        keys.append((row[: len(h)][inside] << 32) | f)
    unique = np.unique(np.concatenate(keys)) if keys else np.zeros(0, dtype=np.int64)
    offsets = np.searchsorted(unique >> 32, np.arange(len(texts) + 1))
    return (unique & 0xFFFFFFFF).astype(np.int32), offsets.astype(np.int64)
