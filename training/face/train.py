"""Trains the net: AdamW, cosine rate, running average; two processes on a two-core machine, or one accelerator.

Data-parallel processes of one thread each beat one process of two threads: the net's operators are
too small to split. Resumes from WORK/last.pt, else from a shrunk checkpoint (--resume).
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn

from batches import Batches
from geometry import cells, flatten, to_corners
from losses import distil_loss, label_loss
from net import FaceNet
from plot import plot
from state import Average, restore, save

COLUMNS = ("seen", "rate", "score", "box", "score_taught", "box_taught", "pictures_per_s")


def rate(seen: int, total: int, peak: float, warm: int) -> float:
    """Learning rate: linear up over `warm` images since the start, then a cosine down to 1 % of the peak."""
    return peak * min(1.0, seen / warm + 0.01) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, seen / total))))


def average_gradients(net: nn.Module, ranks: int) -> None:
    """One all-reduce of all gradients in a row."""
    grads = [p.grad for p in net.parameters() if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in grads])
    dist.all_reduce(flat)
    flat /= ranks
    at = 0
    for g in grads:
        g.copy_(flat[at : at + g.numel()].view_as(g))
        at += g.numel()


def average_statistics(net: nn.Module, ranks: int) -> None:
    """Batch-norm statistics differ between processes; meet in the middle."""
    for b in net.buffers():
        if b.is_floating_point():
            dist.all_reduce(b)
            b /= ranks


def losses_of(net: nn.Module, image: Tensor, truth: Tensor, taught: Tensor) -> list[Tensor]:
    """Image [N,3,S,S] -> score, box, score_taught, box_taught."""
    origins, strides = cells(image.shape[2], image.shape[3], image.device)
    logit, raw = flatten(net(image))
    corners = to_corners(raw, origins, strides)
    return [
        *label_loss(logit, corners, truth, origins, strides),
        *(distil_loss(logit, corners, taught, origins, strides) if taught.shape[1] else (logit.new_zeros(()),) * 2),
    ]


def optimizer_for(net: nn.Module, peak: float) -> torch.optim.AdamW:
    """Weight decay on convolution weights only."""
    heavy = [p for p in net.parameters() if p.ndim > 1]
    light = [p for p in net.parameters() if p.ndim <= 1]
    return torch.optim.AdamW([{"params": heavy, "weight_decay": 0.01}, {"params": light, "weight_decay": 0.0}], lr=peak)


def run(rank: int, a: argparse.Namespace) -> None:
    # A background shell leaves SIGINT ignored, and that is the signal that ends a rank when its parent dies.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    if a.ranks > 1:
        store = dist.FileStore(str(a.work / f"meet-{a.stamp}"), a.ranks)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=a.ranks, timeout=timedelta(days=1))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = FaceNet().to(device, memory_format=torch.channels_last).train()
    average, optimizer = Average(net), optimizer_for(net, a.rate)
    last, seen, fresh = a.work / "last.pt", 0, True
    if last.exists():
        seen, fresh = restore(last, net, average, optimizer), False
    elif a.resume and a.resume.exists():
        seen = restore(a.resume, net, average, None)
    start = seen if fresh else seen - a.warm

    batch = a.batch // a.ranks
    # A resumed run draws fresh samples, not the first ones again.
    small_first = max(0, int(a.pictures * a.large_after) - seen) // a.batch
    data = Batches(a.work, a.teacher, batch, a.size, a.seed * 1_000_003 + seen * 16 + rank, small_first)
    loader = torch.utils.data.DataLoader(data, batch_size=None, num_workers=a.workers, pin_memory=device.type == "cuda")
    weights = torch.tensor([1.0, a.box, a.distil, a.distil * a.box], device=device)
    sums, count, clock, step = torch.zeros(4, device=device), 0, time.time(), 0
    for image, truth, taught in loader:
        while a.pause_file and os.path.exists(a.pause_file):
            time.sleep(1)
        for group in optimizer.param_groups:
            # A run taken up without optimizer state warms up again.
            group["lr"] = min(rate(seen, a.pictures, a.rate, a.warm), a.rate * ((seen - start) / a.warm + 0.02))
        x = (
            image.to(device, non_blocking=True)
            .permute(0, 3, 1, 2)
            .float()
            .contiguous(memory_format=torch.channels_last)
        )
        parts = torch.stack(losses_of(net, x, truth.to(device), taught.to(device)))
        optimizer.zero_grad()
        (parts * weights).sum().backward()
        if a.ranks > 1:
            average_gradients(net, a.ranks)
        nn.utils.clip_grad_norm_(net.parameters(), 20.0)
        optimizer.step()
        seen, step, count = seen + a.batch, step + 1, count + 1
        if a.ranks > 1 and step % 50 == 0:
            average_statistics(net, a.ranks)
        if rank == 0:
            average.update(net)
        sums += parts.detach()
        if step % a.report == 0 or seen >= a.pictures:
            if rank == 0:
                speed = count * a.batch / (time.time() - clock)
                report(a, seen, optimizer.param_groups[0]["lr"], (sums / count).tolist(), speed)
                save(last, net, average, optimizer, seen)
            sums, count, clock = torch.zeros(4, device=device), 0, time.time()
        if seen >= a.pictures:
            break
    if a.ranks > 1:
        dist.barrier()
        dist.destroy_process_group()


def report(a: argparse.Namespace, seen: int, lr: float, parts: list[float], speed: float) -> None:
    """Progress line, CSV row, loss plot."""
    left = (a.pictures - seen) / max(speed, 1e-6) / 60
    print(
        f"{seen}/{a.pictures} rate {lr:.5f} loss {' '.join(f'{p:.3f}' for p in parts)}  "
        f"{speed:.0f} pictures/s, {left:.0f} min left",
        flush=True,
    )
    path = a.work / "curve.csv"
    fresh = not path.exists()
    with open(path, "a", newline="") as f:
        out = csv.writer(f)
        if fresh:
            out.writerow(COLUMNS)
        out.writerow([seen, f"{lr:.6f}", *(f"{p:.4f}" for p in parts), f"{speed:.1f}"])
    plot(path, a.work / "curve.png")


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--teacher", type=Path, required=True)
    p.add_argument("--resume", type=Path, help="shrunk checkpoint to start from when WORK has none")
    p.add_argument("--pictures", type=int, default=64_000, help="samples to see in all")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--size", type=int, default=320)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--warm", type=int, default=5_000, help="pictures of warm-up")
    p.add_argument("--box", type=float, default=2.0)
    p.add_argument("--distil", type=float, default=1.0)
    p.add_argument("--large-after", type=float, default=0.65, help="share of the pictures before the first large batch")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--report", type=int, default=60, help="steps between reports and checkpoints")
    p.add_argument("--pause-file", help="training sleeps while this file exists")
    gpu = torch.cuda.is_available()
    p.add_argument("--ranks", type=int, default=1 if gpu else min(os.cpu_count() or 1, 8))
    p.add_argument("--workers", type=int, default=(os.cpu_count() or 1) if gpu else 0)
    a = p.parse_args()
    a.stamp = f"{os.getpid()}-{int(time.time())}"
    return a


if __name__ == "__main__":
    options = arguments()
    if options.ranks > 1:
        mp.spawn(run, (options,), nprocs=options.ranks)
    else:
        run(0, options)
