"""Hashed character n-grams; PREPROCESSING.md section 4 is the specification.

Two forms of one function: `ids_of` is the plain reading (golden vectors, tests), `corpus_ids` does
the same for a whole corpus with numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

FRAME_OPEN, FRAME_CLOSE = 0x02, 0x03
_M32 = 0xFFFFFFFF
_PRIME, _MIX = 16777619, 0x2C1B3C6D


class Kept:
    """The buckets that have a row; the file of the manifest's `kept`, and as an array bucket -> row (0 = none)."""

    def __init__(self, kept: np.ndarray) -> None:
        """`kept`: bool [buckets]."""
        self.flags = kept
        self.rows = int(kept.sum())
        self.row = np.where(kept, np.cumsum(kept), 0).astype(np.int32)

    @staticmethod
    def most_frequent(ids: np.ndarray, buckets: int, rows_max: int, count_min: int) -> Kept:
        """The buckets that occur most often in `ids` (of a corpus, distinct per text)."""
        counts = np.bincount(ids, minlength=buckets)
        picks = np.argsort(-counts, kind="stable")[:rows_max]
        kept = np.zeros(buckets, dtype=bool)
        kept[picks[counts[picks] >= count_min]] = True
        return Kept(kept)

    @staticmethod
    def from_bytes(data: bytes) -> Kept:
        """Lowest bit of the first byte first."""
        return Kept(np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little").astype(bool))

    def to_bytes(self) -> bytes:
        """The file."""
        return np.packbits(self.flags, bitorder="little").tobytes()


@dataclass(frozen=True)
class NgramSpec:
    """n-gram lengths in code points, number of table rows (a power of two; row 0 = padding), hash start."""

    min: int = 1
    max: int = 3
    buckets: int = 1 << 18
    seed: int = 2166136261
    max_length: int = 128
    kept: Kept | None = field(default=None, repr=False)  # None: every bucket has the row of its number


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
    if spec.kept is not None:
        rows = {int(spec.kept.row[h]) for h in rows} - {0} or {0}
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
    if spec.kept is not None:
        rows = spec.kept.row[unique & 0xFFFFFFFF].astype(np.int64)
        unique = (unique >> 32 << 32 | rows)[rows > 0]  # a text's rows are in the order of its buckets
        bare = np.setdiff1d(np.arange(len(texts), dtype=np.int64), unique >> 32)
        unique = np.sort(np.concatenate((unique, bare << 32)))
    offsets = np.searchsorted(unique >> 32, np.arange(len(texts) + 1))
    return (unique & 0xFFFFFFFF).astype(np.int32), offsets.astype(np.int64)
