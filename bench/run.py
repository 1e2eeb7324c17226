"""make bench: what serving costs, side by side in one run, as ratios.

Every figure is server CPU (user + system of the server's process), because the load generator shares the machine.
Rounds of the compared things alternate; the median of the rounds is printed. h2load makes the load; the server's own
counters confirm that every call succeeded.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import tempfile
from pathlib import Path

from article import bench_article
from faces import bench_faces, bench_frames
from images import bench_images
from load import ROOT
from observability import bench_observability
from overload import bench_overload
from scrape import bench_scrape
from small import bench_small
from tensors import bench_tensors
from texts import bench_texts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=50000)
    parser.add_argument("--texts", type=int, default=200000)
    parser.add_argument(
        "only", nargs="*", help="small, tensors, faces, images, frames, texts, article, observability, scrape, overload"
    )
    args = parser.parse_args()
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(
        f"{datetime.date.today()}  {cpu.group(1) if cpu else platform.processor()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not args.only or "small" in args.only:
            bench_small(args.build, folder, args.rounds, args.calls)
        if not args.only or "tensors" in args.only:
            bench_tensors(args.build, folder, args.rounds, args.calls)
        if not args.only or "faces" in args.only:
            bench_faces(args.build, folder, args.rounds, args.images)
        if not args.only or "images" in args.only:
            bench_images(args.build, folder, args.rounds, args.images)
        if not args.only or "frames" in args.only:
            bench_frames(args.build, folder, args.rounds, args.images)
        if not args.only or "texts" in args.only:
            bench_texts(args.build, folder, args.rounds, args.texts, args.calls)
        if not args.only or "article" in args.only:
            bench_article(args.build, folder, args.images)
        if not args.only or "observability" in args.only:
            bench_observability(args.build, folder, args.rounds, args.calls, args.images)
        if not args.only or "scrape" in args.only:
            bench_scrape(args.build, folder, args.rounds)
        if "overload" in args.only:  # only when asked for: ten minutes, and it writes into docs/images
            bench_overload(args.build, folder)


if __name__ == "__main__":
    main()
