"""No message of any method, in any protocol, makes another client wait, or the server grow above its budget."""

from __future__ import annotations

import json
import random
import resource
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import grpc
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import attacks
import oip
from conftest import Server

BUDGET = 256 << 20
SIZE = 30 << 20
# The longest answer on an idle machine; on a busy one, waiting to run comes on top: for the server as for the prober.
WORST_S = 0.05
TRIES = 3


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    running = oip.start(tmp_path_factory, f"http: {{inflight_bytes_max: {BUDGET}}}")
    resource.prlimit(running.process.pid, resource.RLIMIT_DATA, (1 << 30, 1 << 30))  # bad_alloc beyond
    yield running
    assert running.stop() == 0, running.stderr_path.read_text()


def attack_by_protobuf(server: Server, method: attacks.Method) -> None:
    stream = method.client_streams or method.server_streams
    kind = "application/connect+proto" if stream else "application/proto"
    encoding = "connect-content-encoding" if stream else "content-encoding"
    with grpc.insecure_channel(server.address) as channel:
        for i, (_, message) in enumerate(attacks.bombs(method.request, SIZE)):
            packed = attacks.gzipped(message)
            body = attacks.frame(packed, packed=True) if stream else packed
            attacks.post(server.address, method.path, body, {"content-type": kind, encoding: "gzip"})
            if i % 4 == 0:  # the same code reads them
                attacks.grpc_web(server.address, method.path, message, text=i % 8 == 0)
                attacks.over_grpc(channel, method.path, message[: 4 << 20])


def attack_by_json(
    server: Server, path: str, kind: str, bombs: list[tuple[str, bytes]], *, packed: bool = True
) -> None:
    for _, body in bombs:
        headers = {"content-type": kind} | ({"content-encoding": "gzip"} if packed else {})
        attacks.post(server.address, path, attacks.gzipped(body) if packed else body, headers)


def rest_paths(server: Server) -> dict[str, str]:
    """Of POST, with the name of the request's type."""
    document = json.load(urllib.request.urlopen(f"{server.url}/openapi.json"))
    return {
        path: next(iter(item["post"].get("requestBody", {}).get("content", {"application/json": 0})))
        for path, item in document["paths"].items()
        if "post" in item
    }


def check(server: Server, name: str, attack, worst_s: float = WORST_S) -> None:
    for _ in range(TRIES):
        before = server.memory_kib()
        with attacks.Prober(server.address, server.process.pid) as prober:
            attack()
        assert server.process.poll() is None, f"{name} ended the server"
        print(
            f"{name}: worst answer {prober.worst_s * 1000:.0f} ms, woken {prober.late_s * 1000:.0f} ms late at worst, "
            f"peak {prober.peak_kib >> 10} MiB, {before >> 10} before"
        )
        assert prober.failures == 0, name
        assert prober.peak_kib << 10 < BUDGET + (300 << 20), name
        if prober.worst_s <= worst_s + 2 * prober.late_s:
            return
    raise AssertionError(f"{name}: an answer took {prober.worst_s * 1000:.0f} ms")


def test_every_method_takes_its_worst_message_in_protobuf(target):
    methods = attacks.methods_of(target.address)
    assert len(methods) > 20
    for method in methods:
        check(target, method.path, lambda method=method: attack_by_protobuf(target, method))


def test_every_method_takes_its_worst_message_in_json(target):
    for method in attacks.methods_of(target.address):
        bombs = list(attacks.json_bombs(method.request, 12 << 20))
        if method.client_streams or method.server_streams:
            framed = [(name, attacks.frame(attacks.gzipped(body), packed=True)) for name, body in bombs]

            def attack(path=method.path, framed=framed):
                for _, body in framed:
                    headers = {"content-type": "application/connect+json", "connect-content-encoding": "gzip"}
                    attacks.post(target.address, path, body, headers)

            check(target, method.path, attack)
        else:
            check(target, method.path, lambda: attack_by_json(target, method.path, "application/json", bombs))


def test_every_rest_path_takes_its_worst_body(target):
    method = next(m for m in attacks.methods_of(target.address) if m.path.endswith("/ModelInfer"))
    bombs = list(attacks.json_bombs(method.request, 12 << 20))
    tensor = b'{"inputs":[{"name":"input","datatype":"%s","shape":[%d],"data":[%s]}]}'
    for datatype in (b"FP64", b"INT8", b"BOOL", b"BYTES"):
        one = b'""' if datatype == b"BYTES" else b"1"
        count = (10 << 20) // (len(one) + 1)
        bombs.append((f"{datatype}", tensor % (datatype, count, b",".join([one] * count))))
    for path in rest_paths(target):
        path = path.replace("{model_name}", "echo").replace("{model_version}", "1")
        kind = "application/x-ndjson" if path.endswith(":collect") else "application/json"
        check(target, path, lambda: attack_by_json(target, path, kind, bombs, packed=not path.endswith(":collect")))


