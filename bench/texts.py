"""Texts: 100 a call beside the same functions in a loop, and one a call with the 99th percentile of the latency."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

from load import ROOT, Load, Process, field, frame, median, raw, start_sluice

MODELS = ("news_classification_v1", "news_classification_bert_v1")
TEXTS_PER_CALL = 100
SHARED = ROOT.parent / "shared" / "data" / "text" / "dev.tsv.gz"


def sample_texts() -> list[str]:
    """Real titles where there are any, else the sentences of the golden vectors."""
    if SHARED.exists():
        with gzip.open(SHARED, "rt", encoding="utf-8") as lines:
            return [next(lines).rstrip("\n").split("\t", 1)[1] for _ in range(TEXTS_PER_CALL)]
    print("(no ../shared: sentences of the golden vectors)")
    golden = json.loads((ROOT / "models" / MODELS[0] / "1" / "golden.json").read_text(encoding="utf-8"))
    usual = [
        case["text"]
        for case in golden["cases"]
        if case["model_asked"] and len(case["text"]) < 40 and "\n" not in case["text"]
    ]
    return [usual[i % len(usual)] for i in range(TEXTS_PER_CALL)]


def loads_of(folder: Path, model: str, texts: list[str]) -> list[Load]:
    """The same call over gRPC and over REST."""
    grpc = b"".join(field(1, text.encode()) for text in texts) + field(2, model.encode())
    rest = json.dumps({"texts": texts, "model_id": model}, ensure_ascii=False).encode()
    return [
        Load(
            "gRPC",
            folder,
            frame(grpc),
            "/ai.inference.TextClassification/Classify",
            ["content-type: application/grpc", "te: trailers"],
        ),
        Load("REST", folder, rest, "/api/v1/classify", ["content-type: application/json"], http1=True),
    ]


def many(build: Path, folder: Path, server: Process, port: int, model: str, rounds: int, calls: int) -> None:
    texts = sample_texts()
    path = folder / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    loads = loads_of(folder, model, texts)
    plain, served = [], {load.name: [] for load in loads}
    for load in loads:
        load.run(server, port, 100, 16)
    for _ in range(rounds):
        plain.append(raw(build / "bench" / "raw_texts", ROOT / "models", model, path, calls, os.cpu_count() or 1))
        for load in loads:
            served[load.name].append(load.run(server, port, calls, 16))
    print(f"\nTexts: {model}, {TEXTS_PER_CALL} a call, 16 calls in flight, {rounds} rounds of {calls} calls")
    print(f"{'':14}{'CPU µs/text':>12}{'texts/CPU s':>13}{'texts/s':>10}{'raw/served':>12}")
    for name, runs in {"raw pipeline": plain, **served}.items():
        cpu, wall = median([r.cpu for r in runs]) / TEXTS_PER_CALL, median([r.wall for r in runs]) / TEXTS_PER_CALL
        # Pair by pair, so that a drift of the machine's speed does not count.
        ratio = median([r.cpu / s.cpu for s, r in zip(runs, plain)])
        print(f"{name:14}{cpu * 1e6:>12.2f}{1 / cpu:>13.0f}{1 / wall:>10.0f}{ratio:>12.3f}")


def single(folder: Path, server: Process, port: int, rounds: int, calls: int) -> None:
    model, in_flight = MODELS[0], 64
    print(f"\nTexts: {model}, 1 a call, {in_flight} calls in flight, {rounds} rounds of {calls} calls")
    print(f"{'':14}{'CPU µs/call':>12}{'calls/s':>10}{'P99 ms':>9}")
    for load in loads_of(folder, model, sample_texts()[:1]):
        load.run(server, port, calls // 10, in_flight)
        runs = [load.run(server, port, calls, in_flight, latencies=True) for _ in range(rounds)]
        cpu, wall, p99 = (median([getattr(r, k) for r in runs]) for k in ("cpu", "wall", "p99"))
        print(f"{load.name:14}{cpu * 1e6:>12.1f}{1 / wall:>10.0f}{p99 * 1e3:>9.2f}")


def bench_texts(build: Path, folder: Path, rounds: int, texts: int, calls: int) -> None:
    server, port = start_sluice(build, [ROOT / "models"], folder / "texts.log")
    # The encoder costs some 50 times as much a text.
    many(build, folder, server, port, MODELS[0], rounds, texts // TEXTS_PER_CALL)
    many(build, folder, server, port, MODELS[1], rounds, texts // TEXTS_PER_CALL // 20)
    single(folder, server, port, rounds, calls)
    server.stop()
