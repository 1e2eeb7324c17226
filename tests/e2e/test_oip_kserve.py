"""Open Inference Protocol: KServe's REST and gRPC clients, as published, against a real server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import oip
from conftest import ROOT

PYTHON = ROOT / ".deps" / "kserve" / "bin" / "python"


@pytest.mark.skipif(not PYTHON.exists(), reason="skipped: no .deps/kserve (tools/setup.sh test)")
def test_kserves_clients(tmp_path_factory):
    server = oip.start(tmp_path_factory)
    program = [PYTHON, "-W", "ignore", Path(__file__).with_name("kserve_client.py"), server.address]
    done = subprocess.run(program, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and "all passed" in done.stdout, done.stderr[-4000:]
    assert server.stop() == 0
