"""One call: its attempts, the waits between them, and hedges. For threads and for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent import futures
from typing import Any

from .errors import SluiceError
from .retry import Attempts


def call(
    attempts: Attempts, once: Callable[[], Any], sleep: Callable[[float], None], pool: futures.Executor | None = None
) -> Any:
    """`once` makes one attempt and raises SluiceError. With a `pool`, an attempt may be hedged."""
    while True:
        attempts.begin()
        try:
            answer = once() if pool is None else _hedged(attempts, once, pool)
        except SluiceError as error:
            failed = error
        else:
            attempts.succeeded()
            return answer
        sleep(attempts.wait_after(failed))


async def call_async(
    attempts: Attempts,
    once: Callable[[], Awaitable[Any]],
    sleep: Callable[[float], Awaitable[None]],
    hedge: bool = False,
) -> Any:
    """As call()."""
    while True:
        attempts.begin()
        try:
            answer = await (_hedged_async(attempts, once) if hedge else once())
        except SluiceError as error:
            failed = error
        else:
            attempts.succeeded()
            return answer
        await sleep(attempts.wait_after(failed))


def _hedged(attempts: Attempts, once: Callable[[], Any], pool: futures.Executor) -> Any:
    """The first good answer of one attempt, or of two when the first takes long. The other one is left to its deadline."""
    running = {pool.submit(once)}
    done, _ = futures.wait(running, timeout=attempts.hedge_after_s)
    if not done and attempts.hedge():
        running.add(pool.submit(once))
    while True:
        done, running = futures.wait(running, return_when=futures.FIRST_COMPLETED)
        good = [one for one in done if one.exception() is None]
        if good or not running:
            return (good or list(done))[0].result()


async def _hedged_async(attempts: Attempts, once: Callable[[], Awaitable[Any]]) -> Any:
    """As _hedged(); the other one is cancelled."""
    running = {asyncio.ensure_future(once())}
    try:
        done, _ = await asyncio.wait(running, timeout=attempts.hedge_after_s)
        if not done and attempts.hedge():
            running.add(asyncio.ensure_future(once()))
        while True:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            good = [one for one in done if one.exception() is None]
            if good or not running:
                return (good or list(done))[0].result()
    finally:
        for one in running:
            one.cancel()
