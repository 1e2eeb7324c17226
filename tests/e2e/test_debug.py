"""ai.inference.Debug: what became of a call, for each way it can fail, over REST and gRPC; and the pages beside it."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import cv2
import grpc
import httpx
import numpy
import nets
import pytest
from conftest import BINARY, ROOT, Server
from tritonclient.grpc import service_pb2

SIDE = 1024  # a few tenths of a second of one worker
SLOW = f'{{"inputs":[{{"name":"x","shape":[{SIDE},{SIDE}],"datatype":"FP32","data":[{",".join("0" * SIDE * SIDE)}]}}]}}'


@pytest.fixture(scope="module")
def debug(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debug")
    models = folder / "models"
    for name in ("face_detection_v1", "face_detection_lite", "news_classification_v1"):
        shutil.copytree(ROOT / "models" / name, models / name)
    nets.slow(models / "slow/1", SIDE)
    (models / "slow/model.yaml").write_text("queue: {max_items: 1}\n")
    # Ready in 5 ms, and it promises 1 ms: refused as soon as its time is known.
    shutil.copytree(ROOT / "models/face_detection_lite", models / "hasty")
    text = (models / "hasty/model.yaml").read_text().replace("id: face_detection_lite", "id: hasty")
    (models / "hasty/model.yaml").write_text(text + "\nslo_ms: 1\n")
    config = f"""breaker: {{rules: {ROOT}/deploy/sentinel/rules.json}}
