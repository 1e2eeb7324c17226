"""Programs of others that tests start: where tools/setup.sh put them, or where the system has them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket

import pytest

from conftest import ROOT


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(ROOT / ".deps/bin"), os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        pytest.skip(f"skipped: no {name}; tools/setup.sh test says why")
    return found


def free_port() -> int:
    """Of 127.0.0.1, and below the ports that the kernel hands to clients, so none of their connections takes it."""
    while True:
        port = random.randrange(10240, 32768)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
