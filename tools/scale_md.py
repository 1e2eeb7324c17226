#!/usr/bin/env python3
"""Writes the tables of docs/scale.md from bench/scale.json (bench/scale.py measures it) and bench/queueing.py.

tools/scale_md.py           writes them
tools/scale_md.py --check   exit 1 when they are not up to date
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from queueing import Place, percentile, simulate  # noqa: E402

PAGE = ROOT / "docs" / "scale.md"
MEASURED = ROOT / "bench" / "scale.json"

# CPU of a replica per call in ms, from the README's and docs/performance's tables (make bench).
WORKLOADS = {
    "a text, gRPC": 0.030,
    "a text, REST": 0.038,
    "100 texts": 0.95,
    "100 texts, BERT": 23.7,
    "a frame of 320×240, stream": 1.77,
    "an image of 640×480, YuNet-s": 5.3,
}
RATES = (1_000, 10_000, 100_000, 1_000_000)
CORES = 2  # of a replica, as the chart requests
BUSY = 0.7
ZONES = 3


def replicas(rate: float, cpu_ms: float) -> tuple[int, int]:
    """At 70 % of the CPU; and so many that this holds when one of three zones is gone, evenly spread."""
    alone = max(2, math.ceil(rate * cpu_ms / 1e3 / CORES / BUSY))
    return alone, ZONES * math.ceil(alone / (ZONES - 1))


def replicas_table() -> str:
    lines = ["| calls a second | " + " | ".join(f"{rate:,}" for rate in RATES) + " | vCPU hours per million calls |"]
    lines.append("| --- " * (len(RATES) + 2) + "|")
    for name, cpu_ms in WORKLOADS.items():
        cells = [f"{alone:,} / {zones:,}" for alone, zones in (replicas(rate, cpu_ms) for rate in RATES)]
        hours = 1e6 * cpu_ms / 1e3 / 3600 / BUSY
        lines.append(f"| {name} ({cpu_ms:g} ms) | " + " | ".join(cells) + f" | {hours:.3g} |")
    return "\n".join(lines)


def place(measured: dict) -> Place:
    """What was measured: three replicas of one worker each on one machine."""
    parts = measured["cost_us"]["an image"]
    around = sum(cost for name, cost in parts.items() if name != "workers")
    return Place(3, 1, measured["cores"], around_ms=around / 1e3, inside_ms=parts["workers"] / 1e3)


def compared(measured: dict) -> list[tuple[str, float, dict, dict]]:
    """(load, calls a second, measured, simulated) with P50 and P99 in ms."""
    rows = []
    for step in measured["steps"]:
        times = simulate(place(measured), step["offered_per_s"], 40_000, seed=1)
        ours = {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99)}
        rows.append(
            (f"{100 * step['offered_per_s'] / measured['capacity']:.0f} %", step["offered_per_s"], step["ok_ms"], ours)
        )
    return rows


def compared_table(measured: dict) -> str:
    lines = ["| load | calls/s | P50, measured | simulated | P99, measured | simulated |", "| --- " * 6 + "|"]
    for name, rate, real, ours in compared(measured):
        cells = [f"{real[key]:.1f} ms | {ours[key]:.1f} ms" for key in ("p50", "p99")]
        lines.append(f"| {name} | {rate:.0f} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def around_table(measured: dict) -> str:
    cost, page = measured["cost_us"], measured["metrics"]
    size = measured["image_bytes"]
    bits = 10e9 / 8 / size
    lines = ["| what | costs | the first limit |", "| --- | --- | --- |"]
    for kind in cost:
        envoy = cost[kind]["envoy"]
        lines.append(f"| Envoy, {kind} | {envoy:.0f} µs of CPU a call | {1e6 / envoy:,.0f} calls/s per core |")
    redis = max(one["redis"] for one in cost.values())
    lines.append(f"| Redis (one core) | {redis:.0f} µs a call at most | {1e6 / redis:,.0f} calls/s |")
    lines.append(
        f"| network, images of {size / 1e3:.0f} kB | {size / 1e3:.0f} kB a call | "
        f"{bits:,.0f} calls/s at 10 Gbit/s, twice that way with a proxy |"
    )
    lines.append(
        f"| metrics | {page['bytes'] / 1e3:.0f} kB and {page['ms']:.1f} ms of CPU a scrape | "
        f"1,000 replicas every 15 s: {1000 * page['bytes'] / 15e6:.0f} MB/s into Prometheus |"
    )
    return "\n".join(lines)


def page(text: str, measured: dict) -> str:
    tables = {"replicas": replicas_table(), "compared": compared_table(measured), "around": around_table(measured)}
    for name, table in tables.items():
        text, count = re.subn(
            rf"(<!-- {name}: made by tools/scale_md.py -->\n).*?(<!-- end -->)",
            lambda m: m[1] + table + "\n" + m[2],
            text,
            flags=re.S,  # noqa: B023
        )
        assert count == 1, name
    return text


def main() -> int:
    old = PAGE.read_text(encoding="utf-8")
    new = page(old, json.loads(MEASURED.read_text()))
    if "--check" in sys.argv:
        return int(new != old)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
