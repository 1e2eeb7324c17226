"""What connections may hold: headers, half-sent bodies and answers that nobody reads, under a budget and an
address-space limit."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import struct
import threading
import time
import urllib.request

import pytest
from conftest import Server
from test_server import certificate

BUDGET = 256 << 20
MARGIN_KIB = 300 << 10
ADDRESS_SPACE = 6 << 30  # of a process that maps models and thread stacks, too
CONFIG = f"http: {{inflight_bytes_max: {BUDGET}}}"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    running = Server(tmp_path_factory.mktemp("ledger"), config=CONFIG, listeners=1)
    resource.prlimit(running.process.pid, resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    yield running
    assert running.stop() == 0, running.stderr_path.read_text()


class Watcher(threading.Thread):
    """Another client: asks a health path and makes a small call all the while; notes memory and failures."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server = server
        self.most_kib = 0
        self.failures: list[str] = []
        self.worst_s = 0.0
        self.calls = 0
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *args):
        self.over.set()
        self.join()

    def run(self) -> None:
        while not self.over.wait(0.05):
            self.most_kib = max(self.most_kib, self.server.memory_kib())
            begun = time.monotonic()
            try:
                urllib.request.urlopen(f"{self.server.url}/v2/health/live", timeout=10).read()
                body = json.dumps({"texts": ["a"]}).encode()
                request = urllib.request.Request(
                    f"{self.server.url}/api/v1/classify", body, {"content-type": "application/json"}
                )
                urllib.request.urlopen(request, timeout=10).read()
                self.calls += 1
            except OSError as error:
                self.failures.append(str(error))
            self.worst_s = max(self.worst_s, time.monotonic() - begun)


def connect(server: Server, address: str | None = None) -> socket.socket:
    host, port = (address or server.address).rsplit(":", 1)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    return connection


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: str, value: str, index: bool = False) -> bytes:
    def sized(text: str) -> bytes:
        n, out = len(text), b"\x7f"
        if n < 127:
            return bytes([n]) + text.encode()
        n -= 127
        while n >= 128:
            out += bytes([n % 128 + 128])
            n //= 128
        return out + bytes([n]) + text.encode()

    return (b"\x40" if index else b"\x00") + sized(name) + sized(value)


def head(method: str, path: str, *fields: tuple[str, str]) -> bytes:
    pseudo = ((":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"))
    return b"".join(literal(name, value) for name, value in (*pseudo, *fields))


def send(connection: socket.socket, data: bytes) -> None:
    """What the server takes of it; that it closes or refuses is its right."""
    connection.settimeout(3)
    try:
        connection.sendall(data)
    except OSError:
        pass


def greet_h2(connection: socket.socket, settings: bytes = b"") -> None:
    """Until both sides' windows are as large as the server's settings say."""
    send(connection, PREFACE + frame(4, 0, 0, settings))
    got = b""
    while frame(4, 1, 0) not in got:
        got += connection.recv(4096)
    send(connection, frame(4, 1, 0))
    time.sleep(0.05)


def referenced_headers(server: Server) -> socket.socket:
    """1,000 streams that name a field of 3,900 bytes 15 times each, at a byte a time."""
    watch = head("POST", "/grpc.health.v1.Health/Watch", ("content-type", "application/grpc"), ("te", "trailers"))
    data = PREFACE + frame(4, 0, 0)
    for i in range(1000):
        field = literal("x-a", "v" * 3900, index=True) + b"\xbe" * 14 if i == 0 else b"\xbe" * 15
        data += frame(1, 4, 2 * i + 1, watch + field)
    connection = connect(server)
    send(connection, data)
    return connection


def half_sent_body(server: Server) -> socket.socket:
    connection = connect(server)
    text = "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33000000\r\n\r\n"
    send(connection, text.encode() + b"x" * 30_000_000)
    return connection


