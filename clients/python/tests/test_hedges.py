"""A second attempt beside one that takes long: the first waits here until the second has come, so nothing depends on
time."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sluice_client import AsyncRestClient, RestClient, RetryPolicy

HEDGING = RetryPolicy(hedge_after_s=0.02)


class Slow:
    """The first attempt is answered when the second has come; remembers the ids of both."""

    def __init__(self):
        self.ids = []
        self.second = threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                slow.ids.append(self.headers["x-request-id"])
                if len(slow.ids) == 1:
                    slow.second.wait(30)
                else:
                    slow.second.set()
                body = json.dumps({"faces": [], "latency": len(slow.ids)}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # the loser, cancelled

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def slow():
    slow = Slow()
    yield slow
    slow.second.set()
    slow.server.shutdown()
    slow.server.server_close()


def test_a_hedge_has_the_same_request_id(slow):
    with RestClient(slow.url, retry=HEDGING) as client:
        assert client.recognize(b"x").latency_ms == 2
    assert len(slow.ids) == 2 and len(set(slow.ids)) == 1


def test_a_hedge_has_the_same_request_id_asyncio(slow):
    async def run():
        async with AsyncRestClient(slow.url, retry=HEDGING) as client:
            return await client.recognize(b"x")

    assert asyncio.run(run()).latency_ms == 2
    assert len(slow.ids) == 2 and len(set(slow.ids)) == 1


def test_hedges_are_off_by_default(slow):
    threading.Timer(0.2, slow.second.set).start()
    with RestClient(slow.url) as client:
        assert client.recognize(b"x").latency_ms == 1
    assert len(slow.ids) == 1
