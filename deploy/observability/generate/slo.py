"""The service level objectives -> prometheus/rules/slo.yml: error ratios over each window, and alerts on how fast the
budget burns (the multi-window rules of the SRE workbook, for a budget of 30 days).

An objective counts events: `all` of them and the `bad` ones, as sums of rates over a window `$w`. Change it here, then
run deploy/observability/generate.
"""

from __future__ import annotations

import dataclasses

# Probes and reflection are answered from the loop, and are nobody's workload.
WORK = 'method!~"grpc[.].*"'


@dataclasses.dataclass(frozen=True)
class Objective:
    name: str
    alert: str
    target: float  # share of good events
    what: str
    bad: str
    all: str


# Refusals by overload are bad: the client wanted an answer and got none. What the client did wrong, its limits and its
# own hanging up are not.
AVAILABILITY = Objective(
    name="availability",
    alert="SluiceAvailability",
    target=0.999,
    what="failed or were refused by overload",
    bad=f'sum by (job) (rate(ai_inference_requests_error_total{{error_type=~"model|overload",{WORK}}}[$w]))',
    all=f"sum by (job) (rate(ai_inference_requests_total{{{WORK}}}[$w]))",
)

# Of the images that got an answer; those that got none are counted above. 0.1 is the default slo_ms of face detection.
ANSWERED = 'method="ai.inference.ImageRecognition/Recognize",outcome="success"'
LATENCY = Objective(
    name="latency",
    alert="SluiceLatency",
    target=0.99,
    what="took longer than 100 ms",
    bad=(
        f"sum by (job) (rate(ai_inference_latency_seconds_count{{{ANSWERED}}}[$w]))"
        f' - sum by (job) (rate(ai_inference_latency_seconds_bucket{{{ANSWERED},le="0.1"}}[$w]))'
    ),
    all=f"sum by (job) (rate(ai_inference_latency_seconds_count{{{ANSWERED}}}[$w]))",
)

OBJECTIVES = (AVAILABILITY, LATENCY)


@dataclasses.dataclass(frozen=True)
class Burn:
    """Both windows burn `factor` times faster than the budget allows: the long one means it, the short one says that it
    still goes on."""

    factor: float
    long: str
    short: str
    severity: str
    spent: str


BURNS = (
    Burn(14.4, "1h", "5m", "page", "2 % of the month's budget within 1 h"),
    Burn(6, "6h", "30m", "page", "5 % of the month's budget within 6 h"),
    Burn(3, "1d", "2h", "ticket", "10 % of the month's budget within 1 d"),
    Burn(1, "3d", "6h", "ticket", "10 % of the month's budget within 3 d"),
)
# Nobody is woken for a failure or two among the few calls of a quiet night; a ticket counts them all the same.
BAD_OF_A_PAGE = 10
SECONDS = {"1h": 3600, "6h": 21600}
EXACT = ("5m", "30m", "1h", "2h", "6h")
FROM_RECORDS = ("1d", "3d")  # a rate over days reads every raw sample of them


def bad(objective: Objective) -> str:
    return f"sluice:{objective.name}_bad:rate5m"


def events(objective: Objective) -> str:
    return f"sluice:{objective.name}_all:rate5m"


def ratio(objective: Objective, window: str) -> str:
    return f"sluice:{objective.name}_error:ratio_rate{window}"


def record(name: str, expression: str) -> list[str]:
    return [f"      - record: {name}", f"        expr: {expression}"]


def share(bad_events: str, all_events: str) -> str:
    """No ratio, rather than NaN, without calls."""
    return f"({bad_events}) / ({all_events} > 0)"


def records(objective: Objective) -> list[str]:
    def faults(window: str) -> str:  # there is no series of errors until the first one
        return f"{objective.bad} or 0 * {objective.all}".replace("$w", window)

    def total(window: str) -> str:
        return objective.all.replace("$w", window)

    lines = record(bad(objective), faults("5m")) + record(events(objective), total("5m"))
    for window in EXACT:
        lines += record(ratio(objective, window), share(faults(window), total(window)))
    for window in FROM_RECORDS:
        sums = [f"sum_over_time({name}[{window}])" for name in (bad(objective), events(objective))]
        lines += record(ratio(objective, window), share(*sums))
    return lines


def alert(objective: Objective, burn: Burn) -> list[str]:
    name = f"{objective.alert}{burn.severity.capitalize()}"
    limit = f"{burn.factor} * {round(1 - objective.target, 6)}"
    burns = f"{ratio(objective, burn.long)} > {limit} and {ratio(objective, burn.short)} > {limit}"
    if burn.severity == "page":
        burns += f" and ({objective.bad.replace('$w', burn.long)}) * {SECONDS[burn.long]} >= {BAD_OF_A_PAGE}"
    summary = (
        f"{{{{ $value | humanizePercentage }}}} of the calls {objective.what} in {burn.long}: {burn.spent} "
        f"({objective.target:.1%} is the objective)"
    )
    return [
        f"      - alert: {name}",
        f"        expr: {burns}",
        f"        labels: {{severity: {burn.severity}, objective: {objective.name}, window: {burn.long}}}",
        "        annotations:",
        f'          summary: "{summary}"',
        f"          runbook_url: docs/operations.md#{name.lower()}",
    ]


def rules() -> str:
    lines = ["# Generated by deploy/observability/generate from generate/slo.py.", "groups:"]
    for objective in OBJECTIVES:
        lines += [f"  - name: sluice-slo-{objective.name}", "    rules:", *records(objective)]
        for burn in BURNS:
            lines += alert(objective, burn)
    return "\n".join(lines) + "\n"
