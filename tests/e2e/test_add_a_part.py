"""docs/add-an-api.md and docs/add-a-layer.md, followed to the letter in a copy of the repository: one .proto, one
folder, one line in lists.cc, and the rpc is there for gRPC, reflection, REST, gRPC-Web, Connect, OpenAPI and the docs
page; one folder and one line, and a layer reads requests, replays answers, parks calls, replaces models or keeps state
of their versions.

Only the server is built, through the compiler cache that the build of this repository has filled.
"""

from __future__ import annotations

import difflib
import shutil
import struct
import subprocess
import time
from pathlib import Path

import grpc
import pytest
import requests
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import conftest
from conftest import ROOT

API = ROOT / "tests" / "demo_api"
LAYERS = ROOT / "tests" / "demo_layers"
LISTS = "src/door/lists.cc"
# The line of a layer stands before the line that has this: its place in the order.
LINES = {
    "  RegisterTextPlay(methods);": "RegisterHealth(",
    "  chain.push_back(std::make_unique<DemoReadLayer>(context));": "return chain;",
    "  chain.push_back(std::make_unique<DemoReplayLayer>(context));": "return chain;",
    "  chain.push_back(std::make_unique<DemoParkLayer>(context));": "return chain;",
    "  layers.push_back(std::make_unique<DemoReplaceLayer>(context));": "ResolveLayer",
    "  layers.push_back(std::make_unique<DemoCountLayer>(context));": "return layers;",
}
FOLDERS = {"call": "src/call/layers", "admission": "src/admission"}


def copy_repository(to: Path) -> None:
    """What a build needs of it: sources by copy, what was fetched by link."""
    for folder in ("src", "proto", "cmake", "console"):
        shutil.copytree(ROOT / folder, to / folder)
    for folder in ("tests", "bench"):
        (to / folder).mkdir()
    for file in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy(ROOT / file, to / file)
    (to / ".deps").symlink_to((ROOT / ".deps").resolve())
    (to / "models").symlink_to(ROOT / "models")


def follow_the_recipes(repository: Path) -> None:
    (repository / "proto/ai/demo").mkdir()
    shutil.copy(API / "demo.proto", repository / "proto/ai/demo")
    (repository / "src/api/demo").mkdir()
    for name in ("service.h", "service.cc"):
        shutil.copy(API / name, repository / "src/api/demo")
    for layer in LAYERS.glob("*/*.h"):
        folder = repository / FOLDERS[layer.parent.name] / layer.stem
        folder.mkdir()
        shutil.copy(layer, folder)
    lists = repository / LISTS
    lines = lists.read_text().splitlines()
    for line, before in LINES.items():
        lines.insert(next(i for i, other in enumerate(lines) if before in other), line)
    lists.write_text("\n".join(lines) + "\n")


