"""The first good answer of one attempt, or of two when the first takes long. For threads and for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent import futures
from typing import Any

from .retry import Attempts


def hedged(attempts: Attempts, once: Callable[[], Any], pool: futures.Executor) -> Any:
    """`once` makes one attempt. The slower one is left to its deadline."""
    running = {pool.submit(once)}
    done, _ = futures.wait(running, timeout=attempts.hedge_after_s)
    if not done and attempts.hedge():
        running.add(pool.submit(once))
    while True:
        done, running = futures.wait(running, return_when=futures.FIRST_COMPLETED)
        if (best := _best(done)).exception() is None or not running:
            return best.result()


async def hedged_async(attempts: Attempts, once: Callable[[], Awaitable[Any]]) -> Any:
    """As hedged(); the slower one is cancelled."""
    running = {asyncio.ensure_future(once())}
    try:
        done, _ = await asyncio.wait(running, timeout=attempts.hedge_after_s)
        if not done and attempts.hedge():
            running.add(asyncio.ensure_future(once()))
        while True:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            if (best := _best(done)).exception() is None or not running:
                return best.result()
    finally:
        for one in running:
            one.cancel()


def _best(done: Any) -> Any:
    """Of attempts that have ended, one that succeeded if there is any."""
    return min(done, key=lambda one: one.exception() is not None)
