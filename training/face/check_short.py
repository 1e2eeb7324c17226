"""A short run from random weights whose losses are compared with the committed curve (`make check-training`).

Minutes, not seconds, and it needs the prepared work folder; so it is no part of the ordinary tests.
"""
from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CURVE = HERE / "short_curve.csv"
FIXED = "--pictures 3200 --batch 16 --ranks 1 --workers 0 --warm 800 --rate 3e-3 --report 25 --seed 7".split()
LOSSES = ("score", "box", "score_taught", "box_taught")


def train(work: Path, teacher: Path) -> list[dict[str, str]]:
    """Runs train.py in a fresh folder that borrows the prepared images; returns the curve's rows."""
    with tempfile.TemporaryDirectory(dir=work) as fresh:
        for name in ("pixels.bin", "index.npz", "labels.json"):
            (Path(fresh) / name).symlink_to(work.resolve() / name)
        subprocess.run(
            [sys.executable, str(HERE / "train.py"), "--work", fresh, "--teacher", str(teacher), *FIXED], check=True
        )
        return list(csv.DictReader((Path(fresh) / "curve.csv").open()))


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--teacher", type=Path, required=True)
    p.add_argument("--tolerance", type=float, default=0.05, help="relative, on every loss of the last three reports")
    p.add_argument("--write", action="store_true", help="make this run the reference")
    a = p.parse_args()
    if not a.write and not CURVE.exists():
        print("no committed curve to compare with; --write makes one", file=sys.stderr)
        return 1
    rows = train(a.work, a.teacher)
    if a.write:
        with CURVE.open("w", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(("seen", *LOSSES))
            out.writerows([r["seen"], *(r[k] for k in LOSSES)] for r in rows)
        return 0
    bad, worst = 0, 0.0
    for got, want in list(zip(rows, csv.DictReader(CURVE.open())))[-3:]:
        for k in LOSSES:
            off = abs(float(got[k]) / float(want[k]) - 1)
            worst = max(worst, off)
            if off > a.tolerance:
                print(f"{got['seen']} pictures: {k} is {got[k]}, the committed curve has {want[k]}", file=sys.stderr)
                bad += 1
    print(("curve agrees" if not bad else f"{bad} losses differ") + f"; largest difference {worst:.2%}")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
