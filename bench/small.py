"""Small gRPC calls: ours beside grpc++."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from load import ROOT, Load, Process, frame, free_port, median, start_sluice


def bench_small(build: Path, folder: Path, rounds: int, calls: int) -> None:
    ours, port = start_sluice(build, [ROOT / "models"], folder / "small.log")
    theirs_port = free_port()
    theirs = Process([build / "bench" / "grpcpp_health", theirs_port])
    load = Load(
        "Health/Check",
        folder,
        frame(b""),
        "/grpc.health.v1.Health/Check",
        ["content-type: application/grpc", "te: trailers"],
    )
    print(f"\nSmall calls: grpc.health.v1.Health/Check, {rounds} rounds of {calls} calls, server CPU µs per call")
    print(f"{'in flight':>10}{'Sluice':>10}{'grpc++ 1.51':>14}{'ratio':>8}")
    for in_flight in (1, 16, 256):
        mine, other = [], []
        for _ in range(rounds):
            n = calls if in_flight > 1 else calls // 10
            mine.append(load.run(ours, port, n, in_flight).cpu)
            other.append(load.run(theirs, theirs_port, n, in_flight, counted=False).cpu)
        ratio = median([a / b for a, b in zip(mine, other)])
        print(f"{in_flight:>10}{median(mine) * 1e6:>10.1f}{median(other) * 1e6:>14.1f}{ratio:>8.2f}")
    ours.stop(), theirs.stop()
    print_chain(build, calls)


def print_chain(build: Path, calls: int) -> None:
    """What the layers take of such a call, without codec and socket."""
    chain = json.loads(
        subprocess.run([build / "bench" / "chain", str(calls)], stdout=subprocess.PIPE, check=True).stdout
    )
    print(
        f"the call chain, µs: no layers {chain['none']}, all {chain['all']}, "
        f"all and an answer recorded for replays {chain['all_with_id']}"
    )
