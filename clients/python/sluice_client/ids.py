"""Names of a call: its request id, the same for all its attempts, and its place in a trace."""

from __future__ import annotations

import secrets
import time
import uuid


def new_request_id() -> str:
    """A UUIDv7: sorts by time."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


class CallNames:
    """`traceparent` continues the caller's trace (W3C), or begins one. Every attempt is a span of its own. Nobody
    records those of a trace begun here, so its flag says not sampled: the server keeps what is worth it."""

    def __init__(self, request_id: str | None = None, traceparent: str | None = None) -> None:
        self.request_id = request_id or new_request_id()
        parts = (traceparent or "").split("-")
        known = len(parts) == 4 and len(parts[1]) == 32
        self._trace_id = parts[1] if known else secrets.token_hex(16)
        self._flags = parts[3] if known else "00"

    def headers(self) -> list[tuple[str, str]]:
        """Of one attempt, names in lower case as gRPC wants them."""
        return [
            ("x-request-id", self.request_id),
            ("traceparent", f"00-{self._trace_id}-{secrets.token_hex(8)}-{self._flags}"),
        ]
