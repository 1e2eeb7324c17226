"""Rows from a `label<TAB>text` TSV to arrays for training: reading, cleaning, policy, copies.

A row's `key` is its text folded to letters and digits; rows whose key is shorter than 4 code points,
rows of unknown label and keys that carry several labels are dropped, later doubles too.
"""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import copies
import normalise
import policy
from labels import INDEX


@dataclass
class Rows:
    """Parallel lists, one entry per text."""

    raw: list[str] = field(default_factory=list)  # as published
    bag: list[str] = field(default_factory=list)  # normalise.for_bag
    label: list[int] = field(default_factory=list)  # as the source says
    target: list[int] = field(default_factory=list)  # under the labelling policy
    weight: list[float] = field(default_factory=list)  # of the loss

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, picks: Iterable[int]) -> Rows:
        """The rows of the given numbers."""
        out = Rows()
        for i in picks:
            out.add(self.raw[i], self.bag[i], self.label[i], self.target[i], self.weight[i])
        return out

    def add(self, raw: str, bag: str, label: int, target: int, weight: float) -> None:
        """Append one row."""
        self.raw.append(raw)
        self.bag.append(bag)
        self.label.append(label)
        self.target.append(target)
        self.weight.append(weight)


def read_tsv(path: Path) -> Iterator[tuple[str, str]]:
    """(label, text) of each line that has both; plain or gzip, UTF-8."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            label, tab, text = line.rstrip("\r\n").partition("\t")
            if tab and label in INDEX and text:
                yield label, text


def clean(pairs: Iterable[tuple[str, str]], max_length: int, avoid: frozenset[str] = frozenset()) -> Rows:
    """Drop unusable, conflicting and double rows (and keys in `avoid`), normalise, apply the policy."""
    first: dict[str, tuple[str, str, int]] = {}
    labels_of: dict[str, set[int]] = defaultdict(set)
    for name, raw in pairs:
        bag = normalise.for_bag(raw, max_length)
        key = key_of(bag)
        if len(key) < 4 or key in avoid:
            continue
        labels_of[key].add(INDEX[name])
        first.setdefault(key, (raw, bag, INDEX[name]))
    rows = Rows()
    for key, (raw, bag, label) in first.items():
        if len(labels_of[key]) == 1:
            hit = policy.touched(bag, label)
            rows.add(raw, bag, label, policy.relabel(bag, label), policy.WEIGHT if hit else 1.0)
    return rows


def key_of(bag: str) -> str:
    """Letters and digits of a normalised text."""
    return "".join(c for c in bag if c.isalnum())


def with_copies(rows: Rows, seed: int) -> Rows:
    """The rows, then the copies of copies.py (their raw text is the normalised one)."""
    rng = random.Random(seed)
    out = rows.take(range(len(rows)))
    for text, label in zip(rows.bag, rows.label, strict=True):
        for copy, target in copies.copies_of(text, label, rng):
            out.add(copy, copy, label, target, 1.0)
    return out
