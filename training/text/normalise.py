"""Normalisation of a text before hashing or WordPiece; PREPROCESSING.md section 2 is its specification.

The functions are ICU's own (PyICU, built against the ICU that the C++ server links), so that
training and serving cannot differ.
"""

from __future__ import annotations

from functools import lru_cache

import icu

RAW_CUT = 1024  # code points of the input that are looked at
HANS_FIRST, HANS_LAST = 0x3000, 0x9FFF  # code points that the traditional -> simplified table covers
NO_LETTER_CONFIDENCE = 0.25  # what 其他 gets when a text holds no letter

_NFKC_CF = icu.Normalizer2.getNFKCCasefoldInstance()
_LETTERS = frozenset(
    (
        icu.UCharCategory.UPPERCASE_LETTER,
        icu.UCharCategory.LOWERCASE_LETTER,
        icu.UCharCategory.TITLECASE_LETTER,
        icu.UCharCategory.MODIFIER_LETTER,
        icu.UCharCategory.OTHER_LETTER,
    )
)


@lru_cache(maxsize=1)
def hans_table() -> dict[int, int]:
    """Code point -> simplified code point, for those that ICU's Traditional-Simplified changes alone.

    Each code point of U+3000..U+9FFF is transliterated as a text of its own; the multi-character
    rules of ICU are so left out, and the mapping is one table look-up per code point.
    """
    transliterator = icu.Transliterator.createInstance("Traditional-Simplified")
    table: dict[int, int] = {}
    for code in range(HANS_FIRST, HANS_LAST + 1):
        out = transliterator.transliterate(chr(code))
        if len(out) == 1 and ord(out) != code:
            table[code] = ord(out)
    return table


@lru_cache(maxsize=1 << 17)
def _is_dropped(char: str) -> bool:
    """White_Space property or general category Cc."""
    return icu.Char.isUWhiteSpace(char) or icu.Char.charType(char) == icu.UCharCategory.CONTROL_CHAR


@lru_cache(maxsize=1 << 17)
def _is_letter(char: str) -> bool:
    return icu.Char.charType(char) in _LETTERS


def fold(text: str) -> str:
    """Steps 1-3: raw cut, NFKC_Casefold, traditional -> simplified."""
    return _NFKC_CF.normalize(text[:RAW_CUT]).translate(hans_table())


def strip(folded: str) -> str:
    """Step 4, `white_space: remove`: drop white space and control characters."""
    return "".join(c for c in folded if not _is_dropped(c))


def collapse(folded: str) -> str:
    """Step 4, `white_space: collapse`: each run of dropped characters becomes one U+0020; none at the ends."""
    parts: list[str] = []
    gap = False
    for c in folded:
        if _is_dropped(c):
            gap = bool(parts)
            continue
        if gap:
            parts.append(" ")
            gap = False
        parts.append(c)
    return "".join(parts)


def has_letter(text: str) -> bool:
    """True when some code point has general category Lu, Ll, Lt, Lm or Lo."""
    return any(_is_letter(c) for c in text)


def for_bag(text: str, max_length: int) -> str:
    """Text as the hashed model sees it: folded, no white space, at most max_length code points."""
    return strip(fold(text))[:max_length]


def for_bert(text: str) -> str:
    """Text as our BERT's tokenizer sees it: folded, white space collapsed."""
    return collapse(fold(text))
