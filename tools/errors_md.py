#!/usr/bin/env python3
"""Writes docs/errors.md from proto/ai/inference/errors.proto. `--check` only compares."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Errors

One table feeds all protocols: [errors.proto](../proto/ai/inference/errors.proto), from which this page is generated
(`tools/errors_md.py`).

REST responds with `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, `reason`, `request_id`
and, where known, `field_violations` and `retry_after_ms`. gRPC responds with `grpc-status`, `grpc-message` and
`grpc-status-details-bin` with ErrorInfo (the reason), RequestInfo, BadRequest and RetryInfo. gRPC-Web has them in the
body's last frame; Connect in its error JSON, with the HTTP status that Connect assigns to the code. A WebSocket closes
with 4000 + the gRPC code, and a REST stream in progress ends with the problem ([streams.md](streams.md)). A message
says what happened, to what, and what to do.

Access log and `ErrorInfo` have the reason, metrics the code and whose fault it was (`error_type`).

| reason | gRPC | HTTP | retry | error_type | when |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    rows, comment = [], []
    for line in (ROOT / "proto/ai/inference/errors.proto").read_text().splitlines():
        line = line.strip()
        entry = re.match(
            r"([A-Z_]+) = \d+ \[\(reason\) = "
            r'\{code: ([A-Z_]+), http_status: (\d+)(, retryable: true)?, error_type: "(\w+)"\}',
            line,
        )
        if line.startswith("//"):
            comment.append(line.lstrip("/ "))
            continue
        if entry and entry[1] != "REASON_UNSPECIFIED":
            retry = "yes" if entry[4] else "no"
            rows.append(f"| {' | '.join((entry[1], entry[2], entry[3], retry, entry[5], ' '.join(comment)))} |\n")
        comment = []
    return HEAD + "".join(rows)


def main() -> int:
    target = ROOT / "docs/errors.md"
    if "--check" in sys.argv:
        same = target.exists() and target.read_text() == page()
        print("docs/errors.md: up to date" if same else "docs/errors.md is out of date: run tools/errors_md.py")
        return 0 if same else 1
    target.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
