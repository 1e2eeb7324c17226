"""clients/typescript, built by tsc and run by Node against the real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, SAMPLE

PACKAGE = ROOT / "clients" / "typescript"
MODULES = ROOT / ".deps" / "npm" / "typescript" / "node_modules"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy to build in, with the modules that tools/setup.sh installed."""
    if shutil.which("npm") is None or not MODULES.is_dir():
        pytest.skip("skipped: no npm, or no modules (tools/setup.sh test)")
    copy = tmp_path_factory.mktemp("typescript")
    shutil.copytree(PACKAGE, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist*"))
    (copy / "node_modules").symlink_to(MODULES)
    return copy


def run(package, *command: str, **environment: str) -> str:
    done = subprocess.run(command, cwd=package, env=os.environ | environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_it_builds_with_types(package):
    run(package, "npm", "run", "build")
    assert "recognize(frame: Frame | Uint8Array" in (package / "dist" / "client.d.ts").read_text()


def test_its_own_tests_against_the_real_server(package, server):
    report = run(package, "npm", "test", SLUICE_URL=server.url, SLUICE_PICTURE=str(SAMPLE))
    assert re.search(r"^. skipped 0$", report, re.M), report


def test_it_retries_what_the_table_says(protos):
    source = (PACKAGE / "src" / "errors.ts").read_text()
    listed = set(re.findall(r'^  "([A-Z_]+)",$', source, re.M))
    extension = protos.errors.reason
    assert listed == {v.name for v in protos.errors.Reason.DESCRIPTOR.values if v.GetOptions().Extensions[extension].retryable}
