"""How a call fails: one exception, with what the server's error table says."""

from __future__ import annotations

# Names of google.rpc.Code.
CODES = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}

# Reasons of ai/inference/errors.proto with `retryable: true`.
RETRYABLE_REASONS = frozenset(
    {
        "RATE_LIMITED",
        "OVERLOADED",
        "CIRCUIT_OPEN",
        "DEADLINE_EXCEEDED",
        "REQUEST_TIMEOUT",
        "MODEL_UNAVAILABLE",
        "SHUTTING_DOWN",
    }
)
# Without a reason the answer is not of Sluice: a proxy, or no connection.
RETRYABLE_CODES = frozenset({"UNAVAILABLE"})


class SluiceError(Exception):
    """A call that was refused or failed.

    code: a gRPC code's name, also over REST. reason: of Sluice's error table, "" when the error is not the server's.
    retry_after_s: when the server says that a retry makes sense; negative when it says that none does.
    throttled: refused by this client, which has not sent it.
    last_sequence: of a live stream that the server ended: of the last answer; what came after it is to be sent again.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: str = "",
        field: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
        throttled: bool = False,
        last_sequence: int | None = None,
    ) -> None:
        super().__init__(f"{reason or code}: {message}")
        self.code = code
        self.message = message
        self.reason = reason
        self.field = field
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.throttled = throttled
        self.last_sequence = last_sequence

    @property
    def retryable(self) -> bool:
        """The same call may succeed later, unchanged."""
        if self.retry_after_s is not None and self.retry_after_s < 0:
            return False
        if self.reason:
            return self.reason in RETRYABLE_REASONS
        return self.code in RETRYABLE_CODES or (self.code == "RESOURCE_EXHAUSTED" and self.retry_after_s is not None)