workers: {{count: 1}}
http: {{body_bytes_max: 8388608}}
tracing: {{sample_ratio: 0}}
"""
    server = Server(folder, config=config, models=models, listeners=1)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(5):
            client.post("/v2/models/slow/infer", content=SLOW)
            client.post("/api/v1/recognize", params={"model_id": "hasty"}, content=SAMPLE_JPEG(), headers=JPEG)
    yield server
    assert server.stop() == 0, server.stderr_path.read_text()


def SAMPLE_JPEG() -> bytes:
    return (ROOT / ".deps/samples/astronaut.jpg").read_bytes()


JPEG = {"content-type": "image/jpeg"}


def SMALL_JPEG() -> bytes:
    """So small that its digest needs no worker."""
    image = cv2.imdecode(numpy.frombuffer(SAMPLE_JPEG(), numpy.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", cv2.resize(image, (160, 160)))[1].tobytes()


@pytest.fixture
def rest(debug):
    with httpx.Client(base_url=debug.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def stubs(debug, protos):
    pb = importlib.import_module("ai.inference.debug_pb2")
    with grpc.insecure_channel(debug.address, options=[("grpc.max_send_message_length", -1)]) as channel:

        class Stubs:
            debug_pb = pb
            debug = importlib.import_module("ai.inference.debug_pb2_grpc").DebugStub(channel)
            images = protos.images_grpc.ImageRecognitionStub(channel)
            texts = importlib.import_module("ai.inference.text_classification_pb2_grpc").TextClassificationStub(channel)
            images_pb = protos.images
            texts_pb = importlib.import_module("ai.inference.text_classification_pb2")
            raw = channel.unary_unary("/ai.inference.ImageRecognition/Recognize")
            infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            unknown = channel.unary_unary("/ai.inference.ImageRecognition/Nothing")

        yield Stubs


def explain(rest, request_id: str) -> dict:
    answer = rest.get("/debug/explain", params={"request_id": request_id})
    assert answer.status_code == 200, answer.text
    return answer.json()["calls"][0]


@dataclass
class Way:
    """How a call comes to nothing: made over both, and what explain says of it."""

    name: str
    reason: str
    layer: str  # that refused it, or where it ended
    rest: object  # (client, headers) -> response
    grpc: object = None  # (stubs, metadata)
    figures: bool = False  # the message has numbers
    during: object = None  # a context in which it is so


def post_image(client, headers, image=None, **params):
    return client.post("/api/v1/recognize", params=params, content=image or SAMPLE_JPEG(), headers={**JPEG, **headers})


def ask_image(stubs, metadata, timeout=None, **fields):
    request = stubs.images_pb.RecognizeRequest(**{"image": SAMPLE_JPEG(), **fields})
    return stubs.images.Recognize(request, metadata=metadata, timeout=timeout)


@contextmanager
def open_breaker(url: str):
    with httpx.Client(base_url=url, timeout=60) as client:
        post_image(client, {}, model_id="face_detection_lite")  # a breaker comes into being with the first use
        client.post("/api/v1/breakers:open", json={"model_id": "face_detection_lite"})
        yield
        client.post("/api/v1/breakers:auto", json={"model_id": "face_detection_lite"})


WAYS = [
    Way(
        "body",
        "INVALID_BODY",
        "request",
        lambda c, h: c.post("/api/v1/recognize", content=b"{", headers={"content-type": "application/json", **h}),
        lambda s, m: s.raw(b"\xff\xff\xff", metadata=m),
    ),
    Way(
        "image",
        "INVALID_IMAGE",
        "handler",
        lambda c, h: post_image(c, h, b"no image"),
        lambda s, m: ask_image(s, m, image=b"no"),
    ),
    Way(
        "model",
        "MODEL_NOT_FOUND",
        "resolve",
        lambda c, h: post_image(c, h, model_id="nobody"),
        lambda s, m: ask_image(s, m, model_id="nobody"),
    ),
    Way(
        "limit",
        "BODY_TOO_LARGE",
        "request",
        lambda c, h: post_image(c, h, b"\xff\xd8" + b"x" * 9_000_000),
        lambda s, m: ask_image(s, m, image=b"x" * 9_000_000),
        figures=True,
    ),
    Way(
        "limit, compressed",
        "BODY_TOO_LARGE",
        "request",
        lambda c, h: post_image(c, {"content-encoding": "gzip", **h}, gzip.compress(bytes(9_000_000))),
        lambda s, m: s.raw(bytes(9_000_000), metadata=m, compression=grpc.Compression.Gzip),
        figures=True,
    ),
    Way(
        "items",
        "BATCH_TOO_LARGE",
        "handler",
        lambda c, h: c.post("/api/v1/classify", json={"texts": ["x"] * 101}, headers=h),
        lambda s, m: s.texts.Classify(s.texts_pb.ClassifyRequest(texts=["x"] * 101), metadata=m),
        figures=True,
    ),
    Way(
        "media type",
        "UNSUPPORTED_MEDIA_TYPE",
        "request",
        lambda c, h: c.post("/api/v1/recognize", content=b"x", headers={"content-type": "text/plain", **h}),
    ),
    Way(
        "path",
        "METHOD_NOT_FOUND",
        "request",
        lambda c, h: c.get("/api/v1/nothing", headers=h),
        lambda s, m: s.unknown(b"", metadata=m),
    ),
    Way(
        "timeout that is none",
        "INVALID_REQUEST",
        "deadline",
        lambda c, h: post_image(c, {"x-request-timeout": "soon", **h}),
    ),
    Way(
        "class",
        "INVALID_REQUEST",
        "work_class",
        lambda c, h: post_image(c, {"x-sluice-class": "urgent", **h}),
        lambda s, m: ask_image(s, (*m, ("x-sluice-class", "urgent"))),
    ),
    Way(
        "breaker",
        "CIRCUIT_OPEN",
        "breaker",
        lambda c, h: post_image(c, h, model_id="face_detection_lite"),
        lambda s, m: ask_image(s, m, model_id="face_detection_lite"),
        during=open_breaker,
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_explain_tells_why(rest, debug, stubs, way, protocol):
    request_id = uuid.uuid4().hex
    if protocol == "grpc" and way.grpc is None:
        pytest.skip("the same over gRPC is not another way")
    with way.during(debug.url) if way.during else nullcontext():
        if protocol == "rest":
            answer = way.rest(rest, {"x-request-id": request_id})
            assert answer.status_code >= 400, answer.text
            told = answer.json()["detail"]
        else:
            with pytest.raises(grpc.RpcError) as error:
                way.grpc(stubs, (("x-request-id", request_id),))
            told = error.value.details()
    call = explain(rest, request_id)
    assert (call["reason"], call["protocol"]) == (way.reason, protocol), call["summary"]
    refusals = [verdict["layer"] for verdict in call["verdicts"] if verdict["verdict"] == "refused"]
    assert way.layer in (call["ended_in"], *refusals), call
    assert call["message"] and call["message"] in told
    if way.figures:
        assert any(character.isdigit() for character in call["message"]), call["message"]
    over_grpc = stubs.debug.Explain(stubs.debug_pb.ExplainRequest(request_id=request_id)).calls[0]
    assert over_grpc.summary == call["summary"] and over_grpc.trace_id == call["trace_id"]


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_promise_that_cannot_be_kept(rest, debug, stubs, protocol):
    """Live work that would wait for longer than the model promises."""
    image = SMALL_JPEG()

    def ask(i: int) -> bool:
        request_id = f"promise-{protocol}-{i}"
        if protocol == "rest":
            headers = {**JPEG, "x-request-id": request_id}
            return httpx.post(f"{debug.url}/api/v1/recognize?model_id=hasty", content=image, headers=headers).is_success
        try:
            ask_image(stubs, (("x-request-id", request_id),), image=image, model_id="hasty")
        except grpc.RpcError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        served = list(pool.map(ask, range(100)))
    assert served.count(True) and served.count(False)
    call = explain(rest, f"promise-{protocol}-{served.index(False)}")
    assert (call["reason"], call["kept"], call["error_type"]) == ("OVERLOADED", "refused", "overload")
    refusal = next(verdict for verdict in call["verdicts"] if verdict["verdict"] == "refused")
    assert (refusal["layer"], refusal["model"]) == ("queue", "hasty@1") and "1 ms" in refusal["message"]


def slow_request() -> bytes:
    request = service_pb2.ModelInferRequest(model_name="slow", raw_input_contents=[bytes(4 * SIDE * SIDE)])
    request.inputs.add(name="x", datatype="FP32", shape=[SIDE, SIDE])
    return request.SerializeToString()


def ask_slow(debug, stubs, protocol: str, request_id: str, **headers) -> bool:
    """A call that takes a worker for long; False when it was refused."""
    if protocol == "rest":
        url = f"{debug.url}/v2/models/slow/infer"
        return httpx.post(url, content=SLOW, headers={"x-request-id": request_id, **headers}, timeout=60).is_success
    try:
        stubs.infer(slow_request(), metadata=(("x-request-id", request_id), *headers.items()), timeout=60)
    except grpc.RpcError:
        return False
    return True


def ask_late(debug, protocol: str, request_id: str) -> None:
    """A deadline that the server alone watches: a gRPC library would give up at the same moment, and cancel."""
    if protocol == "rest":
        headers = {"x-request-id": request_id, "x-request-timeout": "0.05"}
        assert httpx.post(f"{debug.url}/v2/models/slow/infer", content=SLOW, headers=headers).status_code == 504
        return
    headers = {"content-type": "application/grpc", "te": "trailers", "grpc-timeout": "50m", "x-request-id": request_id}
    message = slow_request()
    with httpx.Client(base_url=debug.url, http1=False, http2=True, timeout=60) as client:
        framed = b"\0" + len(message).to_bytes(4, "big") + message
        answer = client.post("/inference.GRPCInferenceService/ModelInfer", content=framed, headers=headers)
    assert answer.headers["grpc-status"] == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])


def leave_slow(debug, stubs, protocol: str, request_id: str) -> None:
    """A client that goes while its call is at work."""
    if protocol == "rest":
        with pytest.raises(httpx.TimeoutException):
            url = f"{debug.url}/v2/models/slow/infer"
            httpx.post(url, content=SLOW, headers={"x-request-id": request_id}, timeout=0.1)
        return
    call = stubs.infer.future(slow_request(), metadata=(("x-request-id", request_id),))
    time.sleep(0.1)
    call.cancel()


def wait_for_explain(rest, request_id: str) -> dict:
    end = time.monotonic() + 10
    while rest.get("/debug/explain", params={"request_id": request_id}).status_code == 404:
        assert time.monotonic() < end
        time.sleep(0.05)
    return explain(rest, request_id)


BOTH = pytest.mark.parametrize("protocol", ["rest", "grpc"])


@BOTH
def test_a_full_queue(rest, debug, stubs, protocol):
    with ThreadPoolExecutor(8) as pool:
        served = list(pool.map(lambda i: ask_slow(debug, stubs, protocol, f"full-{protocol}-{i}"), range(8)))
    assert served.count(False)
    call = explain(rest, f"full-{protocol}-{served.index(False)}")
    assert call["reason"] == "OVERLOADED" and call["kept"] == "refused" and call["retry_after_ms"]
    refusal = next(verdict for verdict in call["verdicts"] if verdict["layer"] == "queue")
    assert refusal["model"] == "slow@1" and any(character.isdigit() for character in refusal["message"])
    passed = [verdict["layer"] for verdict in call["verdicts"] if verdict["verdict"] == "passed"]
    assert passed[:2] == ["observe", "deadline"] and "breaker" in passed


@BOTH
def test_a_deadline(rest, debug, protocol):
    ask_late(debug, protocol, f"late-{protocol}")
    call = wait_for_explain(rest, f"late-{protocol}")
    assert (call["reason"], call["error_type"]) == ("DEADLINE_EXCEEDED", "model")
    assert any(character.isdigit() for character in call["message"]), call["message"]


@BOTH
def test_a_client_that_goes(rest, debug, stubs, protocol):
    leave_slow(debug, stubs, protocol, f"gone-{protocol}")
    call = wait_for_explain(rest, f"gone-{protocol}")
    assert (call["reason"], call["error_type"]) == ("CANCELLED", "network")


@pytest.fixture(scope="module")
def tight(tmp_path_factory):
    """A server with little memory for calls."""
    config = "http: {body_bytes_max: 8388608, inflight_bytes_max: 33554432}"
    with Server(tmp_path_factory.mktemp("tight"), config=config, listeners=1) as server:
        yield server


def refused_by(tight, protos, protocol: str, request_id: str, texts: int, size: int) -> str:
    """So many texts of that size are refused over that protocol; what the client is told."""
    if protocol == "rest":
        body = b'{"texts":[' + b",".join([b'"' + b"x" * size + b'"'] * texts) + b"]}"
        headers = {"content-type": "application/json", "x-request-id": request_id}
        answer = httpx.post(f"{tight.url}/api/v1/classify", content=body, headers=headers, timeout=30)
        assert answer.status_code >= 400
        return answer.json()["detail"]
    pb = importlib.import_module("ai.inference.text_classification_pb2")
    service = importlib.import_module("ai.inference.text_classification_pb2_grpc")
    with grpc.insecure_channel(tight.address, options=[("grpc.max_send_message_length", -1)]) as channel:
        with pytest.raises(grpc.RpcError) as error:
            request = pb.ClassifyRequest(texts=["x" * size] * texts)
            service.TextClassificationStub(channel).Classify(request, metadata=(("x-request-id", request_id),))
    return error.value.details()


@contextmanager
def memory_held(tight):
    """Uploads that wait for their last byte, of three quarters of what there is."""
    head = b"POST /api/v1/recognize HTTP/1.1\r\nHost: localhost\r\n"
    head += b"Content-Type: image/jpeg\r\nContent-Length: 8388608\r\n\r\n"
    host, port = tight.address.split(":")
    sockets = [socket.create_connection((host, int(port))) for _ in range(3)]
    for one in sockets:
        one.sendall(head + bytes(8388607))
    yield
    for one in sockets:
        one.close()


@BOTH
def test_a_message_that_takes_too_much_memory(tight, protos, protocol):
    told = refused_by(tight, protos, protocol, f"many-{protocol}", texts=1_000_000, size=0)
    with httpx.Client(base_url=tight.url) as client:
        call = explain(client, f"many-{protocol}")
    assert (call["reason"], call["ended_in"], call["message"]) == ("BODY_TOO_LARGE", "request", told)
    # Protobuf is refused by what it holds, before it is parsed.
    assert ("16777216 bytes of memory" if protocol == "rest" else "10000 parts") in told


@BOTH
def test_a_memory_budget_that_is_used_up(tight, protos, protocol):
    with memory_held(tight):
        told = refused_by(tight, protos, protocol, f"held-{protocol}", texts=1, size=7_000_000)
    with httpx.Client(base_url=tight.url) as client:
        call = explain(client, f"held-{protocol}")
    assert (call["reason"], call["kept"], call["ended_in"]) == ("OVERLOADED", "refused", "request")
    assert "memory" in call["message"]


def test_degraded_and_replayed_calls(rest):
    rest.post("/api/v1/recognize", content=SAMPLE_JPEG(), headers=JPEG)
    rest.post("/api/v1/breakers:open", json={"model_id": "face_detection_v1"})
    answer = post_image(rest, {"x-request-id": "degraded"})
    rest.post("/api/v1/breakers:auto", json={"model_id": "face_detection_v1"})
    assert answer.headers["x-sluice-degraded"]
    call = explain(rest, "degraded")
    assert call["degraded"] and call["kept"] == "degraded" and call["code"] == "OK"
    assert [v["model"] for v in call["verdicts"] if v["verdict"] == "refused"] == ["face_detection_v1@1"]
    for request_id in ("first", "again"):
        post_image(rest, {"x-request-id": request_id, "idempotency-key": '"k1"'})
    assert explain(rest, "again")["replayed"]


def drained_stream(server: Server, protos) -> str:
    """A stream of frames over gRPC that the end of the server finds open; what its client is told."""
    stop = threading.Event()

    def frames():
        yield protos.images.RecognizeRequest(image=SAMPLE_JPEG())
        stop.wait(30)

    with grpc.insecure_channel(server.address) as channel:
        stub = protos.images_grpc.ImageRecognitionStub(channel)
        answers = stub.StreamRecognize(frames(), metadata=(("x-request-id", "drained"),))
        next(answers)
        server.terminate()
        with pytest.raises(grpc.RpcError) as error:
            next(answers)
        stop.set()
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    return error.value.details()


def drained_upload(server: Server, protos) -> str:
    """The same for an upload over REST."""

    def frames():
        yield json.dumps({"image": base64.b64encode(SAMPLE_JPEG()).decode()}).encode() + b"\n"
        time.sleep(0.5)
        server.terminate()
        time.sleep(1)

    headers = {"x-request-id": "drained", "content-type": "application/x-ndjson"}
    answer = httpx.post(f"{server.url}/api/v1/recognize:collect", content=frames(), headers=headers, timeout=30)
    assert answer.status_code == 503
    return answer.json()["detail"]


@pytest.mark.parametrize("ask", [drained_stream, drained_upload])
def test_a_drain_is_told_in_the_log(tmp_path, protos, ask):
    """Explain goes with the server; the line stays."""
    server = Server(tmp_path, listeners=1, config="drain: {timeout_ms: 5000}")
    told = ask(server, protos)
    assert server.stop() == 0
    (line,) = server.log_lines("drained")
    assert (line["reason"], line["ended_in"], line["status"]) == ("SHUTTING_DOWN", "handler", "error")
    assert line["error"] == told


def test_a_trace_id_finds_its_call_too(rest):
    answer = post_image(rest, {}, b"no image")
    assert explain(rest, answer.json()["trace_id"])["request_id"] == answer.headers["x-request-id"]


def test_what_nobody_kept(rest):
    post_image(rest, {"x-request-id": "dull"})
    answer = rest.get("/debug/explain", params={"request_id": "dull"})
    assert answer.status_code == 404 and "sluice logs" in answer.json()["detail"]
    assert rest.get("/debug/explain").status_code == 400


def test_calls_in_progress(rest, debug):
    thread = threading.Thread(
        target=lambda: httpx.post(
            f"{debug.url}/v2/models/slow/infer", content=SLOW, headers={"x-request-id": "busy"}, timeout=60
        )
    )
    thread.start()
    end = time.monotonic() + 20
    found = []
    while not found and time.monotonic() < end and thread.is_alive():
        calls = rest.get("/debug/requests").json()["calls"]
        found = [call for call in calls if call["request_id"] == "busy" and call["stage"] == "work"]
    thread.join()
    assert found[0]["model"] == "slow" and found[0]["age_ms"] > 0 and found[0]["left_ms"] > 0
    own = rest.get("/debug/requests").json()
    assert own["total"] == 1 and own["calls"][0]["method"] == "ai.inference.Debug/ListCalls"


def test_queues_and_models(rest):
    queues = {queue["model"]: queue for queue in rest.get("/debug/queues").json()["queues"]}
    assert queues["face_detection_v1@1"]["service_ms"] > 0 and int(queues["slow@1"]["refused"]) > 0
    models = {model["model_id"]: model for model in rest.get("/debug/models").json()["models"]}
    assert int(models["face_detection_v1"]["memory_bytes"]) > 100_000
    assert models["face_detection_v1"]["sessions"] == 1 and models["hasty"]["slo_ms"] == 1
    assert "us per run" in models["slow"]["reason"] or "ms per run" in models["slow"]["reason"]


def test_config_and_how_the_file_differs(rest, debug):
    file = debug.log_path.parent / "sluice.yaml"
    before = rest.get("/debug/config").json()
    assert before["running"]["http"]["body_bytes_max"] == "8388608" and before["differences"] == []
    assert before["files"][0]["name"] == "breaker.rules"
    text = file.read_text()
    file.write_text(text.replace("8388608", "4194304"))
    assert any("body_bytes_max" in line for line in rest.get("/debug/config").json()["differences"])
    file.write_text("nonsense: 1\n")
    assert "nonsense" in rest.get("/debug/config").json()["error"]
    file.write_text(text)


def test_log_levels_change_while_it_runs(rest):
    assert rest.post("/debug/log-level", json={}).json() == {"level": "info", "modules": {}}
    changed = rest.post("/debug/log-level", json={"module": "model", "level": "error"}).json()
    assert changed == {"level": "info", "modules": {"model": "error"}}
    assert rest.post("/debug/log-level", json={"module": "model", "level": "default"}).json()["modules"] == {}
    assert rest.post("/debug/log-level", json={"level": "loud"}).status_code == 400


def test_profile(rest, stubs, debug):
    stop = threading.Event()

    def work():
        with httpx.Client(base_url=debug.url, timeout=60) as client:
            while not stop.is_set():
                post_image(client, {})

    thread = threading.Thread(target=work)
    thread.start()
    try:
        answer = rest.get("/debug/pprof/profile", params={"seconds": 1})
        over_grpc = stubs.debug.Profile(stubs.debug_pb.ProfileRequest(seconds=1)).profile
    finally:
        stop.set()
        thread.join()
    assert answer.status_code == 200
    for packed in (answer.content, over_grpc):
        text = gzip.decompress(packed)
        assert b"sluice::" in text and b"samples" in text and b"nanoseconds" in text
    assert rest.get("/debug/pprof/profile", params={"seconds": 31}).status_code == 400


def test_only_for_admins(tmp_path):
    models = tmp_path / "models"
    (models / "echo").mkdir(parents=True)
    (models / "echo/model.yaml").write_text("engine: identity\n")
    server = Server(
        tmp_path, models=models, config="listeners: [{address: 127.0.0.1:0, expose: [api, metrics, console]}]\n"
    )
    try:
        for path in ("explain?request_id=x", "requests", "queues", "models", "config", "pprof/profile?seconds=1"):
            assert httpx.get(f"{server.url}/debug/{path}").status_code == 404, path
    finally:
        assert server.stop() == 0


# --- beside the server ---


def run(*arguments: str | Path, code: int = 0, stdin: str = "") -> str:
    done = subprocess.run(
        [BINARY, *arguments], check=False, capture_output=True, text=True, timeout=120, input=stdin, cwd=ROOT
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_sluice_logs(rest, debug, tmp_path):
    post_image(rest, {"x-request-id": "read-me"}, b"no image")
    debug.log_lines("read-me")
    text = run("logs", debug.log_path, "--request-id", "read-me")
    assert "INVALID_ARGUMENT" in text and "INVALID_IMAGE in handler" in text
    lines = [json.loads(line) for line in run("logs", debug.log_path, "--slowest", "3", "--json").splitlines()]
    assert len(lines) == 3
    assert [line["latency"] for line in lines] == sorted((line["latency"] for line in lines), reverse=True)
    errors = run("logs", "--errors", "--where", "protocol=rest", "--json", stdin=debug.log_path.read_text())
    assert {json.loads(line)["status"] for line in errors.splitlines()} == {"error"}
    wrong = subprocess.run([BINARY, "logs", "--where", "x"], check=False, capture_output=True, text=True)
    assert wrong.returncode == 1 and "no condition" in wrong.stderr


def test_sluice_logs_follows_across_a_rotation(tmp_path):
    log = tmp_path / "access.log"
    log.write_text('{"request_id":"old"}\n')
    process = subprocess.Popen([BINARY, "logs", "--follow", "--json", log], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(0.5)  # it has found the end
        with log.open("a") as out:
            out.write('{"request_id":')
            out.flush()
            out.write('"one"}\n')
        assert process.stdout.readline() == '{"request_id":"one"}\n'
        log.rename(tmp_path / "rotated")
        log.write_text('{"request_id":"two"}\n')
        assert process.stdout.readline() == '{"request_id":"two"}\n'
    finally:
        process.kill()
        process.wait()


def test_sluice_doctor(debug, tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(f"listeners: [{{address: 127.0.0.1:0}}]\nbreaker: {{rules: {ROOT}/deploy/sentinel/rules.json}}\n")
    text = run("doctor", "--config", good, "--server", debug.address, "--models", debug.models, code=0)
    assert "fired once: it opens, and closes again" in text and f"{debug.address} answers" in text
    bad = tmp_path / "bad.yaml"
    bad.write_text("listeners:\n  - {addres: x}\n")
    assert "bad.yaml:2" in run("doctor", "--config", bad, code=1)
    taken = tmp_path / "taken.yaml"
    taken.write_text(f"listeners: [{{address: {debug.address}}}]\n")
    assert "a server answers there already" in run("doctor", "--quick", "--config", taken, code=0)


def test_what_nobody_waits_for_is_not_made(stubs):
    running = stubs.debug.Profile.future(stubs.debug_pb.ProfileRequest(seconds=2), timeout=30)
    time.sleep(0.3)
    for _ in range(3):  # each would keep the thread for half a minute
        with pytest.raises(grpc.RpcError) as late:
            stubs.debug.Profile(stubs.debug_pb.ProfileRequest(seconds=30), timeout=0.2)
        assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    stubs.debug.GetConfig(stubs.debug_pb.GetConfigRequest(), timeout=20)
    assert running.result().profile


def test_a_profile_ends_when_the_server_does(tmp_path, protos, stubs):
    server = Server(tmp_path, listeners=1, config="drain: {timeout_ms: 10000}")
    with grpc.insecure_channel(server.address) as channel:
        profile = type(stubs.debug)(channel).Profile.future(stubs.debug_pb.ProfileRequest(seconds=30), timeout=60)
        time.sleep(0.5)
        assert server.stop() == 0
        assert profile.result().profile, "of what ran so far"
    assert '"event":"server.stopped","clean":true' in server.stderr_path.read_text()


def test_a_configuration_that_became_a_pipe_keeps_nobody_waiting(tmp_path):
    """`--config` may be one; there is nothing to read in it a second time."""
    models = tmp_path / "models"
    nets.affine(models / "a/1")
    with Server(tmp_path, models=models, listeners=1) as server:
        (tmp_path / "sluice.yaml").unlink()
        os.mkfifo(tmp_path / "sluice.yaml")
        for _ in range(2):
            answer = httpx.get(server.url + "/debug/config", timeout=20).json()
            assert "it is not a regular file" in answer["error"] and answer["running"], answer
    assert '"clean":true' in server.stderr_path.read_text()
