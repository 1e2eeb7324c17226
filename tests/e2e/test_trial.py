"""A model file is tried in a child process before it serves: what it does to an engine there is its state's reason, and
the server answers all the while."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import nets
import numpy as np
import onnx
import pytest
from conftest import ROOT, Server
from onnx import TensorProto, helper

# How many mutated files of each kind are loaded; SLUICE_TRIAL_FILES=200 for the whole number.
FILES = int(os.environ.get("SLUICE_TRIAL_FILES", "8"))
SEED = int(os.environ.get("SLUICE_TRIAL_SEED", "20261128"))


def start(tmp_path: Path, models: Path, *, seconds_max: int = 2, cache: Path | None = None, more: str = "") -> Server:
    config = f"models: {{cache_dir: {cache or tmp_path / 'cache'}, trial: {{seconds_max: {seconds_max}}}}}\n{more}"
    tmp_path.mkdir(exist_ok=True)
    return Server(tmp_path, config=config, models=models, listeners=1)


def call(server: Server, method: str, path: str, body: bytes = b"", timeout: float = 120):
    """(status, parsed answer)"""
    request = urllib.request.Request(server.url + path, data=body if method == "POST" else None, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            text = response.read()
            return response.status, json.loads(text) if text.startswith((b"{", b"[")) else text
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def load(server: Server, model: str):
    return call(server, "POST", f"/v2/repository/models/{model}/load")


def index(server: Server) -> dict[str, dict]:
    return {line["name"]: line for line in call(server, "POST", "/v2/repository/index")[1]}


def events(server: Server, name: str) -> list[dict]:
    lines = [json.loads(line) for line in server.stderr_path.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # the thread is gone
            pass
    return found


def children(server: Server) -> list[int]:
    return children_of(server.process.pid)


class Prober:
    """Asks /healthz all the time; `worst` is the longest answer in seconds, `failed` what went wrong."""

    def __init__(self, server: Server):
        self.server, self.worst, self.failed, self.asked = server, 0.0, [], 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self.stop.wait(0.02):
            began = time.monotonic()
            try:
                status, _ = call(self.server, "GET", "/healthz", timeout=20)
                if status != 200:
                    self.failed.append(status)
            except OSError as error:
                self.failed.append(repr(error))
            self.asked += 1
            self.worst = max(self.worst, time.monotonic() - began)

    def __enter__(self) -> Prober:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop.set()
        self.thread.join()


def loop(folder: Path, trips: int) -> Path:
    """y = x after `trips` turns of a loop that does next to nothing."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Identity", ["v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, [1]),
        ],
    )
    return nets.save(
        folder,
        [helper.make_node("Loop", ["trips", "true", "x"], ["y"], body=body)],
        [("x", TensorProto.FLOAT, [1])],
        [("y", TensorProto.FLOAT, [1])],
        {"trips": np.array(trips, np.int64), "true": np.array(True)},
    )


# -- mutated files


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    data = bytearray(data)
    how = rng.randrange(5)
    if how == 0:
        for _ in range(rng.choice((1, 4, 30))):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif how == 1:
        del data[rng.randrange(len(data)) :]
    elif how == 2:
        at, size = rng.randrange(len(data)), rng.randrange(1, 64)
        data[at : at + size] = b"\xff" * size
    elif how == 3:
        at, to, size = rng.randrange(len(data)), rng.randrange(len(data)), rng.randrange(1, 256)
        data[to:to] = data[at : at + size]
    else:  # where the structure is: the front
        for _ in range(8):
            data[rng.randrange(min(len(data), 600))] ^= 1 << rng.randrange(8)
    return bytes(data)


