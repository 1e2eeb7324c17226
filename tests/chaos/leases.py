"""How often an id may be computed: once, and once more for each lease that ended, or could not be had, in the time of
its call.

A replica computes under a lease, which it renews until it has recorded the answer. So a second computation has one of
two reasons: the lease of the first one ended (its replica was killed, hung or gave up), which Redis tells of; or Redis
did not answer in time, and a replica computes rather than fails, which replicas count.
"""

from __future__ import annotations

import bisect
import collections
import contextlib
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field

import requests

from load import Call
from redis_server import RedisServer

TELLS = ("--notify-keyspace-events", "Ex")  # what the Redis of EndedLeases is started with
LATE_S = 1.0  # Redis tells at once, but who listens shares the machine with the load
FAILED = re.compile(r'^ai_inference_redis_commands_total{outcome="(?:failed|late|refused)"} (\d+)$', re.MULTILINE)


class EndedLeases:
    """When leases ended that nobody renewed or gave back. (What is recorded lives for a day, longer than any test.)"""

    def __init__(self, redis: RedisServer):
        self.redis, self.times = redis, []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self) -> None:
        while not self.stopped.wait(0.02):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.redis.port), 1) as wire:
                wire.sendall(b"SUBSCRIBE __keyevent@0__:expired\r\n")
                self._read(wire)

    def _read(self, wire: socket.socket) -> None:
        wire.settimeout(0.2)
        rest = b""
        while not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                if not (some := wire.recv(1 << 16)):
                    return
                *lines, rest = (rest + some).split(b"\r\n")
                self.times += [time.monotonic() for line in lines if line.startswith(b"sluice:replay:")]

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join()


class Unasked:
    """Commands that Redis did not answer in time, by what the replicas that there are count."""

    def __init__(self, replicas):
        self.replicas = replicas
        self.was: dict[int, int] = {}
        self.more()

    def more(self) -> int:
        """Since the last time."""
        now = {}
        for server in self.replicas.servers:
            text = requests.get(f"http://{server.address}/metrics", timeout=10).text
            now[server.process.pid] = sum(map(int, FAILED.findall(text)))
        before, self.was = self.was, now
        return sum(count - before.get(process, 0) for process, count in now.items())


@dataclass
class Evidence:
    ended: list[float]  # when leases ended
    # From when to when Redis did not answer how often.
    unasked: list[tuple[float, float, int]] = field(default_factory=list)


def computed(logs: list[str]) -> collections.Counter:
    """How often each id was, by access logs; also in vain, for a caller that had gone."""
    count: collections.Counter = collections.Counter()
    for line in "\n".join(logs).splitlines():
        with contextlib.suppress(ValueError):  # a killed process or a full disk leaves half a line
            call = json.loads(line)
            if call.get("infer_ms", 0) > 0:  # some lines are of no call of a model
                count[call["request_id"]] += 1
    return count


def unexplained(calls: list[Call], count: collections.Counter, evidence: Evidence) -> list[str]:
    """Ids that were computed more often than that. One end of a lease explains one computation."""
    ended, unasked = sorted(evidence.ended), [list(one) for one in evidence.unasked]
    wrong = []
    for call in sorted(calls, key=lambda call: call.due + call.took):
        end = call.due + call.took
        for _ in range(count[call.request_id] - 1):
            at = bisect.bisect_left(ended, call.due)
            if at < len(ended) and ended[at] < end + LATE_S:
                del ended[at]
            elif some := next((one for one in unasked if one[2] > 0 and one[0] < end and call.due < one[1]), None):
                some[2] -= 1
            else:
                wrong.append(call.request_id)
    return wrong
