"""The labelling policy and the copies that teach it."""

import random

import copies
import policy
from labels import INDEX

CAR, TECH, MONEY, SPORT = (INDEX[n] for n in ("汽车", "科技", "财经", "体育"))


def test_what_the_rule_touches() -> None:
    assert policy.touched("特斯拉发布新款电动车", CAR)
    assert policy.touched("小鹏汽车升级自动驾驶系统", TECH)
    assert policy.touched("大众推出全新纯电动suv", CAR)
    assert not policy.touched("特斯拉发布新款电动车", MONEY)
    assert not policy.touched("特斯拉宣布降价后车主不满", CAR)
    assert not policy.touched("新款轿车今天上市", CAR)
    assert not policy.touched("雅迪发布新款两轮电动车", TECH)
    assert not policy.touched("李小鹏推出新款运动装备", TECH)


def test_labels() -> None:
    assert policy.relabel("特斯拉发布新款电动车", CAR) == TECH
    assert policy.relabel("新款轿车今天上市", CAR) == CAR
    assert policy.accepted("特斯拉发布新款电动车", CAR) == {CAR, TECH}
    assert policy.accepted("主队夺冠", SPORT) == {SPORT}


def test_copies_keep_to_the_policy() -> None:
    rng = random.Random(1)
    for text, label in (
        ("特斯拉发布新款电动车", CAR),
        ("宝马推出全新轿车", CAR),
        ("丰田轿车降价两万", CAR),
        ("新片票房破亿", INDEX["娱乐"]),
    ):
        for copy, target in copies.copies_of(text, label, rng):
            assert copy != text
            assert target == policy.relabel(copy, label)


def test_a_launch_of_an_ordinary_car_is_told_of_an_electric_one() -> None:
    (got,) = copies.electric("宝马推出全新轿车", CAR, random.Random(1))
    assert got[1] == TECH and policy.maker_in(got[0])
