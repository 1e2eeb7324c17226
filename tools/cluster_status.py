"""The table of make cluster: what each replica does, from two readings of its /metrics and from its health."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
STATES = {0: "closed", 1: "half-open", 2: "open"}
COLUMNS = ("replica", "health", "calls/s", "errors/s", "P99", "workers", "waiting", "breaker")
WIDTHS = (13, 10, 9, 9, 9, 9, 9, 0)


def get(url: str) -> str | None:
    """None: it does not answer. An answer of any status will do."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError:
        return ""
    except OSError:
        return None


def samples(address: str) -> list[tuple[str, dict[str, str], float]]:
    text = get(f"http://{address}/metrics") or ""
    return [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value))
        for name, labels, value in SAMPLE.findall(text)
    ]


def total(readings, name: str) -> float:
    return sum(
        value for one, labels, value in readings if one == name and not labels.get("method", "").startswith("grpc.")
    )


def quantile(share: float, buckets: dict[float, float]) -> float | None:
    """Of cumulative counts; the upper end of the bucket that it falls into."""
    ends = sorted(buckets)
    if not ends or buckets[ends[-1]] <= 0:
        return None
    rank = share * buckets[ends[-1]]
    return next((end for end in ends if buckets[end] >= rank), math.inf)


def buckets(readings) -> dict[float, float]:
    out: dict[float, float] = {}
    for name, labels, value in readings:
        if name == "ai_inference_latency_seconds_bucket" and not labels.get("method", "").startswith("grpc."):
            out[float(labels["le"])] = out.get(float(labels["le"]), 0) + value
    return out


def p99(before, after) -> str:
    old = buckets(before)
    found = quantile(0.99, {end: count - old.get(end, 0) for end, count in buckets(after).items()})
    return "-" if found is None else f"≤{found * 1000:g} ms"


def breaker(readings) -> str:
    ill = {
        f"{labels['model_id']}@{labels['version']} {STATES[int(value)]}"
        for name, labels, value in readings
        if name == "ai_inference_breaker_state" and value > 0
    }
    return ", ".join(sorted(ill)) or "closed"


def health(address: str) -> str:
    answer = get(f"http://{address}/readyz")
    return "gone" if answer is None else "ready" if answer else "not ready"


def row(name: str, address: str, before, after, seconds: float) -> tuple[str, ...]:
    def rate(metric: str) -> str:
        return f"{(total(after, metric) - total(before, metric)) / seconds:.1f}"

    if not after:
        return (name, health(address), *["-"] * 6)
    busy = [value for one, _, value in after if one == "ai_inference_worker_utilization"]
    return (
        name,
        health(address),
        rate("ai_inference_requests_total"),
        rate("ai_inference_requests_error_total"),
        p99(before, after),
        f"{sum(busy) / max(1, len(busy)):.0%}",
        f"{total(after, 'ai_inference_queue_depth'):.0f}",
        breaker(after),
    )


def line(cells) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def show(folder: Path, once: bool) -> None:
    file = folder / "ports.json"
    if not file.exists():
        sys.exit("no cluster was started: make cluster")
    ports = json.loads(file.read_text())
    replicas = {name: f"127.0.0.1:{port}" for name, port in ports.items() if name.startswith("inference-")}
    before = {name: samples(address) for name, address in replicas.items()}
    last = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
            after = {name: samples(address) for name, address in replicas.items()}
            now = time.monotonic()
            if not once and sys.stdout.isatty():
                print("\x1b[H\x1b[2J", end="")
            print(line(COLUMNS))
            for name, address in replicas.items():
                print(line(row(name, address, before[name], after[name], now - last)), flush=True)
            if once:
                return
            before, last = after, now
