"""Everything on against everything off: access log, metrics, traces to a collector that takes them.

What is asked for is a difference of a few parts in a thousand: less than a process gains or loses by where its memory
happens to lie, and less than the machine's speed wanders in a second. So there are many pairs of servers, one after the
other, and the two of a pair take short turns (on, off, off, on, ...). What is told is the mean of the pairs'
differences without the outermost fifth at each end, and its standard error.

Which of a pair starts first changes from pair to pair: on a virtual machine the first one may get slower memory, worth
up to a fifth of a picture. The access log goes into a pipe that somebody reads, as a container's does: pages of a new
file may be the host's to find, and its time would count as the server's.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

from load import ROOT, Load, Process, cpu_seconds, field, frame, free_port, thread_seconds

SAMPLE = ROOT / ".deps/samples/astronaut.jpg"
PAIRS = 10
SETTLE_S = 6  # until what waits is written, and sent: tracing.interval_ms and a little


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Side:
    """One server of a pair."""

    def __init__(self, build: Path, folder: Path, name: str, config: str):
        self.port = free_port()
        file = folder / f"{name}.yaml"
        file.write_text(f"models: {{root: {ROOT / 'models'}}}\n{config}\n")
        self.process = Process([build / "sluice", "serve", "--config", file, "--listen", f"127.0.0.1:{self.port}"])

    def turn(self, load: Load, calls: int, in_flight: int) -> None:
        load.run(self.process, self.port, calls, in_flight, counted=False)

    def cpu(self) -> dict[str, float]:
        """By thread; "" is all of the process."""
        return thread_seconds(self.process.pid) | {"": cpu_seconds(self.process.pid)}


def trimmed(values: list[float]) -> tuple[float, float]:
    """Mean and standard error without a fifth at each end."""
    cut = len(values) // 5
    kept = sorted(values)[cut : len(values) - cut]
    # Of a trimmed mean: from the values that were cut set to the outermost kept ones (Tukey and McLaughlin).
    pulled = [min(max(v, kept[0]), kept[-1]) for v in values]
    return statistics.fmean(kept), statistics.stdev(pulled) / ((1 - 2 * cut / len(values)) * len(values) ** 0.5)


def difference(a: dict[str, float], b: dict[str, float]) -> dict[str, float]:
    return {name: a.get(name, 0.0) - b.get(name, 0.0) for name in a.keys() | b.keys()}


@contextlib.contextmanager
def read_pipe(path: Path):
    """A pipe with a reader, as a container's output has."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    reader = subprocess.Popen(["cat", path], stdout=subprocess.DEVNULL)
    try:
        yield path
    finally:
        reader.terminate()
        reader.wait()


def compare(sides: tuple[Side, Side], load: Load, calls: int, in_flight: int, turns: int) -> list[dict[str, float]]:
    """CPU per call of one pair: with everything on, and off. What a server does after its last answer (lines and spans
    that wait) counts, too."""
    on, off = sides
    on.turn(load, calls, in_flight), off.turn(load, calls, in_flight)
    time.sleep(SETTLE_S)
    before = on.cpu(), off.cpu()
    for i in range(turns):
        for side in (on, off) if i % 2 == 0 else (off, on):
            side.turn(load, calls, in_flight)
    time.sleep(SETTLE_S)
    spent = [difference(side.cpu(), was) for side, was in zip((on, off), before)]
    on.process.stop(), off.process.stop()
    return [{name: cpu / (turns * calls) for name, cpu in side.items()} for side in spent]


def start_pair(build: Path, folder: Path, configs: dict[str, str], first: str) -> tuple[Side, Side]:
    started = {
        name: Side(build, folder, name, configs[name]) for name in sorted(configs, key=lambda name: name != first)
    }
    return started["on"], started["off"]


def bench_observability(build: Path, folder: Path, rounds: int, calls: int, images: int) -> None:
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    pipe = folder / "access.log"
    configs = {
        "on": f"logs: {{access: {pipe}}}\n"
        f"tracing: {{exporter: otlp, endpoint: 'http://127.0.0.1:{collector.server_port}'}}",
        "off": "logs: {access: off}\nmetrics: {enabled: false}\ntracing: {sample_ratio: 0}",
    }
    grpc = ["content-type: application/grpc", "te: trailers"]
    small = Load("small", folder, frame(b""), "/inference.GRPCInferenceService/ServerMetadata", grpc)
    picture = Load(
        "picture", folder, frame(field(1, SAMPLE.read_bytes())), "/ai.inference.ImageRecognition/Recognize", grpc
    )
    turns = 6 * rounds
    print(
        f"\nObservability: all on against all off, {PAIRS} pairs of servers, {turns} turns each, server CPU µs per call"
    )
    print(f"{'call':<16}{'on':>10}{'off':>10}{'cost':>10}{'+-':>8}{'cost, %':>10}{'+-':>8}")
    for load, number, in_flight in ((small, calls // 4, 16), (picture, max(4, images // 10), 4)):
        pairs = []
        for i in range(PAIRS):
            with read_pipe(pipe):
                sides = start_pair(build, folder, configs, ("on", "off")[i % 2])
                pairs.append(compare(sides, load, number, in_flight, turns))
        costs = [difference(on, off) for on, off in pairs]
        cost, error = trimmed([one[""] for one in costs])
        on, off = (statistics.median(one[""] for one in side) for side in zip(*pairs))
        print(
            f"{load.name:<16}{on * 1e6:>10.2f}{off * 1e6:>10.2f}{cost * 1e6:>10.2f}{error * 1e6:>8.2f}"
            f"{100 * cost / off:>10.2f}{100 * error / off:>8.2f}"
        )
        for name in sorted(set().union(*costs) - {""}):
            cost, error = trimmed([one.get(name, 0.0) for one in costs])
            if cost * 1e6 >= 0.01:
                print(f"  {name:<34}{cost * 1e6:>10.2f}{error * 1e6:>8.2f}")
    collector.shutdown()
