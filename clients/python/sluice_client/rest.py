"""The clients over HTTP. Need httpx: pip install 'sluice-client[rest]'."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx

from . import rest_wire
from .calls import Call, Settings
from .rest_wire import arguments, read_answer, read_line, response_error, sluice_errors
from .tasks import TaskClient
from .threads import ThreadClient

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RestClient(ThreadClient):
    """As Client, but StreamRecognize, which HTTP carries over WebSocket."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        verify: Any = True,
        sleep: Callable[[float], None] = time.sleep,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(rest_wire, sleep=sleep, **settings)
        self._http = httpx.Client(base_url=url, verify=verify)

    def close(self) -> None:
        self._http.close()
        super().close()

    def _attempt(self, call: Call) -> Any:
        with sluice_errors(call.names):
            return read_answer(self._http.post(**arguments(call)), call.names)

    def _attempt_each(self, call: Call) -> Iterator[Any]:
        with sluice_errors(call.names), self._http.stream("POST", **arguments(call)) as response:
            if response.status_code != 200:
                raise response_error(response, response.read(), call.names)
            yield from map(read_line, response.iter_lines())


class AsyncRestClient(TaskClient):
    """As AsyncClient, but StreamRecognize, which HTTP carries over WebSocket."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        verify: Any = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(rest_wire, sleep=sleep, **settings)
        self._http = httpx.AsyncClient(base_url=url, verify=verify)

    async def close(self) -> None:
        await self._http.aclose()

    async def _attempt(self, call: Call) -> Any:
        with sluice_errors(call.names):
            return read_answer(await self._http.post(**arguments(call)), call.names)

    async def _attempt_each(self, call: Call) -> AsyncIterator[Any]:
        with sluice_errors(call.names):
            async with self._http.stream("POST", **arguments(call)) as response:
                if response.status_code != 200:
                    raise response_error(response, await response.aread(), call.names)
                async for line in response.aiter_lines():
                    yield read_line(line)
