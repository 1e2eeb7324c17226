#!/usr/bin/env python3
"""Writes docs/metrics.md from what a server shows: tools/metrics_md.py <PAGE, the text of its /metrics.

tests/e2e/test_metrics.py starts a server that shows everything, and fails when the page is stale; run it with
METRICS_MD=write to have it written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"

HEAD = """# Metrics

`GET /metrics` on every listener that exposes `metrics`: text 0.0.4, or OpenMetrics 1.0 with exemplars for scrapers that
accept it; gzip on request. Counters count since the start of the process; names end in their unit. This page is
generated from a running server (`tools/metrics_md.py`); a test fails when it is stale.

Labels are bounded whatever clients send: `model_id` and `version` are models that are served, and empty for calls that
got to none; `method` is a registered rpc; `code` a gRPC status code; `outcome` is success, refused (overload, breaker,
limits, drain) or failed.

A call counts once, with the `model_id` that its line of the access log has, so that sums over models are numbers of
calls; only a multimodal call counts for each of its parts' models. One that a fallback answered counts for the fallback,
and `ai_inference_degraded_total` says for which model.
"""

GROUPS = (
    ("Calls", r"ai_inference_(requests|latency|request_|response_|calls|stage|degraded|idempot|replay)"),
    (
        "Models and queues",
        r"ai_(model|inference_(queue|batch|principal|worker|breaker|shed))",
    ),
    ("Server", r"ai_inference_"),
    ("Process", r"process_"),
)


def unit_of(name: str) -> str:
    base = name.removesuffix("_total")
    for suffix, unit in (
        ("_seconds", "s"),
        ("_bytes", "bytes"),
        ("_ratio", "0 to 1"),
        ("_utilization", "0 to 1"),
        ("_share", "0 to 1"),
    ):
        if base.endswith(suffix):
            return unit
    return "count" if name.endswith("_total") else "–"


def families_of(text: str) -> dict[str, dict]:
    """name -> {type, help, labels} of a page in text format 0.0.4."""
    families: dict[str, dict] = {}
    for line in text.splitlines():
        if match := re.match(r"# (HELP|TYPE) (\S+) (.*)", line):
            what, name, value = match.groups()
            families.setdefault(name, {"labels": set(), "samples": 0})[what.lower()] = value
        elif line and not line.startswith("#"):
            name = re.match(r"[^{ ]+", line)[0]
            family = name if name in families else re.sub(r"_(bucket|count|sum)$", "", name)
            families[family]["samples"] += 1
            families[family]["labels"] |= set(re.findall(r'[{,]([a-z_]+)="', line)) - {"le"}
    return families


def rows_of(families: dict[str, dict]) -> str:
    lines = ["| metric | type | unit | labels | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, family in sorted(families.items()):
        labels = ", ".join(f"`{label}`" for label in sorted(family["labels"])) or "–"
        lines.append(f"| `{name}` | {family['type']} | {unit_of(name)} | {labels} | {family['help']} |")
    return "\n".join(lines)


def page_of(text: str) -> str:
    left = families_of(text)
    parts = [HEAD]
    for title, pattern in GROUPS:
        group = {name: family for name, family in left.items() if re.match(pattern, name)}
        left = {name: family for name, family in left.items() if name not in group}
        parts.append(f"## {title}\n\n{rows_of(group)}\n")
    assert not left, f"metrics of no group: {sorted(left)}"
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page_of(sys.stdin.read()), encoding="utf-8")
