"""WordPiece vocabulary made from the training texts, and the Hugging Face BERT tokenizer over it.

Chinese characters are single tokens in BERT's tokenizer, so the vocabulary is: the five special
tokens, each character seen often enough, and for runs of letters and digits the frequent whole
words and frequent word ends, with every single letter and digit as a last resort.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD = 0
MIN_CHAR, MIN_WORD, MIN_END = 3, 12, 40  # occurrences in the training texts


def basic_words(texts: Sequence[str]) -> Counter[str]:
    """Words as BERT's basic tokenizer cuts them, with their counts."""
    probe = BertWordPieceTokenizer(lowercase=True)
    counts: Counter[str] = Counter()
    for text in texts:
        cleaned = probe.normalizer.normalize_str(text)
        counts.update(word for word, _ in probe.pre_tokenizer.pre_tokenize_str(cleaned))
    return counts


def build(texts: Sequence[str]) -> list[str]:
    """The vocabulary, in a fixed order."""
    words = basic_words(texts)
    singles: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for word, n in words.items():
        for c in word:
            singles[c] += n
        if len(word) > 2 and word.isascii():
            for size in (2, 3):
                ends["##" + word[-size:]] += n
    ascii_symbols = [c for c in map(chr, range(0x21, 0x7F)) if not c.isupper()]
    characters = sorted(c for c, n in singles.items() if n >= MIN_CHAR and c not in ascii_symbols)
    whole = sorted(w for w, n in words.items() if n >= MIN_WORD and len(w) > 1)
    inner = ["##" + c for c in ascii_symbols if c.isalnum()]
    tails = sorted(e for e, n in ends.items() if n >= MIN_END)
    return list(dict.fromkeys([*SPECIAL, *ascii_symbols, *inner, *characters, *whole, *tails]))


def save(vocabulary: Sequence[str], path: Path) -> None:
    """vocab.txt in Hugging Face form: one token a line, line number = id."""
    path.write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8")


def load(path: Path, max_length: int) -> Tokenizer:
    """The tokenizer that BertTokenizer(vocab.txt, do_lower_case=True) is, cutting at max_length tokens."""
    tokenizer = BertWordPieceTokenizer(str(path), lowercase=True)
    tokenizer.enable_truncation(max_length)
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> np.ndarray:
    """Token ids int64 [rows, max_length], padded with PAD."""
    out = np.full((len(texts), max_length), PAD, dtype=np.int64)
    for at in range(0, len(texts), 4096):
        for row, got in enumerate(tokenizer.encode_batch(list(texts[at : at + 4096])), start=at):
            out[row, : len(got.ids)] = got.ids
    return out
