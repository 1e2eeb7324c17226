"""Ports for what tests and benchmarks start."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port() -> int:
    """Of 127.0.0.1, and below the ports that the kernel hands to clients, so none of their connections takes it."""
    while True:
        port = random.randrange(10240, 32768)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