@pytest.mark.parametrize("accepts", ["gzip", "gzip, identity;q=0", "*;q=0, gzip", "gzip, deflate"])
def test_a_large_answer_is_packed_by_a_worker(target, accepts):
    count = 4 << 20
    data = random.Random(1).randbytes(4 * count)
    tensor = {"name": "input", "datatype": "FP32", "shape": [count], "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"inference-header-content-length": str(len(head)), "accept-encoding": accepts}
    check(target, accepts, lambda: attacks.post(target.address, "/v2/models/echo/infer", head + data, headers))


def one_of(bombs: Iterator[tuple[str, bytes]], chance: random.Random) -> bytes:
    """Without keeping them all."""
    kept = b""
    for n, (_, body) in zip(range(1, chance.randrange(2, 20)), bombs):
        if chance.random() < 1 / n:
            kept = body
    return kept


def test_all_at_once_within_a_gigabyte(target):
    methods = attacks.methods_of(target.address)

    def attacker(seed: int, end: float) -> None:
        chance = random.Random(seed)
        with grpc.insecure_channel(target.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            while time.monotonic() < end:
                method = chance.choice(methods)
                path, message = method.path, one_of(attacks.bombs(method.request, SIZE), chance)
                match chance.randrange(6):
                    case 0:
                        attacks.over_grpc(channel, path, message)
                    case 1:
                        attacks.grpc_web(target.address, path, message, text=chance.random() < 0.5)
                    case 2:
                        attacks.post(
                            target.address,
                            path,
                            attacks.gzipped(message),
                            {"content-type": "application/proto", "content-encoding": "gzip"},
                        )
                    case 3:
                        text = attacks.gzipped(one_of(attacks.json_bombs(method.request, 12 << 20), chance))
                        attacks.post(
                            target.address, path, text, {"content-type": "application/json", "content-encoding": "gzip"}
                        )
                    case 4:
                        text = attacks.gzipped(one_of(attacks.json_bombs(method.request, 12 << 20), chance))
                        attacks.post(target.address, "/v2/models/echo/infer", text, {"content-encoding": "gzip"})
                    case 5:
                        attacks.unread_answer(target.address, 20_000_000, 2)

    def attack() -> None:
        end = time.monotonic() + 15
        threads = [threading.Thread(target=attacker, args=(seed, end)) for seed in range(8)]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            served.append(
                attacks.post(
                    target.address,
                    "/v2/models/echo/infer",
                    b'{"inputs":[{"name":"input","datatype":"INT8","shape":[1],"data":[1]}]}',
                    {},
                )
            )
            time.sleep(0.02)
        for thread in threads:
            thread.join()

    served: list[int] = []
    check(target, "all at once", attack, worst_s=1)
    assert set(served) <= {200, 503}, "a full budget refuses, and nothing else happens to others"
    assert served.count(200) > len(served) / 2


def test_websockets_take_their_worst_messages(target):
    methods = {m.path: m for m in attacks.methods_of(target.address)}
    for path, name in (
        ("/api/v1/recognize/stream", "ImageRecognition/StreamRecognize"),
        ("/api/v1/analyze/stream", "Multimodal/StreamAnalyze"),
    ):
        request = methods[f"/ai.inference.{name}"].request

        def attack(path=path, request=request):
            bombs = [body for _, body in attacks.bombs(request, SIZE // 2)]
            bombs += [body.decode() for _, body in attacks.json_bombs(request, SIZE // 4)]
            for message in bombs:
                with connect(f"ws://{target.address}{path}", max_size=None, compression=None) as ws:
                    try:
                        ws.send(message)
                        ws.recv(timeout=20)
                    except ConnectionClosed:
                        pass

        check(target, path, attack)


def test_a_message_in_fragments_of_a_byte(target):
    def attack():
        with connect(f"ws://{target.address}/api/v1/recognize/stream", max_size=None, compression=None) as ws:
            try:
                ws.send("x" for _ in range(300_000))
                ws.recv(timeout=20)
            except ConnectionClosed:
                pass

    check(target, "fragments", attack)


def test_a_stream_on_which_nothing_moves_ends(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    server = Server(tmp_path, models=folder, config="streams: {idle_ms: 300}")
    try:
        with grpc.insecure_channel(server.address) as channel:
            over = channel.stream_stream(attacks.REFLECTION, lambda x: x, lambda x: x)(attacks.silence(), timeout=20)
            with pytest.raises(grpc.RpcError) as caught:
                next(over)
            assert "idle for too long" in caught.value.details()
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch", lambda x: x, lambda x: x)(b"", timeout=1.5)
            assert next(watch) == b"\x08\x02", "no model, not serving"
            started = time.monotonic()
            with pytest.raises(grpc.RpcError):
                next(watch)
            assert time.monotonic() - started > 1, "it waits for news, and lives as long as its client wants"
    finally:
        assert server.stop() == 0


def test_long_names_are_neither_logged_nor_answered(target):
    for body, code in (
        ({"model_id": "模型" * 5000, "texts": ["a"]}, 404),
        ({"items": [{"text": "a", "id": "i" * 3000}]}, 400),
    ):
        request = urllib.request.Request(
            f"{target.url}/api/v1/classify", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == code
        assert len(caught.value.read()) < 1000
        (line,) = target.log_lines(caught.value.headers["x-request-id"])
        assert len(json.dumps(line, ensure_ascii=False)) < 2000


def test_names_of_many_dots_are_looked_up_at_once(target):
    with grpc.insecure_channel(target.address) as channel:
        for name in (b"." * 60000, b"ai.inference" * 5000, b"a." * 30000):

            def attack(name=name):
                for kind in (3, 4, 6):
                    attacks.over_grpc(channel, attacks.REFLECTION, attacks.delimited(kind, name))

            check(target, f"reflection of {name[:12]!r}", attack)


def test_a_thousand_small_messages_in_one_read(target):
    unit = attacks.frame(attacks.delimited(7, b"*"))

    def attack():
        kinds = {"content-type": "application/connect+proto"}
        attacks.post(target.address, attacks.REFLECTION, unit * 100_000, kinds)
        attacks.post(target.address, attacks.REFLECTION, b"\0" * 5 * 1_000_000, kinds)
        lines = {"content-type": "application/x-ndjson"}
        attacks.post(target.address, "/api/v1/recognize:collect", b"\n" * (30 << 20), lines)
        attacks.post(target.address, "/api/v1/recognize:collect", b"{}\n" * 200_000, lines)

    check(target, "small messages", attack)
