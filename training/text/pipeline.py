"""The stages of training, each a function of the stages before it; `run.py` calls them in order.

A stage's result is kept under the work folder, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import bag
import bert
import data
import metrics
import ngrams
import normalise
import policy
import teacher
import vectors
import wordpiece

NGRAMS = ngrams.NgramSpec()  # of the teachers
SERVED_BUCKETS, SERVED_ROWS, COUNT_MIN = 1 << 20, 99_999, 5  # so few n-grams share a bucket, and rare ones have no row
BAG = bag.BagSpec(
    buckets=SERVED_ROWS + 1, width=96, hidden=128, ngram_dropout=0.5, rate=4e-3, epochs=3, smoothing=0.02, seed=1
)
BERT = bert.BertSpec()
SEED = 1
BERT_SHARE = 0.4  # of the encoder in the targets of the bag
T = TypeVar("T")


@dataclass
class Split:
    """One cleaned split in every form the stages need."""

    rows: data.Rows
    csr: bag.Csr
    accepted: list[frozenset[int]]
    own: int  # rows of the file; copies follow them

    @property
    def target(self) -> np.ndarray:
        """Labels under the policy, int [rows]."""
        return np.array(self.rows.target)

    @property
    def weight(self) -> np.ndarray:
        """Loss weights [rows]."""
        return np.array(self.rows.weight)


class Work:
    """The work folder: results of stages by name, and what they cost."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder, self.say = folder, say
        self._kept_seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def stage(self, name: str, make: Callable[[], T]) -> T:
        """The kept result of a stage, or a fresh one."""
        path = self.folder / f"{name}.pkl"
        if path.exists():
            with path.open("rb") as file:
                result, seconds = pickle.load(file)  # noqa: S301  (written by this very program)
            self._kept_seconds += seconds
            self.say(f"{name}: kept from an earlier run ({seconds:.0f} cpu-s)")
            return result
        wall, cpu = time.monotonic(), time.process_time()
        result = make()
        seconds = time.process_time() - cpu
        with path.with_suffix(".part").open("wb") as file:
            pickle.dump((result, seconds), file, protocol=5)
        path.with_suffix(".part").rename(path)
        self.say(f"{name}: {time.monotonic() - wall:.0f} s, {seconds:.0f} cpu-s")
        return result

    def cpu_minutes(self) -> float:
        """CPU time of everything so far, kept stages with what they took when they were made."""
        return (time.process_time() + self._kept_seconds) / 60


def prepare(path: Path, copies: bool) -> Split:
    """Clean and hash one TSV; with copies for training."""
    rows = data.clean(data.read_tsv(path), NGRAMS.max_length)
    own = len(rows)
    if copies:
        rows = data.with_copies(rows, SEED)
    csr = bag.Csr(*ngrams.corpus_ids(rows.bag, NGRAMS))
    return Split(rows, csr, [policy.accepted(t, y) for t, y in zip(rows.bag, rows.label, strict=True)], own)


def soft_targets(train: Split, say: Callable[[str], None]) -> np.ndarray:
    """Targets [rows, 10] of both models, from teachers on the real rows alone."""
    own = np.arange(train.own)
    soft = teacher.out_of_fold(train.csr.rows(own), train.target[own], train.weight[own], say)
    return teacher.mixed(train.target, soft, train.weight > 1)


@dataclass
class Trained:
    """A model with its temperature."""

    model: Any
    temperature: float


@dataclass
class Words:
    """Vocabulary and start vectors [vocabulary, width]."""

    vocabulary: list[str]
    start: np.ndarray
    ids: np.ndarray


def bert_says(train: Split, made: Words, encoder: Trained) -> np.ndarray:
    """Probabilities [own rows, 10] of the encoder on the rows it was trained on; 3 epochs memorise little."""
    return metrics.softmax(bert.logits_of(encoder.model, made.ids[: train.own]))


@dataclass
class Grams:
    """The served bag's n-grams and both splits in its rows."""

    spec: ngrams.NgramSpec
    train: bag.Csr
    dev: bag.Csr


def grams(train: Split, dev: Split) -> Grams:
    """Which n-grams get a row: the most frequent of the real training rows."""
    spec = ngrams.NgramSpec(buckets=SERVED_BUCKETS)
    ids, offsets = ngrams.corpus_ids(train.rows.bag[: train.own], spec)
    kept = ngrams.Kept.most_frequent(ids[: offsets[-1]], SERVED_BUCKETS, SERVED_ROWS, COUNT_MIN)
    spec = replace(spec, kept=kept)
    return Grams(spec, *(bag.Csr(*ngrams.corpus_ids(split.rows.bag, spec)) for split in (train, dev)))


def train_bag(train: Split, dev: Split, soft: np.ndarray, says: np.ndarray, made: Grams) -> Trained:
    """The fast model: learns from labels, out-of-fold bags and the encoder, which errs in other places."""
    target = soft.copy()
    blend = np.flatnonzero(train.weight[: train.own] == 1)
    target[blend] = (1 - BERT_SHARE) * soft[blend] + BERT_SHARE * says[blend]
    model = bag.train(made.train, target, train.weight, replace(BAG, buckets=made.spec.kept.rows + 1))
    return Trained(model, metrics.fit_temperature(bag.logits_of(model, made.dev), dev.accepted, dev.rows.target))


def bert_texts(split: Split) -> list[str]:
    """Texts as the encoder's tokenizer sees them."""
    return [normalise.for_bert(t) for t in split.rows.raw]


def words(train: Split, folder: Path) -> Words:
    """Vocabulary, token ids of the training rows and start vectors."""
    texts = bert_texts(train)
    vocabulary = wordpiece.build(texts)
    wordpiece.save(vocabulary, folder / "vocab.txt")
    ids = wordpiece.encode(wordpiece.load(folder / "vocab.txt", BERT.max_length), texts, BERT.max_length)
    return Words(vocabulary, vectors.ppmi_svd(ids, len(vocabulary), BERT.width, SEED), ids)


def train_bert(train: Split, dev: Split, soft: np.ndarray, made: Words, folder: Path) -> Trained:
    """The encoder."""
    model = bert.train(made.ids, made.start, soft, train.weight, BERT)
    ids = wordpiece.encode(wordpiece.load(folder / "vocab.txt", BERT.max_length), bert_texts(dev), BERT.max_length)
    return Trained(model, metrics.fit_temperature(bert.logits_of(model, ids), dev.accepted, dev.rows.target))
