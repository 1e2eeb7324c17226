"""Normalisation against PREPROCESSING.md section 2 and 3."""

import hashlib
import unicodedata

import normalise

DROPPED = [
    (0x0, 0x20), (0x7F, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
]  # fmt: skip


def test_table_is_the_one_the_models_were_trained_with() -> None:
    table = normalise.hans_table()
    lines = "".join(f"{c:04X} {t:04X}\n" for c, t in sorted(table.items()))
    assert len(table) == 2855
    assert (
        hashlib.sha256(lines.encode()).hexdigest() == "1b0563fbd4b1b0cad0ee4976d0fcbb10b78371b2c5a3e1d6e9b64027efe636a6"
    )


def test_dropped_code_points_are_exactly_the_written_set() -> None:
    written = {c for first, last in DROPPED for c in range(first, last + 1)}
    found = {c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and not normalise.strip(chr(c))}
    assert found == written


def test_letters_are_the_five_letter_categories() -> None:
    for c in range(0, 0x3100):
        assert normalise.has_letter(chr(c)) == unicodedata.category(chr(c)).startswith("L"), hex(c)


def test_examples() -> None:
    assert normalise.for_bag(" 蘋果 發布ＡＢＣ①新款手機\u200b ", 128) == "苹果发布abc1新款手机"
    assert normalise.for_bag("球" * 300, 128) == "球" * 128
    assert normalise.for_bert("  Apple\tUnveils  new\u3000 iPhone \x00") == "apple unveils new iphone"
    assert normalise.for_bert(" \t ") == ""
    assert normalise.for_bag(" " * 1024 + "房价", 128) == ""
    assert not any(map(normalise.has_letter, ("", "12345", "？？？", "😀", "〇", "①")))
    assert normalise.has_letter("々") and normalise.has_letter("a1")
