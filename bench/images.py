"""An image of 1 MB over gRPC, raw over REST and as base64 in JSON: what carrying it costs the server."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

from article import picture
from load import ROOT, Load, Process, field, frame, median, raw, start_sluice

MODEL = "face_detection_lite"
WANTED = 1.2  # REST raw / gRPC


def padded(jpeg: bytes, bytes_wanted: int) -> bytes:
    """The same image with comments, which a decoder passes over, up to that size."""
    largest = 65_533
    comments, missing = b"", bytes_wanted - len(jpeg)
    while missing > 4:
        size = min(largest, missing - 4)
        comments += b"\xff\xfe" + struct.pack(">H", size + 2) + bytes(size)
        missing -= size + 4
    return jpeg[:2] + comments + jpeg[2:]


def loads(folder: Path, name: str, jpeg: bytes) -> list[Load]:
    message = field(1, jpeg) + field(2, MODEL.encode())
    body = json.dumps({"image": base64.b64encode(jpeg).decode(), "model_id": MODEL}).encode()
    rest = f"/api/v1/recognize?model_id={MODEL}"
    return [
        Load(
            f"{name} gRPC",
            folder,
            frame(message),
            "/ai.inference.ImageRecognition/Recognize",
            ["content-type: application/grpc", "te: trailers"],
        ),
        Load(f"{name} REST raw", folder, jpeg, rest, ["content-type: image/jpeg"], http1=True),
        Load(f"{name} REST base64", folder, body, "/api/v1/recognize", ["content-type: application/json"], http1=True),
    ]


def compare(
    build: Path, folder: Path, server: Process, port: int, name: str, jpeg: bytes, rounds: int, calls: int
) -> None:
    path = folder / f"{name}.jpg"
    path.write_bytes(jpeg)
    kinds = loads(folder, name, jpeg)
    alone, runs = [], {load.name: [] for load in kinds}
    for _ in range(rounds):
        alone.append(raw(build / "bench" / "raw_pipeline", ROOT / "models", MODEL, path, calls, 1).cpu)
        for load in kinds:
            runs[load.name].append(load.run(server, port, calls, 4).cpu)
    print(f"{name + ': pipeline alone':26}{median(alone) * 1e3:>10.3f}")
    grpc = runs[kinds[0].name]
    for load in kinds:
        cpu = runs[load.name]
        # Pair by pair, so that a drift of the machine's speed does not count.
        ratio = median([a / b for a, b in zip(cpu, grpc)])
        carrying = median([a - b for a, b in zip(cpu, alone)])
        print(
            f"{load.name:26}{median(cpu) * 1e3:>10.3f}{ratio:>14.2f}{carrying * 1e3:>18.3f}"
            f"{WANTED if 'raw' in load.name else '':>12}"
        )


def bench_images(build: Path, folder: Path, rounds: int, images: int) -> None:
    real, small = picture(folder, 1024, 1_000_000), picture(folder, 320, 20_000)
    server, port = start_sluice(build, [ROOT / "models"], folder / "images.log")
    print(f"\nAn image of 1 MB, {MODEL}, 4 in flight, {rounds} rounds, server CPU ms per call")
    print("  real: a JPEG of 1024x1024; most of its cost is decoding, which is the same for every protocol")
    print(
        "  padded: a JPEG of 320x320 and 20 kB, with comments up to 1 MB, which the decoder passes over: "
        "what is left is carrying and transcoding"
    )
    print("  carrying: CPU per call less that of the same pipeline in a loop without a server, pair by pair")
    print(f"{'':26}{'CPU ms':>10}{'ratio to gRPC':>14}{'carrying, ms':>18}{'asked for':>12}")
    compare(build, folder, server, port, "real", real, rounds, max(1, images // 5))
    compare(build, folder, server, port, "padded", padded(small, 1_000_000), rounds, images)
    server.stop()