def mutate_onnx(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return mutate_bytes(data, rng)
    model = onnx.load_from_string(data)
    graph = model.graph
    node = rng.choice(graph.node)
    how = rng.randrange(6)
    if how == 0:
        graph.node.remove(node)
    elif how == 1 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(
            ["", *[n for other in graph.node for n in other.output]]
        )
    elif how == 2:
        node.op_type = rng.choice(
            ["Loop", "If", "Reshape", "Einsum", "Conv", "Gather", "TopK", "Range", "STFT", "Nothing"]
        )
    elif how == 3 and graph.initializer:
        tensor = rng.choice(graph.initializer)
        tensor.dims[:] = [rng.choice((0, 1, -1, 2**31, 2**62)) for _ in range(rng.randrange(5))]
    elif how == 4:
        dims = rng.choice([*graph.input, *graph.output]).type.tensor_type.shape.dim
        for dim in dims:
            dim.dim_value = rng.choice((0, 1, -1, 7, 2**40))
    else:
        for attribute in node.attribute:
            attribute.ints[:] = [rng.choice((0, -1, 1, 2**31, 2**62)) for _ in attribute.ints]
            attribute.i = rng.choice((0, -1, 2**62))
    return model.SerializeToString()


def mutate_xml(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return mutate_bytes(data, rng)
    text = data.decode()
    how = rng.randrange(3)
    if how == 0:
        numbers = list(re.finditer(r"\d+", text))
        for match in sorted(rng.sample(numbers, min(3, len(numbers))), key=lambda m: -m.start()):
            text = (
                text[: match.start()]
                + rng.choice(("0", "-1", "7", "4294967296", "4611686018427387904", "x"))
                + text[match.end() :]
            )
    elif how == 1:
        layers = list(re.finditer(r"<(layer|edge)\b.*?(/>|</layer>)", text, re.S))
        match = rng.choice(layers)
        text = text[: match.start()] + text[match.end() :]
    else:
        types = list(re.finditer(r'type="(\w+)"', text))
        match = rng.choice(types)
        text = (
            text[: match.start(1)]
            + rng.choice(("Loop", "TensorIterator", "Convolution", "Gather", "Nothing"))
            + text[match.end(1) :]
        )
    return text.encode()


def ir(folder: Path) -> Path:
    openvino = pytest.importorskip("openvino")
    source = nets.affine(folder / "source")
    openvino.save_model(openvino.Core().read_model(str(source)), str(folder / "model.xml"), compress_to_fp16=False)
    return folder / "model.xml"


def originals(kind: str, folder: Path) -> list[Path]:
    if kind == "onnx":
        return [nets.affine(folder / "a"), loop(folder / "l", 3), ROOT / "models/face_detection_lite/1/model.onnx"]
    if kind == "tflite":
        found = sorted((ROOT / "models").glob("*/1/model.tflite"))
        return found or pytest.skip("skipped: no .tflite (tools/get_models.py)")
    return [ir(folder / "ir")]


@pytest.mark.timeout(max(300, 10 * FILES))
@pytest.mark.parametrize(("kind", "mutate"), [("onnx", mutate_onnx), ("tflite", mutate_bytes), ("ir", mutate_xml)])
def test_mutated_files_hurt_nobody(tmp_path, kind, mutate):
    rng, models = random.Random(f"{SEED} {kind}"), tmp_path / "models"
    sources = originals(kind, tmp_path)
    good = models / "good/1"
    nets.affine(good)
    server = start(tmp_path / "run", models)
    print(f"seed {SEED}, {FILES} files")
    outcomes: dict[str, int] = {}
    try:
        with Prober(server) as prober:
            for i in range(FILES):
                source, folder = sources[i % len(sources)], models / f"m{i}" / "1"
                folder.mkdir(parents=True)
                if kind == "ir":
                    shutil.copy(source.with_suffix(".bin"), folder)
                (folder / source.name).write_bytes(mutate(source.read_bytes(), rng))
                status, answer = load(server, f"m{i}")
                outcome = "serves" if status == 200 else answer["detail"].split(": ", 1)[1]
                outcomes[outcome[:90]] = outcomes.get(outcome[:90], 0) + 1
                assert server.process.poll() is None, (
                    f"file {i} ended the server: {server.stderr_path.read_text()[-2000:]}"
                )
                assert status in (200, 400, 409, 422, 500, 503), (i, status, answer)
                if status == 200:  # and what serves answers, whatever
                    call(server, "POST", f"/v2/repository/models/m{i}/unload")
                shutil.rmtree(folder.parent)
        status, answer = call(
            server,
            "POST",
            "/v2/models/good/infer",
            b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}',
        )
        assert status == 200 and answer["outputs"][0]["data"] == [3, 5, 7]
        for outcome, count in sorted(outcomes.items(), key=lambda o: -o[1]):
            print(f"{count:4} {outcome}")
        print(f"health: {prober.asked} asked, worst {prober.worst:.3f} s")
        assert not prober.failed and prober.worst < 10, (prober.failed[:3], prober.worst)
        assert children(server) == []
    finally:
        assert server.stop() == 0


def test_a_model_that_hangs_is_listed_and_the_others_serve(tmp_path):
    models = tmp_path / "models"
    nets.affine(models / "good/1")
    loop(models / "hangs/1", 2**62)
    began = time.monotonic()
    server = start(tmp_path / "run", models, seconds_max=1)
    print(f"ready after {time.monotonic() - began:.1f} s")
    try:
        listed = index(server)
        assert listed["good"]["state"] == "READY", listed
        assert listed["hangs"]["state"] == "UNAVAILABLE" and "busy for more than 1 s" in listed["hangs"]["reason"], (
            listed
        )
        with Prober(server) as prober:
            status, answer = load(server, "hangs")
        assert status != 200 and "busy for more than 1 s" in answer["detail"], answer
        assert not prober.failed and prober.asked > 10
    finally:
        assert server.stop() == 0
    began = time.monotonic()
    server = start(tmp_path / "again", models, seconds_max=1, cache=tmp_path / "run/cache")
    try:
        assert "busy for more than 1 s" in index(server)["hangs"]["reason"]
        assert not events(server, "engine.trial_failed"), "what failed is remembered"
        print(f"known: ready after {time.monotonic() - began:.1f} s")
    finally:
        assert server.stop() == 0


def test_sigterm_during_a_trial_ends_both(tmp_path):
    models = tmp_path / "models"
    nets.affine(models / "good/1")
    server = start(tmp_path / "run", models, seconds_max=600)
    loop(models / "hangs/1", 2**62)
    thread = threading.Thread(target=load_quietly, args=(server,))
    thread.start()
    pids = wait_for(lambda: children(server))
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
    thread.join()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()], "the child went with the server"


