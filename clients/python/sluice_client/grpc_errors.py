"""grpc.RpcError as SluiceError."""

from __future__ import annotations

from typing import Any

from .errors import SluiceError
from .messages import status_error, status_from_bytes


def from_rpc_error(error: Any, request_id: str) -> SluiceError:
    trailers = {key: value for key, value in (error.trailing_metadata() or ())}
    pushback = trailers.get("grpc-retry-pushback-ms")
    retry_after_s = None
    if pushback is not None:
        # A value that is no number means: do not retry (gRFC A6).
        retry_after_s = int(pushback) / 1000 if str(pushback).isdigit() else -1.0
    if (details := trailers.get("grpc-status-details-bin")) is not None:
        out = status_error(status_from_bytes(details), retry_after_s=retry_after_s)
    else:
        out = SluiceError(error.code().name, error.details() or "", retry_after_s=retry_after_s)
    if (last := trailers.get("x-sluice-last-sequence")) is not None and str(last).isdigit():
        out.last_sequence = int(last)
    out.request_id = out.request_id or request_id
    return out
