"""Programs of others that tests start: where tools/setup.sh put them, or where the system has them."""

from __future__ import annotations

import os
import shutil

import pytest

from conftest import ROOT


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(ROOT / ".deps/bin"), os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        pytest.skip(f"skipped: no {name}; tools/setup.sh test says why")
    return found
