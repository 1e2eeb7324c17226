"""The hash and its corpus form."""

import dataclasses

import numpy as np

import ngrams

TEXTS = ["", "中", "中国", "abcabcabc", "中国女排获得世界杯冠军", "球" * 128, "𠮷野家"]


def test_values_of_the_specification() -> None:
    spec = ngrams.NgramSpec()
    assert ngrams.hash_one([0x4E2D], spec) == 149255
    assert ngrams.hash_one([0x4E2D, 0x56FD], spec) == 4928


def test_corpus_form_equals_plain_form() -> None:
    for spec in (ngrams.NgramSpec(), ngrams.NgramSpec(buckets=1 << 10), ngrams.NgramSpec(min=2, max=4)):
        ids, offsets = ngrams.corpus_ids(TEXTS, spec)
        for i, text in enumerate(TEXTS):
            assert ids[offsets[i] : offsets[i + 1]].tolist() == ngrams.ids_of(text, spec)
    assert np.all(ids > 0)


def test_only_kept_buckets_have_a_row() -> None:
    plain = ngrams.NgramSpec(buckets=1 << 10)
    flat = np.concatenate([ngrams.ids_of(text, plain) for text in TEXTS])
    kept = ngrams.Kept.most_frequent(flat, plain.buckets, rows_max=12, count_min=2)
    assert 0 < kept.rows <= 12
    assert np.array_equal(ngrams.Kept.from_bytes(kept.to_bytes()).row, kept.row)
    assert sorted(kept.row[kept.flags]) == list(range(1, kept.rows + 1))
    for spec in (
        dataclasses.replace(plain, kept=kept),
        dataclasses.replace(plain, kept=ngrams.Kept(kept.flags & False)),
    ):
        ids, offsets = ngrams.corpus_ids(TEXTS, spec)
        for i, text in enumerate(TEXTS):
            assert ids[offsets[i] : offsets[i + 1]].tolist() == ngrams.ids_of(text, spec)
    assert ids.tolist() == [0] * len(TEXTS)


def test_ids_are_distinct_and_never_padding() -> None:
    got = ngrams.ids_of("哈" * 128, ngrams.NgramSpec())
    assert len(got) == len(set(got)) == 9  # 3 of length 1, 3 of length 2, 3 of length 3
    assert 0 not in ngrams.ids_of("a" * 50, ngrams.NgramSpec(buckets=2))
