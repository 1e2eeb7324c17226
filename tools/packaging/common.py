"""What the steps of tools/package.sh share."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = Path(os.environ.get("SLUICE_DIST", ROOT / "dist"))
STAGE = DIST / "stage"
VERSION = re.search(r"project\(sluice VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
# What a file's time is, so that the same sources give the same package.
EPOCH = int(
    os.environ.get("SOURCE_DATE_EPOCH")
    or subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    or 1
)


def run(*command: object, **options) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(str(word) for word in command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy(source: Path, target: Path, mode: int = 0o644) -> Path:
    """The contents, whatever links lead to them; with the mode that a package wants."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    target.chmod(mode)
    return target
