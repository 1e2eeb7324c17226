"""Faces: the served image beside the same functions in a loop."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from load import ROOT, Load, Measured, Process, field, frame, free_port, median, raw, start_sluice


RPC = "/ai.inference.ImageRecognition/Recognize"
GRPC = ["content-type: application/grpc", "te: trailers"]


def picture(folder: Path, width: int, height: int) -> Path:
    import cv2

    sample = cv2.imread(str(ROOT / ".deps/samples/astronaut.png"))
    path = folder / f"frame{width}.jpg"
    cv2.imwrite(str(path), cv2.resize(sample, (width, height)), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path


def bare(build: Path, root: Path, model: str, kind: str, workers: int) -> tuple[Process, int]:
    port = free_port()
    return Process([build / "bench" / "bare_server", root, model, port, workers, kind]), port


def print_rows(in_flight: int, plain: list[Measured], served: dict[str, list[Measured]]) -> None:
    """The raw pipeline's row and those of what was served, compared round by round."""
    cpu, wall = median([r.cpu for r in plain]), median([r.wall for r in plain])
    print(f"{'raw pipeline':16}{in_flight:>10}{cpu * 1e3:>14.3f}{1 / wall:>10.0f}{1:>12.3f}{0:>10.0f}{0:>10.0f}")
    for name, runs in served.items():
        # Pair by pair, so that a drift of the machine's speed does not count.
        extra = median([s.cpu - r.cpu for s, r in zip(runs, plain)])
        ratio = median([r.cpu / s.cpu for s, r in zip(runs, plain)])
        least = min(s.cpu for s in runs) - min(r.cpu for r in plain)
        cpu, wall = median([s.cpu for s in runs]), median([s.wall for s in runs])
        print(
            f"{name:16}{in_flight:>10}{cpu * 1e3:>14.3f}{1 / wall:>10.0f}{ratio:>12.3f}"
            f"{extra * 1e6:>10.0f}{least * 1e6:>10.0f}"
        )


def bench_faces(build: Path, folder: Path, rounds: int, images: int) -> None:
    models = [ROOT / "models", ROOT / "tests" / "models"]
    model = "yunet_s_320"
    if not (models[1] / model / "1" / "model.onnx").exists():
        model = "face_detection_v2"
        print(f"(no ../shared: {model} instead of YuNet-s)")
    path = picture(folder, 640, 480)
    jpeg = path.read_bytes()
    raw_root = models[1] if model == "yunet_s_320" else models[0]
    rest = Load(
        "REST raw", folder, jpeg, f"/api/v1/recognize?model_id={model}", ["content-type: image/jpeg"], http1=True
    )
    loads = [
        Load("gRPC", folder, frame(field(1, jpeg) + field(2, model.encode())), RPC, GRPC),
        rest,
        Load(
            "REST base64",
            folder,
            json.dumps({"image": base64.b64encode(jpeg).decode(), "model_id": model}).encode(),
            "/api/v1/recognize",
            ["content-type: application/json"],
            http1=True,
        ),
    ]
    print(f"\nFaces: {model}, one 640x480 JPEG of {len(jpeg) // 1024} kB, {rounds} rounds of {images} images")
    print(
        "  bare, blocking: threads that read, compute and write, with no protocol, limits, log or metrics; "
        "bare, loop: the same with a thread for the sockets and threads that compute"
    )
    print(
        "  extra: median of served less raw, round by round; least: the cheapest round less raw's cheapest, "
        "which the neighbours of a shared machine disturb less"
    )
    print(
        f"{'':16}{'in flight':>10}{'CPU ms/image':>14}{'images/s':>10}"
        f"{'raw/served':>12}{'extra µs':>10}{'least µs':>10}"
    )
    for in_flight in (1, 16):
        threads, warm_up = min(in_flight, os.cpu_count() or 1), max(images // 10, in_flight)
        plain, served = [], {}
        for _ in range(rounds):
            # Servers of their own for each round, as the raw pipeline has: a process's luck with its memory's place is
            # worth 50 µs.
            plain.append(raw(build / "bench" / "raw_pipeline", raw_root, model, path, images, threads))
            for kind in ("blocking", "loop"):
                server, port = bare(build, raw_root, model, kind, threads)
                rest.run(server, port, warm_up, in_flight, counted=False)
                served.setdefault(f"bare, {kind}", []).append(rest.run(server, port, images, in_flight, counted=False))
                server.stop()
            server, port = start_sluice(build, models, folder / "faces.log")
            loads[0].run(server, port, warm_up, in_flight)
            for load in loads:
                served.setdefault(load.name, []).append(load.run(server, port, images, in_flight))
            server.stop()
        print_rows(in_flight, plain, served)


def bench_frames(build: Path, folder: Path, rounds: int, images: int) -> None:
    """Live frames as a camera sends them; and what the same weights cost at 192, 320 and 640 px."""
    path = picture(folder, 320, 240)
    jpeg = path.read_bytes()
    server, port = start_sluice(build, [ROOT / "models"], folder / "frames.log")
    load = Load("frames", folder, frame(field(1, jpeg) + field(2, b"face_detection_lite")), RPC, GRPC)
    runs = [load.run(server, port, 5 * images, 64, latencies=True) for _ in range(rounds)]
    server.stop()
    best = max(runs, key=lambda run: 1 / run.wall)
    print(
        f"\nLive frames: face_detection_lite, one 320x240 JPEG of {len(jpeg) // 1024} kB over gRPC, "
        "64 in flight, load generator on the same machine"
    )
    print(
        f"{median([1 / r.wall for r in runs]):.0f} frames/s (best round {1 / best.wall:.0f}), "
        f"P99 {median([r.p99 for r in runs]) * 1e3:.0f} ms, "
        f"server CPU {median([r.cpu for r in runs]) * 1e3:.2f} ms a frame"
    )
    for model in ("face_detection_lite", "face_detection_v1", "face_detection_hd"):
        alone = raw(
            build / "bench" / "raw_pipeline",
            ROOT / "models",
            model,
            path,
            images // (4 if model.endswith("hd") else 1),
            1,
        )
        print(f"  {model}: {alone.cpu * 1e3:.2f} ms of CPU a frame in a loop, decoding included")
