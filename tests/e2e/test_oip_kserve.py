"""Open Inference Protocol: KServe's REST and gRPC clients against a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import oip


def test_kserves_clients(tmp_path_factory):
    server = oip.start(tmp_path_factory)
    program = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("kserve_client.py")), server.address]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "all passed" in done.stdout, done.stderr[-4000:]
    assert server.stop() == 0
