"""clients/typescript, built by tsc and run by Node against the real server. In Chromium: test_browser.py."""

from __future__ import annotations

import re

import pytest

from conftest import SAMPLE
from typescript import PACKAGE, copy_package, run


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return copy_package(tmp_path_factory.mktemp("typescript"))


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
    assert listed == {
        v.name for v in protos.errors.Reason.DESCRIPTOR.values if v.GetOptions().Extensions[extension].retryable
    }
