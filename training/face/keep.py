"""Keeps a run's newest checkpoint, shrunk, in resume/ so that another session or machine can go on."""
from __future__ import annotations

import argparse
from pathlib import Path

from state import shrink

if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", type=Path)
    target = Path(__file__).resolve().parent / "resume" / "checkpoint.pt"
    target.parent.mkdir(exist_ok=True)
    shrink(p.parse_args().work / "last.pt", target)
    print(f"{target.name}: {target.stat().st_size} bytes")
