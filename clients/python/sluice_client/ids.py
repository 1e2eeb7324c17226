"""Names of a call: its request id, the same for all its attempts, and its place in a trace."""

from __future__ import annotations

import re
import secrets
import time
import uuid

# W3C: version 00 ends with the flags, later ones may go on; no version is ff.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?"
)


def new_request_id() -> str:
    """A UUIDv7: sorts by time."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def known_tracestate(text: str) -> str:
    """As it is; empty if it is none, or more than the 32 members and 512 bytes that everyone passes on: half of one
    would tell something else."""
    members = [member for member in text.split(",") if member.strip()]
    good = text.isascii() and text.isprintable() and len(text) <= 512 and len(members) <= 32
    return text if members and good and all("=" in member for member in members) else ""


class CallNames:
    """`traceparent` continues the caller's trace (W3C), or begins one; `tracestate` goes along unchanged with the trace
    that it came with. Every attempt is a span of its own. Nobody records those of a trace begun here, so its flag says
    not sampled: the server keeps what is worth it."""

    def __init__(
        self, request_id: str | None = None, traceparent: str | None = None, tracestate: str | None = None
    ) -> None:
        self.request_id = request_id or new_request_id()
        given = _TRACEPARENT.fullmatch(traceparent or "")
        self._trace_id, self._flags = given.groups() if given else (secrets.token_hex(16), "00")
        self._tracestate = known_tracestate(tracestate or "") if given else ""

    def headers(self) -> list[tuple[str, str]]:
        """Of one attempt, names in lower case as gRPC wants them."""
        names = [
            ("x-request-id", self.request_id),
            ("traceparent", f"00-{self._trace_id}-{secrets.token_hex(8)}-{self._flags}"),
        ]
        return names + [("tracestate", self._tracestate)] if self._tracestate else names
