"""Copies of training rows with one word changed, so that a model learns from the rest of the sentence.

Each copy is a real row in which a name or word of one list is replaced by another of a like list. No
sentence is written here. Copies carry their label in full: teachers have no say about them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import policy

MAKER_COPIES = 4  # per row that names an electric or smart car maker
OTHER_CAR_NEWS = 0.4  # share of the copies about electric makers that are no launch and no technology

# What is counted gives the topic, not the word for the count; in the sources 销量 is nearly always of cars.
POPULARITY = ("票房", "播放量", "点击量", "收视率", "下载量", "出货量", "订阅量", "点击率", "专辑", "单曲")
SALES = "销量"

_ORDINARY = re.compile("|".join(sorted(policy.ORDINARY, key=len, reverse=True)))
_CAR_WORD = re.compile("轿车|suv|新车|车型|跑车|汽车")
_POPULARITY = re.compile("|".join(POPULARITY))
_MUSIC = ("专辑", "单曲")


def makers(text: str, label: int, rng: random.Random) -> Iterator[tuple[str, int]]:
    """Rows of 汽车, 科技 and 财经 that name one of MAKERS, with other makers and the same label."""
    old = policy.maker_in(text)
    if old is None or label not in (policy.CAR, policy.TECH, policy.MONEY):
        return
    for _ in range(MAKER_COPIES):
        new = text.replace(old, rng.choice([m for m in policy.MAKERS if m != old]))
        yield new, policy.relabel(new, label)


def electric(text: str, label: int, rng: random.Random) -> Iterator[tuple[str, int]]:
    """News of ordinary cars, told of an electric maker: 科技 where the policy then says so, else still 汽车."""
    found = _ORDINARY.search(text)
    if label != policy.CAR or found is None or policy.touched(text, label) or policy.maker_in(text):
        return
    new = text.replace(found.group(), rng.choice(policy.MAKERS))
    if rng.random() < 0.5:
        new = _CAR_WORD.sub(rng.choice(policy.ELECTRIC_CARS), new, count=1)
    if policy.touched(new, label):
        yield new, policy.TECH
    elif rng.random() < OTHER_CAR_NEWS:
        yield new, policy.CAR


def popularity(text: str, label: int, rng: random.Random) -> Iterator[tuple[str, int]]:
    """Rows that count viewers, downloads or tickets, told of sales; for music the word is put behind the album."""
    del rng
    found = _POPULARITY.search(text)
    if found is None:
        return
    word = found.group()
    yield text.replace(word, word + SALES if word in _MUSIC else SALES, 1), label


def copies_of(text: str, label: int, rng: random.Random) -> Iterator[tuple[str, int]]:
    """All copies of a normalised row: (text, label under the policy)."""
    yield from makers(text, label, rng)
    yield from electric(text, label, rng)
    yield from popularity(text, label, rng)
