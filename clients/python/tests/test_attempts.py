"""Clients against servers that fail as told: what goes over the wire, and when. Sleeping is simulated."""

import asyncio
import json
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

from sluice_client import AsyncClient, AsyncRestClient, Client, Frame, Picture, RestClient, SluiceError, messages
from sluice_client.rest_wire import parse_retry_after

RESPONSES = {
    "/ai.inference.ImageRecognition/Recognize": "ai.inference.RecognizeResponse",
    "/ai.inference.ImageRecognition/StreamRecognize": "ai.inference.RecognizeResponse",
    "/ai.inference.ImageRecognition/WatchRecognize": "ai.inference.RecognizeResponse",
    "/ai.inference.ImageRecognition/CollectRecognize": "ai.inference.CollectRecognizeResponse",
}


class Script:
    """Failures in order, then successes; remembers what each attempt carried."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.headers = []
        self.bodies = []

    def next_failure(self):
        return self.failures.pop(0) if self.failures else None

    def check_attempts(self, count):
        assert len(self.headers) == count
        assert len({h["x-request-id"] for h in self.headers}) == 1
        assert len({h["traceparent"].split("-")[1] for h in self.headers}) == 1
        assert len({h["traceparent"].split("-")[2] for h in self.headers}) == count
        assert len(set(self.bodies)) == 1


class GrpcScript(grpc.GenericRpcHandler, Script):
    def service(self, details):
        response = messages.message(RESPONSES[details.method])()

        def answer(requests, context):
            self.headers.append(dict(context.invocation_metadata()))
            self.bodies.append(b"".join(requests))
            if (failure := self.next_failure()) is not None:
                code, trailers = failure
                context.set_trailing_metadata(trailers)
                context.abort(code, "as told")
            yield response.SerializeToString()

        return grpc.stream_stream_rpc_method_handler(answer)


@pytest.fixture
def grpc_server():
    servers = []

    def start(*failures):
        script = GrpcScript(*failures)
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((script,))
        script.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        servers.append(server)
        return script

    yield start
    for server in servers:
        server.stop(None)


@pytest.fixture
def http_server():
    servers = []

    def start(*failures):
        script = Script(*failures)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                script.headers.append({name.lower(): value for name, value in self.headers.items()})
                script.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                status, headers, body = script.next_failure() or (200, {}, json.dumps({"faces": [], "latency": 1.5}))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        script.address = f"http://127.0.0.1:{server.server_port}"
        return script

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def pushback(ms):
    return (grpc.StatusCode.UNAVAILABLE, (("grpc-retry-pushback-ms", str(ms)),))


def test_grpc_waits_as_the_server_says(grpc_server):
    script = grpc_server(pushback(1500), pushback(200))
    slept = []
    with Client(script.address, sleep=slept.append) as client:
        assert client.recognize(b"x").faces == []
    assert 1.5 <= slept[0] <= 1.8 and 0.2 <= slept[1] <= 0.24
    script.check_attempts(3)


def test_grpc_gives_up_when_told_to(grpc_server):
    script = grpc_server(pushback(-1))
    with Client(script.address, sleep=pytest.fail) as client, pytest.raises(SluiceError) as caught:
        client.recognize(b"x", request_id="r-1")
    assert caught.value.code == "UNAVAILABLE" and caught.value.request_id == "r-1"
    script.check_attempts(1)


def test_grpc_does_not_repeat_what_is_wrong(grpc_server):
    script = grpc_server((grpc.StatusCode.INVALID_ARGUMENT, ()))
    with Client(script.address, sleep=pytest.fail) as client, pytest.raises(SluiceError):
        client.recognize(b"x")
    script.check_attempts(1)


def test_grpc_streams_are_repeated_from_their_start(grpc_server):
    slept = []
    script = grpc_server(pushback(10))
    with Client(script.address, sleep=slept.append) as client:
        assert client.collect_recognize([Frame(b"a"), Frame(b"b")]).frames == 0
    script.check_attempts(2)
    script = grpc_server(pushback(10))
    with Client(script.address, sleep=slept.append) as client:
        assert len(list(client.watch_recognize([Picture(b"a")]))) == 1
    script.check_attempts(2)
    assert len(slept) == 2


def test_a_live_stream_that_was_ended_says_from_where_to_go_on(grpc_server):
    gone = (grpc.StatusCode.UNAVAILABLE, (("x-sluice-last-sequence", "17"),))
    with Client(grpc_server(gone).address) as client, pytest.raises(SluiceError) as caught:
        list(client.stream_recognize([Frame(b"a")]))
    assert caught.value.last_sequence == 17

    async def run(address):
        async with AsyncClient(address) as client:
            async for _ in client.stream_recognize([Frame(b"a")]):
                pass

    with pytest.raises(SluiceError) as caught:
        asyncio.run(run(grpc_server(gone).address))
    assert caught.value.last_sequence == 17
    with Client(grpc_server(pushback(1)).address) as client, pytest.raises(SluiceError) as caught:
        list(client.stream_recognize([Frame(b"a")]))
    assert caught.value.last_sequence is None


def test_grpc_asyncio(grpc_server):
    script = grpc_server(pushback(1500))
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    async def run():
        async with AsyncClient(script.address, sleep=sleep) as client:
            return await client.recognize(b"x")

    assert asyncio.run(run()).faces == []
    assert 1.5 <= slept[0] <= 1.8
    script.check_attempts(2)


def test_a_lost_server_is_tried_again_until_the_deadline():
    slept = []
    time = [0.0]

    def sleep(seconds):
        slept.append(seconds)
        time[0] += seconds

    with (
        Client("127.0.0.1:1", timeout_s=20, sleep=sleep, clock=lambda: time[0]) as client,
        pytest.raises(SluiceError) as caught,
    ):
        client.recognize(b"x")
    assert caught.value.code == "UNAVAILABLE"
    assert len(slept) == 4 and all(0.8 * wait <= one <= 1.2 * wait for one, wait in zip(slept, (1, 2, 4, 8)))


def test_rest_honours_retry_after(http_server):
    busy = {"status": 503, "detail": "busy", "reason": "OVERLOADED"}
    script = http_server(
        (503, {"retry-after": "2", "content-type": "application/problem+json"}, json.dumps(busy)),
        (
            429,
            {"content-type": "application/problem+json"},
            json.dumps({"reason": "RATE_LIMITED", "retry_after_ms": 250}),
        ),
        (502, {}, "a proxy"),
    )
    slept = []
    with RestClient(script.address, sleep=slept.append) as client:
        assert client.recognize(b"x").latency_ms == 1.5
    assert 2 <= slept[0] <= 2.4 and 0.25 <= slept[1] <= 0.3 and 3.2 <= slept[2] <= 4.8
    script.check_attempts(4)
    assert 0 < float(script.headers[0]["x-request-timeout"]) <= 30


def test_rest_asyncio_and_errors(http_server):
    script = http_server(
        (400, {"content-type": "application/problem+json"}, json.dumps({"reason": "INVALID_IMAGE", "detail": "no"}))
    )

    async def run():
        async with AsyncRestClient(script.address, sleep=pytest.fail) as client:
            await client.recognize(b"x")

    with pytest.raises(SluiceError) as caught:
        asyncio.run(run())
    assert (caught.value.code, caught.value.reason, caught.value.message) == ("INVALID_ARGUMENT", "INVALID_IMAGE", "no")


def test_a_stream_that_has_answered_is_not_repeated(http_server):
    lines = [{"faces": [], "latency": 1}, {"status": 503, "detail": "gone", "reason": "SHUTTING_DOWN"}]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    script = http_server((200, {}, body))
    with RestClient(script.address, sleep=pytest.fail) as client, pytest.raises(SluiceError) as caught:
        list(client.watch_recognize([Picture(b"a")]))
    assert caught.value.reason == "SHUTTING_DOWN" and caught.value.retryable
    script.check_attempts(1)


def test_streams_of_asyncio_are_repeated_from_their_start(grpc_server, http_server):
    async def run(client):
        async with client:
            return [answer async for answer in client.watch_recognize([Picture(b"a")])]

    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    async def over_grpc(address):
        return await run(AsyncClient(address, sleep=sleep))

    script = grpc_server(pushback(10))
    assert len(asyncio.run(over_grpc(script.address))) == 1
    script.check_attempts(2)
    script = http_server((503, {}, "busy"))
    assert len(asyncio.run(run(AsyncRestClient(script.address, sleep=sleep)))) == 1
    script.check_attempts(2)
    assert len(slept) == 2


def test_an_option_that_does_not_exist_is_an_error(http_server):
    with RestClient(http_server().address) as client, pytest.raises(TypeError):
        client.recognize(b"x", timeout=1)


def test_retry_after_as_a_date():
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:20 GMT", 5.0) == 15.0
    assert parse_retry_after("7", 0) == 7.0
    assert parse_retry_after("soon", 0) is None
