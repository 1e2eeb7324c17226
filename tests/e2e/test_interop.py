"""grpc-go's interop client against our transport with grpc.testing.TestService: every case that needs no cloud
credentials."""

from __future__ import annotations

import subprocess

import pytest

from conftest import ROOT
from test_server import tool

CASES = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
]


@pytest.fixture(scope="module")
def port():
    binary = ROOT / "build" / "tests" / "interop_server"
    if not binary.exists():
        pytest.fail(f"{binary} is missing: build the target test_servers")
    server = subprocess.Popen([binary, "--port=0"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("listening on "):
            yield line.strip().rsplit(":", 1)[1]
            break
    server.terminate()
    server.wait(20)


@pytest.mark.parametrize("case", CASES)
def test_case(port, case):
    client = tool("grpc_interop_client")
    run = subprocess.run(
        [client, "-server_host=127.0.0.1", f"-server_port={port}", f"-test_case={case}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
