"""A small HTTP/3 client on aioquic."""

from __future__ import annotations

import asyncio
import ssl

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.waiting: dict[int, asyncio.Future] = {}
        self.headers: dict[int, list] = {}
        self.bodies: dict[int, bytes] = {}

    def quic_event_received(self, event) -> None:
        for one in self.http.handle_event(event):
            stream = getattr(one, "stream_id", None)
            if isinstance(one, HeadersReceived):
                self.headers[stream] += one.headers
            elif isinstance(one, DataReceived):
                self.bodies[stream] += one.data
            if getattr(one, "stream_ended", False) and not self.waiting[stream].done():
                self.waiting[stream].set_result(None)

    async def request(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[dict, bytes]:
        stream = self._quic.get_next_available_stream_id()
        self.waiting[stream] = asyncio.get_running_loop().create_future()
        self.headers[stream], self.bodies[stream] = [], b""
        head = {":method": method, ":scheme": "https", ":authority": "localhost", ":path": path, **headers}
        self.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()], end_stream=not body)
        if body:
            self.http.send_data(stream, body, end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.waiting[stream], 20)
        return {k.decode(): v.decode() for k, v in self.headers[stream]}, self.bodies[stream]


def request(address: str, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""):
    """(headers and trailers, body)"""

    async def run():
        host, port = address.rsplit(":", 1)
        config = QuicConfiguration(
            is_client=True, alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE, server_name="localhost"
        )
        async with connect(host, int(port), configuration=config, create_protocol=Client) as client:
            return await client.request(method, path, headers or {}, body)

    return asyncio.run(run())
