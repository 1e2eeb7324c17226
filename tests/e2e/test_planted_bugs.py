"""The bugs that show what the simulation finds (tests/sim/bugs) are patches of today's code."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from conftest import ROOT

PATCHES = sorted((ROOT / "tests/sim/bugs").glob("*.patch"))


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_the_patch_applies(patch):
    applied = subprocess.run(["git", "apply", "--check", patch], cwd=ROOT, capture_output=True, text=True)
    assert applied.returncode == 0, applied.stderr
