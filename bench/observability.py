"""Everything on against everything off: access log, metrics, traces to a collector that takes them."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

from load import ROOT, Load, Process, field, frame, free_port, median

SAMPLE = ROOT / ".deps/samples/astronaut.jpg"


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def start(build: Path, folder: Path, name: str, config: str) -> tuple[Process, int]:
    port = free_port()
    file = folder / f"{name}.yaml"
    file.write_text(f"models: {{root: {ROOT / 'models'}}}\n{config}\n")
    return Process([build / "sluice", "serve", "--config", file, "--listen", f"127.0.0.1:{port}"]), port


def bench_observability(build: Path, folder: Path, rounds: int, calls: int, images: int) -> None:
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    on, on_port = start(
        build,
        folder,
        "on",
        f"logs: {{access: {folder}/access.log}}\n"
        f"tracing: {{exporter: otlp, endpoint: 'http://127.0.0.1:{collector.server_port}'}}",
    )
    off, off_port = start(
        build, folder, "off", "logs: {access: off}\nmetrics: {enabled: false}\ntracing: {sample_ratio: 0}"
    )
    grpc = ["content-type: application/grpc", "te: trailers"]
    small = Load("small", folder, frame(b""), "/inference.GRPCInferenceService/ServerMetadata", grpc)
    picture = Load(
        "picture", folder, frame(field(1, SAMPLE.read_bytes())), "/ai.inference.ImageRecognition/Recognize", grpc
    )
    print(
        f"\nObservability: all on against all off, {rounds} rounds, server CPU µs per call (median of the differences)"
    )
    print(f"{'call':<28}{'on':>10}{'off':>10}{'cost':>10}{'ratio':>8}")
    for load, number, in_flight in ((small, calls, 16), (picture, images, 4)):
        mine, other = [], []
        for _ in range(rounds):
            mine.append(load.run(on, on_port, number, in_flight, counted=False).cpu)
            other.append(load.run(off, off_port, number, in_flight, counted=False).cpu)
        cost = median([a - b for a, b in zip(mine, other)])
        print(
            f"{load.name:<28}{median(mine) * 1e6:>10.2f}{median(other) * 1e6:>10.2f}{cost * 1e6:>10.2f}"
            f"{median([a / b for a, b in zip(mine, other)]):>8.3f}"
        )
    on.stop(), off.stop()
    collector.shutdown()
