"""What a service manager and a container engine see of a server: sd_notify's datagrams, `sluice healthcheck`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

import pytest

import oip
from conftest import BINARY, Server
from test_operation import wait_for


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A datagram socket as systemd has one, and its name for NOTIFY_SOCKET."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@sluice-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0"))
        listening.settimeout(20)
        yield name, listening


def next_word(listening: socket.socket) -> bytes:
    """The next datagram that is no sign of life."""
    while (word := listening.recv(4096)) == b"WATCHDOG=1":
        pass
    return word


def test_systemd_hears_of_start_life_reload_and_end(tmp_path, manager):
    name, listening = manager
    server = Server(
        tmp_path, models=oip.make_models(tmp_path / "models"), env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"}
    )
    assert next_word(listening) == b"READY=1"
    assert [listening.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    server.process.send_signal(signal.SIGHUP)
    assert next_word(listening).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert next_word(listening) == b"READY=1"
    server.terminate()
    assert next_word(listening) == b"STOPPING=1"
    assert server.stop() == 0


def test_a_server_that_hangs_is_silent(tmp_path, manager):
    name, listening = manager
    server = Server(
        tmp_path, models=oip.make_models(tmp_path / "models"), env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}
    )
    assert next_word(listening) == b"READY=1"
    server.process.send_signal(signal.SIGSTOP)
    listening.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            listening.recv(4096)
    server.process.send_signal(signal.SIGCONT)
    assert listening.recv(4096) == b"WATCHDOG=1"
    assert server.stop() == 0


def healthcheck(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, "healthcheck", *arguments], capture_output=True, text=True, timeout=60)


def test_healthcheck_tells_by_its_exit_code(tmp_path):
    models = oip.make_models(tmp_path / "models")
    server = Server(tmp_path, config="drain: {delay_ms: 60000, timeout_ms: 60000}", models=models)
    for address in server.addresses:
        assert healthcheck("--server", address).returncode == 0
    server.terminate()
    wait_for(lambda: healthcheck("--server", server.url).returncode == 1)
    said = healthcheck("--server", server.url).stderr
    assert "503" in said and "draining" in said
    assert healthcheck("--server", server.url, "--alive").returncode == 0, "it still works for others"
    server.process.kill()
    server.process.wait()
    gone = healthcheck("--server", server.url, "--timeout-ms", "500")
    assert gone.returncode == 1 and "no response" in gone.stderr