def infer_request(size: int) -> tuple[int, bytes]:
    tensor = {"name": "input", "datatype": "INT8", "shape": [size], "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    return len(text), text + b"\x80" * size


def unread_answer_h1(server: Server) -> socket.socket:
    size, body = infer_request(20_000_000)
    text = f"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: {size}\r\n"
    connection = connect(server)
    send(connection, f"{text}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def unread_answers_h2(server: Server) -> socket.socket:
    """Answers of a megabyte whose windows stay shut."""
    size, body = infer_request(900_000)
    connection = connect(server)
    greet_h2(connection, struct.pack(">HI", 4, 0))
    for i in range(64):
        fields = (("inference-header-content-length", str(size)), ("content-length", str(len(body))))
        data = frame(1, 4, 2 * i + 1, head("POST", "/v2/models/echo/infer", *fields))
        for at in range(0, len(body), 16_384):
            data += frame(0, 1 if at + 16_384 >= len(body) else 0, 2 * i + 1, body[at : at + 16_384])
        send(connection, data)
        if i % 16 == 15:
            time.sleep(0.2)
    return connection


@pytest.mark.parametrize(
    ("attack", "count"),
    [(referenced_headers, 20), (half_sent_body, 24), (unread_answer_h1, 24), (unread_answers_h2, 8)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_client_pins_the_budget_and_others_are_served(server: Server, attack, count: int) -> None:
    before = server.memory_kib()
    with Watcher(server) as others:
        connections = [attack(server) for _ in range(count)]
        time.sleep(6)
        settled = len(others.failures)
        time.sleep(2)
        assert len(others.failures) == settled, others.failures[-3:]
        for connection in connections:
            connection.close()
    assert server.process.poll() is None
    assert others.calls > 20
    assert others.failures == []
    assert others.most_kib - before < (BUDGET >> 10) + MARGIN_KIB, (before, others.most_kib)


class H1Reader:
    """Of an answer of 20 MB."""

    def __init__(self, server: Server, connection: socket.socket):
        size, body = infer_request(20_000_000)
        text = f"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: {size}\r\n"
        self.connection = connection
        send(connection, f"{text}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        connection.settimeout(10)

    def read(self, size: int) -> int:
        return len(self.connection.recv(size))


class H2Reader:
    """Of an answer of 900 KB; its windows open as it reads."""

    def __init__(self, server: Server, connection: socket.socket):
        size, body = infer_request(900_000)
        fields = (("inference-header-content-length", str(size)), ("content-length", str(len(body))))
        data = frame(1, 4, 1, head("POST", "/v2/models/echo/infer", *fields))
        for at in range(0, len(body), 16_384):
            data += frame(0, 1 if at + 16_384 >= len(body) else 0, 1, body[at : at + 16_384])
        self.connection = connection
        greet_h2(connection)
        send(connection, data)
        connection.settimeout(10)

    def read(self, size: int) -> int:
        got = len(self.connection.recv(size))
        more = struct.pack(">I", max(got, 1))
        self.connection.sendall(frame(8, 0, 0, more) + frame(8, 0, 1, more))
        return got


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory):
    """Two seconds without progress are its bound; over TLS, too."""
    folder = tmp_path_factory.mktemp("impatient")
    certificate(folder, "localhost")
    tls = f"{{address: '127.0.0.1:0', tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}}}"
    config = f"http: {{write_idle_timeout_ms: 2000}}\nlisteners: [{{address: '127.0.0.1:0'}}, {tls}]"
    running = Server(folder, config=config)
    yield running
    running.stop()


@pytest.mark.parametrize(("reader", "tls"), [(H1Reader, False), (H1Reader, True), (H2Reader, False), (H2Reader, True)])
def test_a_steady_reader_lives_and_one_that_stands_still_does_not(impatient, reader, tls) -> None:
    def dial() -> socket.socket:
        raw = connect(impatient, impatient.addresses[tls])
        if not tls:
            return raw
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2" if reader is H2Reader else "http/1.1"])
        return context.wrap_socket(raw)

    steady, still = reader(impatient, dial()), reader(impatient, dial())
    total = 0
    end = time.monotonic() + 7
    while time.monotonic() < end:
        got = steady.read(8_000)
        assert got, f"cut after {total} bytes"
        total += got
        time.sleep(0.1)
    assert 100_000 < total < 880_000
    total = 0
    try:
        while got := still.connection.recv(1 << 20):
            total += got if isinstance(got, int) else len(got)
    except OSError:
        pass
    assert total < (1 if reader is H2Reader else 20) * 880_000, "whoever stood still was cut"


def test_idle_connections_and_streams_hold_little(tmp_path) -> None:
    server = Server(tmp_path, listeners=1)
    try:
        watch = head("POST", "/grpc.health.v1.Health/Watch", ("content-type", "application/grpc"), ("te", "trailers"))

        def h1() -> socket.socket:
            connection = connect(server)
            large = "x" * 50_000  # what one request needed is given back
            connection.sendall(f"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nX-A: {large}\r\n\r\n".encode())
            connection.recv(4096)
            return connection

        def h2() -> socket.socket:
            connection = connect(server)
            connection.sendall(PREFACE + frame(4, 0, 0) + frame(1, 5, 1, head("GET", "/v2/health/live")))
            time.sleep(0.002)
            return connection

        def each_kib(make, count: int) -> float:
            warm = [make() for _ in range(count)]  # what the process takes once is not theirs
            time.sleep(0.5)
            before = server.memory_kib()
            held = [make() for _ in range(count)]
            time.sleep(0.5)
            grown = (server.memory_kib() - before) / count
            for connection in warm + held:
                connection.close()
            return grown

        assert each_kib(h2, 400) <= 16
        assert each_kib(h1, 400) <= 16
        connection = connect(server)
        connection.sendall(PREFACE + frame(4, 0, 0))
        time.sleep(0.5)
        before = server.memory_kib()
        for i in range(1000):
            message = frame(0, 1, 2 * i + 1, b"\0\0\0\0\0")
            connection.sendall(frame(1, 4, 2 * i + 1, watch) + message)
        time.sleep(1)
        assert (server.memory_kib() - before) / 1000 <= 4
    finally:
        server.stop()


def test_closing_forty_connections_of_a_thousand_streams_stalls_nobody(tmp_path) -> None:
    server = Server(tmp_path, listeners=1)
    try:
        watch = head("POST", "/grpc.health.v1.Health/Watch", ("content-type", "application/grpc"), ("te", "trailers"))
        data = PREFACE + frame(4, 0, 0)
        for i in range(1000):
            data += frame(1, 4, 2 * i + 1, watch) + frame(0, 1, 2 * i + 1, b"\0\0\0\0\0")
        connections = [connect(server) for _ in range(40)]
        for connection in connections:
            connection.sendall(data)
        time.sleep(1)
        with Watcher(server) as others:
            for connection in connections:
                connection.close()
            time.sleep(3)
        assert others.failures == []
        assert others.worst_s < 1.5, "a health path and a small call"
        metrics = urllib.request.urlopen(f"{server.url}/metrics", timeout=10).read().decode()
        held = next(line for line in metrics.splitlines() if line.startswith("ai_inference_inflight_bytes"))
        assert float(held.split()[1]) < 100_000
    finally:
        server.stop()