def build(repository: Path) -> Path:
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "build", "--target", "sluice"]):
        run = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=1500)
        assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    return repository / "build" / "sluice"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    copy_repository(folder)
    follow_the_recipes(folder)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory, repository):
    """A running server of the copy."""
    if shutil.which("ccache") is None:
        pytest.skip("skipped: no ccache, and a build from nothing takes too long here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "BINARY", build(repository))
        running = conftest.Server(tmp_path_factory.mktemp("demo"), listeners=1)
    yield running
    assert running.stop() == 0
    shutil.rmtree(repository / "build")


# The copy is built by whichever of these tests comes first.
pytestmark = pytest.mark.timeout(1800)


def files_of(repository: Path) -> dict[str, bytes]:
    paths = (
        path
        for top in ("src", "proto", "cmake", "CMakeLists.txt")
        for path in (repository / top).rglob("*")
        if path.is_file()
    )
    return {path.relative_to(repository).as_posix(): path.read_bytes() for path in paths}


def test_a_folder_and_a_line_each(repository):
    before, after = files_of(ROOT), files_of(repository)
    new = sorted(set(after) - set(before))
    layers = [f"{FOLDERS[layer.parent.name]}/{layer.stem}/{layer.name}" for layer in LAYERS.glob("*/*.h")]
    assert new == sorted(["proto/ai/demo/demo.proto", "src/api/demo/service.cc", "src/api/demo/service.h", *layers])
    assert {path for path in before if after.get(path) != before[path]} == {LISTS}
    diff = difflib.ndiff(before[LISTS].decode().splitlines(), after[LISTS].decode().splitlines())
    assert sorted(line for line in diff if line[0] in "+-") == sorted(f"+ {line}" for line in LINES)


def test_grpc_and_reflection(demo):
    with grpc.insecure_channel(demo.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "ai.demo.TextPlay" in database.get_services()
        pool = descriptor_pool.DescriptorPool(database)
        method = pool.FindMethodByName("ai.demo.TextPlay.Reverse")
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        call = channel.unary_unary("/ai.demo.TextPlay/Reverse", request.SerializeToString, response.FromString)
        assert call(request(text="stressed")).text == "desserts"
        with pytest.raises(grpc.RpcError) as caught:
            call(request())
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_rest(demo):
    assert requests.post(f"{demo.url}/api/v1/reverse", json={"text": "abc"}, timeout=10).json() == {"text": "cba"}
    assert requests.get(f"{demo.url}/api/v1/reverse/abc", timeout=10).json() == {"text": "cba"}
    problem = requests.post(f"{demo.url}/api/v1/reverse", json={}, timeout=10)
    assert problem.status_code == 400 and problem.json()["reason"] == "INVALID_REQUEST"


def test_openapi(demo):
    document = requests.get(f"{demo.url}/openapi.json", timeout=10).json()
    operation = document["paths"]["/api/v1/reverse"]["post"]
    assert operation["summary"] == "The text, from its last byte to its first"
    assert document["paths"]["/api/v1/reverse/{text}"]["get"]["parameters"][0]["name"] == "text"
    body = operation["requestBody"]["content"]["application/json"]["example"]
    assert requests.post(f"{demo.url}/api/v1/reverse", json=body, timeout=10).json() == {"text": "desserts"}
    assert "SwaggerUI" in requests.get(f"{demo.url}/docs/docs.js", timeout=10).text


def test_logs_and_metrics_know_it(demo):
    requests.get(f"{demo.url}/api/v1/reverse/abc", headers={"X-Request-ID": "demo-1"}, timeout=10)
    (line,) = demo.log_lines("demo-1")
    assert line["method"] == "ai.demo.TextPlay/Reverse" and line["status"] == "success"
    assert 'method="ai.demo.TextPlay/Reverse"' in requests.get(f"{demo.url}/metrics", timeout=10).text


def test_connect(demo):
    answer = requests.post(f"{demo.url}/ai.demo.TextPlay/Reverse", json={"text": "abc"}, timeout=10)
    assert answer.json() == {"text": "cba"}
    error = requests.post(f"{demo.url}/ai.demo.TextPlay/Reverse", json={}, timeout=10)
    assert error.status_code == 400 and error.json()["code"] == "invalid_argument"


def test_grpc_web(demo):
    message = b"\x0a\x03abc"
    frame = b"\0" + struct.pack(">I", len(message)) + message
    answer = requests.post(
        f"{demo.url}/ai.demo.TextPlay/Reverse",
        data=frame,
        headers={"Content-Type": "application/grpc-web+proto"},
        timeout=10,
    )
    assert b"\x0a\x03cba" in answer.content and b"grpc-status:0" in answer.content.replace(b": ", b":").lower()


def reverse(demo, text: str, **headers: str) -> requests.Response:
    return requests.post(f"{demo.url}/api/v1/reverse", json={"text": text}, headers=headers, timeout=10)


def infer(demo, model: str) -> requests.Response:
    tensor = {"name": "input", "datatype": "INT32", "shape": [2], "data": [1, 2]}
    return requests.post(f"{demo.url}/v2/models/{model}/infer", json={"inputs": [tensor]}, timeout=10)


def test_a_layer_reads_the_request(demo):
    answer = reverse(demo, "abc")
    assert answer.json() == {"text": "cba"} and answer.headers["x-demo-bytes"] == "3"


def test_a_layer_replays_an_answer(demo):
    first = reverse(demo, "abc", **{"x-demo-key": "k1"})
    again = reverse(demo, "something else", **{"x-demo-key": "k1"})
    assert "x-demo-replayed" not in first.headers and again.headers["x-demo-replayed"] == "true"
    assert first.json() == again.json() == {"text": "cba"}
    assert reverse(demo, "xyz", **{"x-demo-key": "k2"}).json() == {"text": "zyx"}


def test_a_layer_parks_and_nothing_is_lost(demo):
    begun = time.monotonic()
    assert reverse(demo, "abc", **{"x-demo-park": "yes"}).json() == {"text": "cba"}
    assert time.monotonic() - begun >= 0.05


def test_a_layer_replaces_the_model(demo):
    answer = infer(demo, "demo")
    assert answer.json()["outputs"][0]["data"] == [1, 2]
    assert answer.json()["model_name"] == "echo" and answer.headers["x-demo-model"] == "echo@1"
    assert "x-demo-model" not in infer(demo, "echo").headers
    assert infer(demo, "another").status_code == 404


def test_a_layer_keeps_state_of_a_version(demo):
    first, second = (int(infer(demo, "echo").headers["x-demo-uses"]) for _ in range(2))
    assert second == first + 1
