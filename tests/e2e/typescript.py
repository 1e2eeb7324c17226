"""clients/typescript, built in a copy with the modules that tools/setup.sh installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGE = ROOT / "clients" / "typescript"
MODULES = ROOT / ".deps" / "npm" / "typescript" / "node_modules"
ESBUILD = ROOT / ".deps" / "browser" / "node_modules" / ".bin" / "esbuild"


def copy_package(folder: Path) -> Path:
    if shutil.which("npm") is None or not MODULES.is_dir():
        pytest.skip("skipped: no npm, or no modules (tools/setup.sh test)")
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist*"))
    (folder / "node_modules").symlink_to(MODULES)
    return folder


def run(package: Path, *command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=package, env=os.environ | environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def bundle(package: Path) -> Path:
    """One script for a page: `sluice.Client` and the rest of the package."""
    run(package, "npm", "run", "build")
    run(package, ESBUILD, "dist/index.js", "--bundle", "--format=iife", "--global-name=sluice", "--outfile=page.js")
    return package / "page.js"
