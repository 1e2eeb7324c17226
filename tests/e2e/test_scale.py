"""docs/scale.md: its simulation against queueing theory and against what was measured, and its tables against both."""

from __future__ import annotations

import json
import statistics
import sys

import pytest

from conftest import ROOT

sys.path += [str(ROOT / "tools"), str(ROOT / "bench")]

import scale_md  # noqa: E402
from queueing import Place, percentile, simulate  # noqa: E402

MEASURED = json.loads(scale_md.MEASURED.read_text())


def test_the_page_is_up_to_date():
    text = scale_md.PAGE.read_text(encoding="utf-8")
    assert scale_md.page(text, MEASURED) == text, "run tools/scale_md.py"


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_one_queue_waits_as_theory_says(load):
    """Pollaczek and Khinchine, with the 10 % by which calls differ."""
    times = simulate(Place(1, 1, cores=1, around_ms=0, inside_ms=10), load * 100, 100_000, seed=2)
    expected = 10 + load * 10 * (1 + 0.1**2) / (2 * (1 - load))
    assert statistics.fmean(times) == pytest.approx(expected, rel=0.06)


def test_more_than_the_cores_carry_is_not_carried():
    place = Place(3, 1, cores=2, around_ms=1, inside_ms=3)
    assert place.capacity == pytest.approx(500)
    below, above = (percentile(simulate(place, rate, 20_000, seed=3), 0.99) for rate in (350, 600))
    assert below < 30 and above > 500


@pytest.mark.parametrize("row", scale_md.compared(MEASURED), ids=lambda row: row[0])
def test_the_simulation_says_what_was_measured(row):
    _, _, real, ours = row
    assert ours["p50"] == pytest.approx(real["p50"], rel=0.5)
    assert real["p99"] / 2 < ours["p99"] < real["p99"] * 2


def test_replicas_and_zones():
    assert scale_md.replicas(1000, 5.3) == (4, 6), "5.3 cores, 7.6 of them at 70 %"
    alone, zones = scale_md.replicas(100_000, 1.77)
    assert zones * 2 / 3 >= alone