def test_sigterm_at_a_start_that_tries_ends_it(tmp_path):
    models = tmp_path / "models"
    loop(models / "hangs/1", 2**62)
    started: list[Server] = []

    def try_to_start():
        with contextlib.suppress(RuntimeError):  # as it shall not
            started.append(start(tmp_path / "run", models, seconds_max=600))

    thread = threading.Thread(target=try_to_start)
    thread.start()
    pid = wait_for(lambda: server_of(models))
    child = wait_for(lambda: children_of(pid))
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    thread.join(60)
    assert not thread.is_alive() and not started, "it never got ready"
    assert time.monotonic() - began < 20
    # Its parent gone, nobody in a container may collect it.
    wait_for(
        lambda: all(
            not Path(f"/proc/{c}").exists() or Path(f"/proc/{c}/stat").read_text().split()[2] == "Z" for c in child
        )
    )


def load_quietly(server: Server) -> None:
    try:
        load(server, "hangs")
    except OSError:
        pass


def wait_for(what, seconds: float = 60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


def server_of(models: Path) -> int:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(models) in (entry / "cmdline").read_text():
                return int(entry.name)
        except OSError:
            pass
    return 0


def test_children_killed_at_any_moment(tmp_path):
    models, rng = tmp_path / "models", random.Random(SEED)
    nets.affine(models / "good/1")
    server = start(tmp_path / "run", models)
    stop, killed = threading.Event(), [0]

    def kill() -> None:
        while not stop.wait(rng.random() * 0.15):
            for pid in children(server):
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed[0] += 1
                except ProcessLookupError:
                    pass

    killer = threading.Thread(target=kill)
    try:
        with Prober(server) as prober:
            killer.start()
            for i in range(8):
                nets.affine(models / f"m{i}/1", factor=i + 2)
                status, answer = load(server, f"m{i}")
                assert status == 200 or "signal 9" in answer["detail"], answer
            stop.set()
            killer.join()
        assert killed[0] > 0 and not prober.failed
        for i in range(8):
            assert load(server, f"m{i}")[0] == 200, "what was killed is tried again"
    finally:
        stop.set()
        assert server.stop() == 0


def test_what_passed_is_not_tried_again_and_auto_says_why(tmp_path):
    models = tmp_path / "models"
    for i in range(5):
        nets.affine(models / f"m{i}/1", factor=i + 1)
    server = start(tmp_path / "first", models)
    try:
        tried = events(server, "engine.tried")
        assert {line["model"] for line in tried} == {f"m{i}@1" for i in range(5)}
        assert all(line["us_a_run"] > 0 for line in tried), tried
        listed = index(server)
        for i in range(5):
            assert re.search(r"onnxruntime .* per run", listed[f"m{i}"]["reason"]), listed
            platform = call(server, "GET", f"/v2/models/m{i}")[1]["platform"]
            assert platform in ("onnxruntime", "openvino") and listed[f"m{i}"]["reason"].startswith(platform)
        assert any(line["why"] for line in events(server, "model.serving"))
    finally:
        assert server.stop() == 0
    began = time.monotonic()
    server = start(tmp_path / "second", models, cache=tmp_path / "first/cache")
    print(f"five known models: ready after {time.monotonic() - began:.2f} s")
    try:
        assert not events(server, "engine.tried") and len(events(server, "model.serving")) == 5
        nets.affine(models / "m0/1", factor=77)
        assert load(server, "m0")[0] == 200
        assert {line["model"] for line in events(server, "engine.tried")} == {"m0@1"}, "other bytes are tried"
    finally:
        assert server.stop() == 0


def test_a_reload_that_fails_says_why_and_the_old_version_goes_on(tmp_path):
    models = tmp_path / "models"
    path = nets.affine(models / "m/1")
    server = start(tmp_path / "run", models)
    ask = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}'
    try:
        path.write_bytes(b"no model at all")
        status, answer = load(server, "m")
        assert status != 200 and "cannot be loaded" in answer["detail"], answer
        assert call(server, "POST", "/v2/models/m/infer", ask)[1]["outputs"][0]["data"] == [3, 5, 7]
        nets.affine(models / "m/1", factor=10)
        assert load(server, "m")[0] == 200
        assert call(server, "POST", "/v2/models/m/infer", ask)[1]["outputs"][0]["data"] == [11, 21, 31]
    finally:
        assert server.stop() == 0


