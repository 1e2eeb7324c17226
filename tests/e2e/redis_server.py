"""A real Redis for tests: `redis-server` on a port of its own, which can be killed, hung and started again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from ports import free_port


class RedisServer:
    """Keeps nothing on disk: a restarted one is empty."""

    def __init__(self, folder: Path, *options: str, tls: bool = False):
        if shutil.which("redis-server") is None:
            pytest.skip("skipped: no redis-server (tools/setup.sh test installs it)")
        self.folder = folder
        self.port = free_port()
        listens = ["--port", "0", "--tls-port", str(self.port)] if tls else ["--port", str(self.port)]
        self.command = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "127.0.0.2",
            "--save",
            "",
            "--appendonly",
            "no",
            *listens,
            *options,
        ]
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("redis-server did not start:\n" + (self.folder / "redis.log").read_text())

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def ask(self, *words: str) -> str:
        """What redis-cli prints."""
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
