"""Ports for what tests and benchmarks start."""

from __future__ import annotations

import contextlib
import random
import socket

# Below the ports that the kernel hands to clients, so none of their connections takes one.
FIRST, END = 10240, 32768

_next = random.randrange(FIRST, END)


def free_port() -> int:
    """Of all addresses, TCP and UDP. One process gets none twice: what a test drew and has not bound yet is its own."""
    global _next
    for _ in range(END - FIRST):
        port = _next
        _next = port + 1 if port + 1 < END else FIRST
        with contextlib.suppress(OSError), contextlib.ExitStack() as sockets:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                sockets.enter_context(socket.socket(type=kind)).bind(("", port))
            return port
    raise RuntimeError(f"no port from {FIRST} to {END - 1} is free")
