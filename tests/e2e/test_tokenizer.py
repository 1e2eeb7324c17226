"""The server's BERT tokenizer gives the ids that Hugging Face's three give, with our vocabulary, on texts of many
kinds."""

from __future__ import annotations

import gzip
import json
import random
import subprocess

import pytest

from conftest import BINARY, ROOT, SHARED

MODEL = ROOT / "models" / "news_classification_bert_v1" / "1"
PROGRAM = BINARY.parent / "tests" / "tokenizer"
LENGTHS = (48, 512)
COUNT = 4000

# Characters that were settled before the Unicode tables of all sides: newer marks and punctuation differ, and Python
# drops what is no character yet (training/text/PREPROCESSING.md, section 5).
BLOCKS = {
    "ascii": (0x20, 0x7E), "latin": (0xA1, 0x17F), "greek": (0x3B1, 0x3C9), "capital greek": (0x391, 0x3A1),
    "cyrillic": (0x400, 0x45F),
    "hebrew": (0x5D0, 0x5EA), "arabic": (0x621, 0x63A), "devanagari": (0x905, 0x939), "thai": (0xE01, 0xE2E),
    "hangul": (0xAC00, 0xD7A3), "hiragana": (0x3041, 0x3096), "katakana": (0x30A1, 0x30FE),
    "chinese": (0x4E00, 0x9FA5), "extension a": (0x3400, 0x4DB5), "extension b": (0x20000, 0x2A6D6),
    "compatibility": (0xF900, 0xFA2D),
    "full width": (0xFF01, 0xFF5E), "punctuation": (0x2010, 0x2027), "cjk punctuation": (0x3001, 0x3011),
    "currency": (0x20A0, 0x20B5), "arrows": (0x2190, 0x21FF),
    "accents": (0x300, 0x314), "spaces": (0x2000, 0x200A), "controls": (0x1, 0x1F), "c1": (0x80, 0x9F),
    "format": (0x200B, 0x200F), "emoji": (0x1F600, 0x1F64F), "private": (0xE000, 0xE0FF),
}  # fmt: skip
ODD = [
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "[PAD]",
    "[cls]",
    "##",
    "##a",
    "\u3000",
    "\ufeff",
    "\ufffd",
    "İ",
    "ß",
    "ﬁ",
    "Å",
    "e\u0301",
    "x" * 100,
    "x" * 101,
    "x" * 300,
    "'",
    "''",
    "--",
    "a.b",
    "3.14%",
]


def generated(rng: random.Random, vocabulary: list[str]) -> str:
    """A text of a few runs: words of the vocabulary, characters of one block, or something odd."""
    runs = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < 0.4:
            word = rng.choice(vocabulary).removeprefix("##")
            runs.append(rng.choice([word, word.upper(), word.title()]))
        elif kind < 0.85:
            first, last = BLOCKS[rng.choice(list(BLOCKS))]
            runs.append("".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 8))))
        else:
            runs.append(rng.choice(ODD))
        if rng.random() < 0.3:
            runs.append(rng.choice(" \t\n\r\u3000\u00a0"))
    return "".join(runs)


def texts() -> list[str]:
    vocabulary = (MODEL / "vocab.txt").read_text(encoding="utf-8").splitlines()
    rng = random.Random(20261123)
    found = [generated(rng, vocabulary) for _ in range(COUNT)]
    found += [
        case["text"].replace("\0", "")
        for case in json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["cases"]
    ]
    if SHARED.is_dir():
        with gzip.open(SHARED / "data" / "text" / "dev.tsv.gz", "rt", encoding="utf-8") as lines:
            found += [line.rstrip("\n").split("\t", 1)[1] for line in lines]
    return found


def tokenizers_wordpiece(length: int):
    """The Rust library, as training/text uses it."""
    tokenizers = pytest.importorskip("tokenizers", reason="skipped: no tokenizers (tools/requirements-test.txt)")
    theirs = tokenizers.implementations.BertWordPieceTokenizer(str(MODEL / "vocab.txt"), lowercase=True)
    theirs.enable_truncation(length)
    return lambda inputs: [encoded.ids for encoded in theirs.encode_batch(inputs)]


def transformers_bert(length: int):
    """BertTokenizer, which a user's BERT was trained with; Rust below, too."""
    transformers = pytest.importorskip("transformers", reason="skipped: no transformers (tools/requirements-test.txt)")
    theirs = transformers.BertTokenizer(str(MODEL / "vocab.txt"), do_lower_case=True)
    return lambda inputs: theirs(inputs, truncation=True, max_length=length)["input_ids"]


def transformers_python(length: int):
    """BertTokenizer as it was before transformers 5: Google's code in Python, the definition of what BERT sees."""
    pytest.importorskip("transformers", reason="skipped: no transformers (tools/requirements-test.txt)")
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

    theirs = BertTokenizerLegacy(str(MODEL / "vocab.txt"), do_lower_case=True)
    return lambda inputs: [theirs(text, truncation=True, max_length=length)["input_ids"] for text in inputs]


@pytest.mark.parametrize("theirs", (tokenizers_wordpiece, transformers_bert, transformers_python))
@pytest.mark.parametrize("length", LENGTHS)
def test_ids_are_those_of_hugging_face(length, theirs):
    inputs = texts()
    assert len(set(inputs)) >= 2000
    wanted = theirs(length)(inputs)
    run = subprocess.run(
        [PROGRAM, MODEL / "vocab.txt", str(length)],
        input="".join(f"{text}\0" for text in inputs).encode(),
        capture_output=True,
        check=True,
    )
    got = [[int(i) for i in line.split()] for line in run.stdout.decode().splitlines()]
    assert len(got) == len(wanted)
    different = [(text, a, b) for text, a, b in zip(inputs, got, wanted) if a != b]
    assert not different, f"{len(different)} of {len(inputs)}, the first: {different[0]!r}"
    assert len({i for ids in wanted for i in ids}) > 4000, "the texts use little of the vocabulary"