def test_weights_beside_a_file_may_be_large_and_nothing_is_left_of_a_trial(tmp_path, monkeypatch):
    """OpenVINO wants them under their names; a child that was killed could not remove its copy of 64 MiB."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    models = tmp_path / "models"
    nets.affine(models / "good/1")
    nets.external(models / "large/1", 70 << 18)
    (models / "large/model.yaml").write_text("engine: openvino\n")
    loop(models / "hangs/1", 2**62)
    server = start(tmp_path / "run", models)
    try:
        listed = index(server)
        assert listed["large"]["state"] == "READY", listed
        assert listed["hangs"]["state"] == "UNAVAILABLE", listed
        assert load(server, "large")[0] == 200
        assert load(server, "hangs")[0] != 200
        assert [path.name for path in temporary.iterdir()] == []
    finally:
        assert server.stop() == 0


def test_a_load_that_nobody_waits_for_any_more_is_not_made(tmp_path):
    models = tmp_path / "models"
    nets.affine(models / "good/1")
    server = start(tmp_path / "run", models)
    try:
        loop(models / "hangs/1", 2**62)
        thread = threading.Thread(target=load_quietly, args=(server,))
        thread.start()
        wait_for(lambda: children(server))
        request = urllib.request.Request(
            server.url + "/v2/repository/models/good/unload", b"", {"X-Request-Timeout": "0.2"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 504
        thread.join()
        assert load(server, "good")[0] == 200
        assert not events(server, "model.unloaded")
    finally:
        assert server.stop() == 0
