"""The table of the article that Sluice grew from: an image as base64 in JSON over HTTP/1.1, or as bytes over gRPC."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from link import Link
from load import ROOT, Process, field, frame, free_port, median, successes

MODEL = "face_detection_lite"
GRPC = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
RECOGNIZE = {"gRPC": "/ai.inference.ImageRecognition/Recognize", "JSON": "/api/v1/recognize"}
JSON = ["--h1", "-H", "content-type: application/json"]


def picture(folder: Path, side: int, bytes_wanted: int) -> bytes:
    """A JPEG of about that size: the sample with noise, whose strength is searched."""
    import cv2
    import numpy as np

    sample = cv2.resize(cv2.imread(str(ROOT / ".deps/samples/astronaut.png")), (side, side)).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 1, sample.shape)
    low, high = 0.0, 100.0
    for _ in range(12):
        level = (low + high) / 2
        file = cv2.imencode(
            ".jpg", np.clip(sample + level * noise, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92]
        )[1].tobytes()
        low, high = (level, high) if len(file) < bytes_wanted else (low, level)
    return file


def as_grpc(image: bytes) -> bytes:
    return frame(field(1, image) + field(2, MODEL.encode()))


def as_json(image: bytes) -> bytes:
    return json.dumps({"image": base64.b64encode(image).decode(), "model_id": MODEL}).encode()


def seconds(make, image: bytes) -> float:
    times = []
    for _ in range(30):
        start = time.perf_counter()
        make(image)
        times.append(time.perf_counter() - start)
    return median(times)


class Client:
    """h2load, here or at the far end of a link."""

    def __init__(self, folder: Path, url: str, link: Link | None = None):
        self.folder, self.url, self.link = folder, url, link

    def run(
        self, form: str, body: bytes, calls: int, connections: int, streams: int, path: str = ""
    ) -> tuple[list[float], int, float]:
        """Latencies of the good answers in seconds, sorted; how many were refused; wall seconds."""
        data, log = self.folder / f"{form}.body", self.folder / f"{form}.log"
        data.write_bytes(body)
        log.unlink(missing_ok=True)
        path = path or RECOGNIZE[form]
        args = [
            "h2load",
            "-n",
            str(calls),
            "-c",
            str(connections),
            "-m",
            str(streams),
            "-t",
            "1",
            "-d",
            str(data),
            f"--log-file={log}",
            *(GRPC if form == "gRPC" else JSON),
            self.url + path,
        ]
        start = time.monotonic()
        out = subprocess.run(self.link.command(args) if self.link else args, capture_output=True, text=True).stdout
        wall = time.monotonic() - start
        if "done" not in out:
            sys.exit(f"{form}: h2load failed\n{out}")
        rows = [line.split() for line in log.read_text().splitlines()]
        good = sorted(int(row[2]) / 1e6 for row in rows if row[1] == "200")
        return good, calls - len(good), wall


def row(what: str, values: dict[str, float], form: str, note: str = "") -> None:
    ratio = values["JSON"] / values["gRPC"] if values["gRPC"] else 0
    print(f"{what:44}{format(values['JSON'], form):>12}{format(values['gRPC'], form):>12}{ratio:>9.2f}  {note}")


def over_the_link(port: int, folder: Path, large: dict[str, bytes]) -> None:
    with Link() as link:
        client = Client(folder, f"http://{link.server}:{port}", link)
        wire, latency = {}, {}
        for form, body in large.items():
            before = link.bytes_in()
            client.run(form, body, 20, 1, 1)
            wire[form] = (link.bytes_in() - before) / 20 / 1e6
        row("bytes to the server, MB", wire, ".3f", "article: 1.33")
        link.shape("100mbit")
        for form, body in large.items():
            latency[form] = median(client.run(form, body, 20, 1, 1)[0]) * 1e3
        row("latency of one call at 100 Mbit/s, ms", latency, ".0f")


TEXT = "中国女排获得世界杯冠军"
CLASSIFY = {
    "JSON": ("/api/v1/classify", json.dumps({"texts": [TEXT]}).encode()),
    "gRPC": ("/ai.inference.TextClassification/Classify", frame(field(1, TEXT.encode()))),
}


def one_connection(client: Client, calls: int) -> None:
    """What multiplexing gives: HTTP/1.1 waits for each answer, HTTP/2 has four calls under way at about the same
    latency."""
    rate, middle = {}, {}
    for form, (path, body) in CLASSIFY.items():
        good, _, wall = client.run(form, body, 20 * calls, 1, 1 if form == "JSON" else 4, path)
        rate[form], middle[form] = len(good) / wall, good[len(good) // 2] * 1e3
    print(
        f"{'texts/s on 1 connection (HTTP/2: 4 streams)':44}"
        f"{rate['JSON']:>12.0f}{rate['gRPC']:>12.0f}{rate['gRPC'] / rate['JSON']:>9.2f}  "
        f"article: 3 (gRPC / JSON); P50 {middle['JSON']:.2f} and {middle['gRPC']:.2f} ms"
    )


def bench_article(build: Path, folder: Path, calls: int) -> None:
    large_image, small_image = picture(folder, 1024, 1_000_000), picture(folder, 320, 20_000)
    large = {"JSON": as_json(large_image), "gRPC": as_grpc(large_image)}
    small = {"JSON": as_json(small_image), "gRPC": as_grpc(small_image)}
    print(f"\nThe article's table: a JPEG of {len(large_image) / 1e6:.2f} MB, {MODEL}")
    print(f"{'':44}{'JSON':>12}{'gRPC':>12}{'ratio':>9}")
    row(
        "client's serialisation (Python), ms",
        {"JSON": seconds(as_json, large_image) * 1e3, "gRPC": seconds(as_grpc, large_image) * 1e3},
        ".2f",
        "article: 4",
    )

    port = free_port()
    can_link = os.geteuid() == 0 and shutil.which("tc") is not None
    config = folder / "article.yaml"
    address = f"0.0.0.0:{port}" if can_link else f"127.0.0.1:{port}"
    listeners = f"listeners: [{{address: '{address}', expose: [api, metrics]}}]"
    config.write_text(f"{listeners}\nmodels: {{root: {ROOT / 'models'}}}\nlogs: {{access: {folder / 'article.log'}}}\n")
    server = Process([build / "sluice", "serve", "--config", config])
    if can_link:
        over_the_link(port, folder, large)
    else:
        print("(no link of 100 Mbit/s: it needs root and tc)")
    near = Client(folder, f"http://127.0.0.1:{port}")
    one_connection(near, calls)
    for form, body in small.items():
        before = successes(port)
        took, _, wall = near.run(form, body, 10 * calls, 1000, 1)
        answered = successes(port) - before  # h2load takes a refused gRPC call for a good one
        p50, p99 = took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3
        who = "of the answers" if form == "JSON" else "with the refusals"
        print(
            f"1,000 at once, 20 kB images, {form}: {answered / wall:.0f} answers/s, "
            f"{1 - answered / (10 * calls):.0%} refused at once; P50 {p50:.0f} ms, P99 {p99:.0f} ms {who}"
        )
    print(
        f"(article: 150 ms. {os.cpu_count()} cores answer what they can; "
        "more than 256 waiting are refused with Retry-After, which bounds the wait.)"
    )
    server.stop()
