"""make bench: what serving costs, side by side in one run, as ratios.

Every figure is server CPU (user + system of the server's process), because the load generator shares the machine. Rounds of
the compared things alternate; the median of the rounds is printed. h2load makes the load; the server's own counters confirm
that every call succeeded.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import os
import platform
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A server of this run; stopped with it."""

    def __init__(self, args: list, cwd: Path = ROOT):
        self.child = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=cwd)
        self.lines = []
        for line in self.child.stdout:
            self.lines.append(line.strip())
            if line.strip() == "ready":
                return
        sys.exit(f"{args[0]} did not start")

    @property
    def pid(self) -> int:
        return self.child.pid

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)


def frame(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


def field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    out, size = bytes([number << 3 | 2]), len(data)
    while size > 127:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size]) + data


class Load:
    """One kind of request, sent by h2load."""

    def __init__(self, name: str, folder: Path, body: bytes, path: str, headers: list[str], http1: bool = False):
        self.name, self.path, self.headers, self.http1 = name, path, headers, http1
        self.file = folder / re.sub(r"\W+", "_", name)
        self.file.write_bytes(body)

    def run(self, server: Process, port: int, calls: int, in_flight: int) -> tuple[float, float]:
        """Server CPU seconds and wall seconds per call."""
        clients = max(1, int(in_flight**0.5)) if not self.http1 else in_flight
        streams = max(1, in_flight // clients)
        command = ["h2load", "-n", str(calls), "-c", str(clients), "-m", str(1 if self.http1 else streams), "-t", "1", "-d", str(self.file)]
        if self.http1:
            command.append("--h1")
        for header in self.headers:
            command += ["-H", header]
        before, start = cpu_seconds(server.pid), time.monotonic()
        out = subprocess.run([*command, f"http://127.0.0.1:{port}{self.path}"], capture_output=True, text=True).stdout
        cpu, wall = cpu_seconds(server.pid) - before, time.monotonic() - start
        if f"{calls} succeeded" not in out:
            sys.exit(f"{self.name}: not every call succeeded\n{out}")
        return cpu / calls, wall / calls


def successes(port: int) -> float:
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("ai_inference_requests_success_total{"))


def picture_640x480(folder: Path) -> Path:
    import cv2

    sample = cv2.imread(str(ROOT / ".deps/samples/astronaut.png"))
    path = folder / "frame.jpg"
    cv2.imwrite(str(path), cv2.resize(sample, (640, 480)), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path


def median(values: list[float]) -> float:
    return statistics.median(values)


def start_sluice(build: Path, models: list[Path], log: Path) -> tuple[Process, int]:
    port = free_port()
    config = log.with_suffix(".yaml")
    extra = ", ".join(str(m) for m in models[1:])
    config.write_text(f"models: {{root: {models[0]}, extra_roots: [{extra}]}}\nlogs: {{access: {log}}}\n")
    return Process([build / "sluice", "serve", "--config", config, "--listen", f"127.0.0.1:{port}"]), port


def bench_faces(build: Path, folder: Path, rounds: int, images: int) -> None:
    models = [ROOT / "models", ROOT / "tests" / "models"]
    model = "yunet_s_320"
    if not (models[1] / model / "1" / "model.onnx").exists():
        model = "face_detection_v2"
        print(f"(no ../shared: {model} instead of YuNet-s)")
    path = picture_640x480(folder)
    jpeg = path.read_bytes()
    server, port = start_sluice(build, models, folder / "faces.log")
    raw_root = models[1] if model == "yunet_s_320" else models[0]
    loads = [
        Load("gRPC", folder, frame(field(1, jpeg) + field(2, model.encode())), "/ai.inference.ImageRecognition/Recognize", ["content-type: application/grpc", "te: trailers"]),
        Load("REST raw", folder, jpeg, f"/api/v1/recognize?model_id={model}", ["content-type: image/jpeg"], http1=True),
        Load("REST base64", folder, json.dumps({"image": base64.b64encode(jpeg).decode(), "model_id": model}).encode(), "/api/v1/recognize", ["content-type: application/json"], http1=True),
    ]
    print(f"\nFaces: {model}, one 640x480 JPEG of {len(jpeg) // 1024} kB, {rounds} rounds of {images} images")
    print(f"{'':14}{'in flight':>10}{'CPU ms/image':>14}{'images/s':>10}{'raw/served':>12}{'extra µs':>10}")
    for in_flight in (1, 16):
        raw_cpu, raw_wall, cpu, wall = [], [], {l.name: [] for l in loads}, {l.name: [] for l in loads}
        threads = min(in_flight, os.cpu_count() or 1)
        for _ in range(rounds):
            out = json.loads(subprocess.run([build / "bench" / "raw_pipeline", raw_root, model, path, str(images), str(threads)], capture_output=True, text=True, check=True).stdout)
            raw_cpu.append(out["cpu_s"] / images), raw_wall.append(out["wall_s"] / images)
            for load in loads:
                before = successes(port)
                c, w = load.run(server, port, images, in_flight)
                if successes(port) - before < images:
                    sys.exit(f"{load.name}: the server counted fewer successes than calls")
                cpu[load.name].append(c), wall[load.name].append(w)
        raw = median(raw_cpu)
        print(f"{'raw pipeline':14}{in_flight:>10}{raw * 1e3:>14.3f}{1 / median(raw_wall):>10.0f}{1:>12.3f}{0:>10.0f}")
        for load in loads:
            # Pair by pair, so that a drift of the machine's speed does not count.
            extra = median([c - r for c, r in zip(cpu[load.name], raw_cpu)])
            ratio = median([r / c for c, r in zip(cpu[load.name], raw_cpu)])
            print(f"{load.name:14}{in_flight:>10}{median(cpu[load.name]) * 1e3:>14.3f}{1 / median(wall[load.name]):>10.0f}{ratio:>12.3f}{extra * 1e6:>10.0f}")
    server.stop()


def bench_small(build: Path, folder: Path, rounds: int, calls: int) -> None:
    ours, port = start_sluice(build, [ROOT / "models"], folder / "small.log")
    theirs_port = free_port()
    theirs = Process([build / "bench" / "grpcpp_health", theirs_port])
    load = Load("Health/Check", folder, frame(b""), "/grpc.health.v1.Health/Check", ["content-type: application/grpc", "te: trailers"])
    print(f"\nSmall calls: grpc.health.v1.Health/Check, {rounds} rounds of {calls} calls, server CPU µs per call")
    print(f"{'in flight':>10}{'Sluice':>10}{'grpc++ 1.51':>14}{'ratio':>8}")
    for in_flight in (1, 16, 256):
        mine, other = [], []
        for _ in range(rounds):
            n = calls if in_flight > 1 else calls // 10
            mine.append(load.run(ours, port, n, in_flight)[0])
            other.append(load.run(theirs, theirs_port, n, in_flight)[0])
        ratio = median([a / b for a, b in zip(mine, other)])
        print(f"{in_flight:>10}{median(mine) * 1e6:>10.1f}{median(other) * 1e6:>14.1f}{ratio:>8.2f}")
    ours.stop(), theirs.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=50000)
    parser.add_argument("only", nargs="*", help="faces, small")
    args = parser.parse_args()
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(f"{datetime.date.today()}  {cpu.group(1) if cpu else platform.processor()}, {os.cpu_count()} cores, Linux {platform.release()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not args.only or "small" in args.only:
            bench_small(args.build, folder, args.rounds, args.calls)
        if not args.only or "faces" in args.only:
            bench_faces(args.build, folder, args.rounds, args.images)


if __name__ == "__main__":
    main()
