"""A headless Chromium, driven over its own protocol: enough to open a page, run scripts in it and see what it logs."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from websockets.sync.client import connect


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("skipped: no chromium")


class Browser:
    """One page of one process, gone with the `with` block."""

    def __init__(self, profile: Path):
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        self.errors: list[str] = []
        self._id = 0
        self._stack = contextlib.ExitStack()
        self._process = subprocess.Popen(
            [chromium(), *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def __enter__(self) -> Browser:
        port = next(
            found[1] for line in self._process.stderr if (found := re.search(r"listening on ws://[^:]+:(\d+)/", line))
        )
        request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
        address = json.load(urllib.request.urlopen(request, timeout=30))["webSocketDebuggerUrl"]
        self._socket = self._stack.enter_context(connect(address, max_size=None, ping_interval=None))
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()
        self._process.kill()
        self._process.wait()

    def call(self, method: str, **parameters):
        self._id += 1
        self._socket.send(json.dumps({"id": self._id, "method": method, "params": parameters}))
        while (message := json.loads(self._socket.recv(timeout=60))).get("id") != self._id:
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.errors.append(str(message["params"]["entry"]))
        assert "error" not in message, message
        return message["result"]

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str):
        """The value of an expression; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, script: str, seconds: float = 60):
        """Until the expression is true; its value."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"never true: {script}; {self.errors}"
            time.sleep(0.1)
        return value
