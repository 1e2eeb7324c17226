"""Open Inference Protocol over HTTP: Triton's own client, and raw requests, against a real server."""

from __future__ import annotations

import asyncio
import gzip
import json

import numpy as np
import pytest
import requests
import tritonclient.http as triton
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

import nets
import oip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with oip.start(tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.address, concurrency=4) as client:
        yield client


def tensor(name: str, array: np.ndarray, datatype: str | None = None, binary: bool = True) -> triton.InferInput:
    made = triton.InferInput(name, list(array.shape), datatype or np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def test_health_and_metadata(client, server):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("echo") and client.is_model_ready("sums", "3")
    assert not client.is_model_ready("sums", "1") and not client.is_model_ready("nope")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("affine")
    assert metadata.pop("platform") in ("onnxruntime", "openvino")  # as the trial measured
    assert metadata == {
        "name": "affine", "versions": ["1"],
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}],
    }  # fmt: skip
    assert client.get_model_config("sums", "3")["input"][0] == {"name": "a", "data_type": "TYPE_INT64", "dims": [4]}
    get = lambda path: requests.get(server.url + path)
    assert get("/v2/health/live").json() == {"live": True} and get("/v2/health/ready").json() == {"ready": True}
    ready = get("/v2/models/nope/ready")
    assert (ready.status_code, ready.json()) == (503, {"name": "nope", "ready": False})
    missing = get("/v2/models/nope")
    assert missing.status_code == 404 and "model 'nope' does not exist" in missing.json()["error"]
    assert missing.json()["reason"] == "MODEL_NOT_FOUND" and missing.json()["request_id"]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("datatype", oip.ARRAYS)
def test_every_datatype_comes_back(client, datatype, binary):
    array = oip.ARRAYS[datatype]
    if not binary and datatype in ("FP16", "BF16"):
        pytest.skip("skipped: the client refuses 16-bit floats as JSON; test_short_floats_as_json sends them")
    if not binary and datatype == "BYTES":
        array = np.array([["汽车", ""], ["x" * 1000, 'a "quote" \\ \n']], np.object_)
    outputs = None if binary else [triton.InferRequestedOutput("output", binary_data=False)]
    back = client.infer("echo", [tensor("input", array, datatype, binary)], outputs=outputs).as_numpy("output")
    assert back.shape == array.shape
    if datatype == "BYTES" and binary:
        back = np.vectorize(bytes, otypes=[np.object_])(back)
    assert (back == array).all() and back.dtype == array.dtype


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_short_floats_as_json(server, datatype):
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16 if datatype == "FP16" else oip.BF16)
    finite = every[np.isfinite(every.astype(np.float32))]
    body = {
        "inputs": [{"name": "input", "datatype": datatype, "shape": [len(finite)], "data": [float(v) for v in finite]}]
    }
    data = requests.post(server.url + "/v2/models/echo/infer", json=body).json()["outputs"][0]["data"]
    assert (np.array(data, np.float32) == finite.astype(np.float32)).all(), "every finite number exactly"
    names = {**body, "inputs": [{"name": "input", "datatype": datatype, "shape": [3], "data": ["NaN", "-Infinity", 1]}]}
    assert requests.post(server.url + "/v2/models/echo/infer", json=names).json()["outputs"][0]["data"] == [
        "NaN",
        "-Infinity",
        1,
    ]


def test_a_model_without_model_yaml_computes(client, server):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    result = client.infer("affine", [tensor("x", x)], request_id="my-7", model_version="1")
    assert (result.as_numpy("y") == 2 * x + 1).all()
    answer = result.get_response()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("my-7", "affine", "1")
    # As a person would write it: nested data, keys in any order, an unknown key.
    body = {
        "hint": [{"a": [1, "]"]}],
        "inputs": [{"data": [[1, 2, 3], [4, 5, 6.5]], "shape": [2, 3], "datatype": "FP32", "name": "x"}],
    }
    assert requests.post(server.url + "/v2/models/affine/infer", json=body).json() == {
        "model_name": "affine", "model_version": "1",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 3], "data": [3, 5, 7, 9, 11, 14]}],
    }  # fmt: skip


def test_binary_and_json_mixed(client):
    a, b = np.arange(4, dtype=np.int64), np.full(4, 10, np.int64)
    for first in (True, False):
        for second in (True, False):
            outputs = [
                triton.InferRequestedOutput("difference", binary_data=second),
                triton.InferRequestedOutput("sum", binary_data=first),
            ]
            result = client.infer(
                "sums", [tensor("a", a, binary=first), tensor("b", b, binary=second)], outputs=outputs
            )
            assert (result.as_numpy("sum") == a + b).all() and (result.as_numpy("difference") == a - b).all()
            assert [o["name"] for o in result.get_response()["outputs"]] == ["difference", "sum"]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression(client, algorithm):
    x = np.zeros((10_000, 3), np.float32)
    for binary in (True, False):
        outputs = [triton.InferRequestedOutput("y", binary_data=binary)]
        both = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
        result = client.infer("affine", [tensor("x", x, binary=binary)], outputs=outputs, **both)
        assert (result.as_numpy("y") == np.ones_like(x)).all()


def test_compressed_answers_are_for_who_asks(server):
    body = json.dumps(
        {
            "parameters": {"binary_data_output": True},
            "inputs": [{"name": "input", "datatype": "UINT8", "shape": [100_000], "data": [0] * 100_000}],
        }
    )
    post = lambda accept: requests.post(
        server.url + "/v2/models/echo/infer", data=body, headers={"Accept-Encoding": accept}
    )
    assert "Content-Encoding" not in post("gzip, deflate").headers, "what every client says"
    asked = post("gzip")
    assert asked.headers["Content-Encoding"] == "gzip" and asked.content.endswith(b"\0" * 100_000)
    assert int(asked.headers["Content-Length"]) < 2000


def test_a_point_cloud_passes(client, server):
    cloud = oip.point_cloud()
    assert cloud.nbytes == 12 << 20
    assert (client.infer("echo", [tensor("input", cloud)]).as_numpy("output") == cloud).all()
    # And as JSON: 21 MB of it.
    text = json.dumps(np.round(cloud.astype(np.float64), 3).ravel().tolist(), separators=(",", ":"))
    body = '{"inputs":[{"name":"input","datatype":"FP32","shape":[1048576,3],"data":' + text + "}]}"
    answer = requests.post(server.url + "/v2/models/echo/infer", data=body)
    assert answer.status_code == 200, answer.text[:200]
    assert (np.array(answer.json()["outputs"][0]["data"], np.float32) == cloud.ravel()).all()


def test_asyncio_client(server):
    async def main():
        async with tritonclient.http.aio.InferenceServerClient(server.address) as client:
            assert await client.is_server_ready()
            x = np.ones((1, 3), np.float32)
            results = await asyncio.gather(*(client.infer("affine", [tensor("x", x * i)]) for i in range(20)))
            assert all((r.as_numpy("y") == 2 * i + 1).all() for i, r in enumerate(results))

    asyncio.run(main())


def test_statistics_and_index(client, server):
    before = client.get_inference_statistics("affine")["model_stats"][0]["inference_count"]
    client.infer("affine", [tensor("x", np.zeros((1, 3), np.float32))])
    after = client.get_inference_statistics("affine", "1")["model_stats"][0]
    assert after["inference_count"] == before + 1 and after["inference_stats"]["success"]["count"] == before + 1
    assert {s["name"] for s in client.get_inference_statistics()["model_stats"]} >= {"affine", "echo", "sums"}
    index = client.get_model_repository_index()
    assert [(m["version"], m["state"]) for m in index if m["name"] == "sums"] == [("3", "READY")]


def test_models_are_loaded_and_unloaded(client, server):
    x = tensor("x", np.ones((1, 3), np.float32))
    nets.affine(server.models / "late/1", factor=5)
    client.load_model("late")
    assert (client.infer("late", [x]).as_numpy("y") == 6).all()
    client.unload_model("late")
    assert not client.is_model_ready("late")
    ready_only = requests.post(server.url + "/v2/repository/index", json={"ready": True}).json()
    assert "late" not in {m["name"] for m in ready_only}
    with pytest.raises(InferenceServerException, match="model 'late' is unloaded"):
        client.infer("late", [x])
    with pytest.raises(InferenceServerException, match="no folder for a model"):
        client.load_model("nope")


def test_administration_needs_a_listener_for_it(tmp_path_factory):
    server = oip.start(tmp_path_factory, "listeners: [{address: 127.0.0.1:0, expose: [api]}]")
    assert requests.post(server.url + "/v2/repository/models/echo/unload").status_code == 404
    assert requests.get(server.url + "/v2/models/echo/ready").status_code == 200
    assert server.stop() == 0


def test_access_log_names_protocol_and_model(server):
    answer = requests.post(
        server.url + "/v2/models/echo/infer",
        json={"inputs": [{"name": "input", "datatype": "INT8", "shape": [1], "data": [1]}]},
    )
    line = server.log_lines(answer.headers["x-request-id"])[0]
    assert (line["protocol"], line["model_id"], line["status"]) == ("oip", "echo", "success")
    assert line["method"] == "inference.GRPCInferenceService/ModelInfer" and line["bytes_out"] > 0


INPUT = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
WRONG = {
    "no JSON": ("{", "must"),
    "a list": ("[]", "the body must be a JSON object"),
    "after the end": ('{"inputs": []} x', "after its end"),
    "no inputs": ("{}", "inputs is missing"),
    "inputs is no list": ({"inputs": {}}, "inputs must be a list"),
    "an input is no object": ({"inputs": [1]}, "inputs[0] must be an object"),
    "no name": ({"inputs": [{**INPUT, "name": ""}]}, "has no name"),
    "no shape": ({"inputs": [{k: v for k, v in INPUT.items() if k != "shape"}]}, "has no shape"),
    "no data": ({"inputs": [{k: v for k, v in INPUT.items() if k != "data"}]}, "neither data nor"),
    "no datatype": ({"inputs": [{k: v for k, v in INPUT.items() if k != "datatype"}]}, "datatype"),
    "unknown datatype": ({"inputs": [{**INPUT, "datatype": "FP8"}]}, "datatype"),
    "negative dimension": ({"inputs": [{**INPUT, "shape": [-1, 3]}]}, "inputs[0].shape[0] must not be negative"),
    "fractional dimension": ({"inputs": [{**INPUT, "shape": [1.5, 3]}]}, "must be a whole number"),
    "overflowing shape": ({"inputs": [{**INPUT, "shape": [2**40, 2**40]}]}, "invalid shape"),
    "too few": ({"inputs": [{**INPUT, "data": [1, 2]}]}, "list of 2 values, but the tensor's shape needs 3"),
    "too many": ({"inputs": [{**INPUT, "data": [1, 2, 3, 4]}]}, "list of 4 values, but"),
    "wrong nesting": (
        {"inputs": [{**INPUT, "data": [[1], [2], [3]]}]},
        "list of 1 values, but the tensor's shape needs 3",
    ),
    "too deep": ({"inputs": [{**INPUT, "data": [[[1, 2, 3]]]}]}, "must be a number"),
    "ragged": ({"inputs": [{**INPUT, "shape": [2, 2], "data": [[1, 2], [3]]}]}, "list of 1 values"),
    "a string among numbers": ({"inputs": [{**INPUT, "data": [1, "2", 3]}]}, "inputs[0].data[1] must be a number"),
    "null among numbers": ({"inputs": [{**INPUT, "data": [1, None, 3]}]}, "must be a number"),
    "beyond the range": ({"inputs": [{**INPUT, "data": [1, 1e39, 3]}]}, "in the range of the datatype"),
    "data and binary": (
        {"inputs": [{**INPUT, "parameters": {"binary_data_size": 0}}]},
        "both data and binary_data_size",
    ),
    "binary without bytes": (
        {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}}]},
        "0 bytes are left",
    ),
    "twice a key": ('{"inputs": [], "inputs": []}', "duplicate key"),
    "wrong input": ({"inputs": [{**INPUT, "name": "z"}]}, "no input 'z'; it has 'x'"),
    "wrong type": ({"inputs": [{**INPUT, "datatype": "INT8"}]}, "takes FP32, not INT8"),
    "missing input": ({"inputs": []}, "input 'x' is missing"),
    "unknown output": ({"inputs": [INPUT], "outputs": [{"name": "q"}]}, "no output 'q'; it has 'y'"),
    "nameless output": ({"inputs": [INPUT], "outputs": [{}]}, "outputs[0] has no name"),
    "shared memory": ({"inputs": [{**INPUT, "parameters": {"shared_memory_region": "r"}}]}, "shared_memory_region"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_say_what_is_wrong(server, name):
    body, problem = WRONG[name]
    answer = requests.post(
        server.url + "/v2/models/affine/infer", data=body if isinstance(body, str) else json.dumps(body)
    )
    assert answer.status_code == (501 if name == "shared memory" else 400), answer.text
    assert problem in answer.json()["error"], answer.json()["error"]


@pytest.mark.parametrize(
    "length,problem",
    [
        ("9999", "and the body has"),
        ("x", "is not a byte count"),
        ("-1", "is not a byte count"),
        ("3", "send the whole body"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_header_length_that_is_not(server, length, problem, packed):
    body = json.dumps({"inputs": [INPUT]}).encode()
    headers = {"Inference-Header-Content-Length": length}
    if packed:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    answer = requests.post(server.url + "/v2/models/affine/infer", data=body, headers=headers)
    assert answer.status_code == 400 and problem in answer.json()["error"], answer.text


def raw(server, model: str, body: bytes, **headers: str) -> requests.Response:
    return requests.post(
        f"{server.url}/v2/models/{model}/infer", data=body, headers={"Inference-Header-Content-Length": "0", **headers}
    )


def test_a_body_that_is_only_a_tensor(server):
    """Triton's raw binary request: the shape follows from the model, every output comes back as bytes."""
    x = np.arange(9, dtype=np.float32).reshape(3, 3)
    for body, headers in [
        (x.tobytes(), {"Content-Type": "application/octet-stream"}),
        (x.tobytes(), {"Content-Encoding": "identity"}),
        (gzip.compress(x.tobytes()), {"Content-Encoding": "gzip"}),
    ]:
        answer = raw(server, "affine", body, **headers)
        json_bytes = int(answer.headers["Inference-Header-Content-Length"])
        (output,) = json.loads(answer.content[:json_bytes])["outputs"]
        assert (output["name"], output["shape"], output["parameters"]) == ("y", [3, 3], {"binary_data_size": 36})
        assert (np.frombuffer(answer.content[json_bytes:], np.float32).reshape(3, 3) == 2 * x + 1).all()
    cloud = oip.point_cloud()  # 12 MB
    answer = raw(server, "affine", cloud.tobytes())
    json_bytes = int(answer.headers["Inference-Header-Content-Length"])
    assert json.loads(answer.content[:json_bytes])["outputs"][0]["shape"] == list(cloud.shape)
    assert (np.frombuffer(answer.content[json_bytes:], np.float32) == (2 * cloud + 1).ravel()).all()


def test_bodies_that_cannot_be_only_a_tensor(server):
    for model, body, problem in [
        ("affine", b"", "the body is empty"),
        ("affine", b"\0" * 11, "needs a multiple of 12 bytes, not 11"),
        (
            "sums",
            b"\0" * 32,
            "has 2 inputs, and raw bytes do not say which one they are; send the request's JSON before the bytes",
        ),
        ("nope", b"\0" * 32, "model 'nope' does not exist"),
    ]:
        answer = raw(server, model, body)
        assert answer.status_code in (400, 404) and problem in answer.json()["error"], answer.text
    forgotten = requests.post(
        server.url + "/v2/models/affine/infer", data=b"\0" * 12, headers={"Content-Type": "application/octet-stream"}
    )
    assert forgotten.status_code == 400 and "Inference-Header-Content-Length: 0" in forgotten.json()["error"]


def test_bytes_that_nobody_takes(server):
    head = json.dumps(
        {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}}]}
    ).encode()
    post = lambda tail: requests.post(
        server.url + "/v2/models/affine/infer",
        data=head + tail,
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert post(b"\0" * 12).status_code == 200
    assert "has 4 bytes after its tensors" in post(b"\0" * 16).json()["error"]
    assert "11 bytes are left" in post(b"\0" * 11).json()["error"]


def test_a_body_in_small_pieces(server):
    values = np.arange(3000, dtype=np.float32)
    head = json.dumps(
        {
            "parameters": {"binary_data_output": True},
            "inputs": [
                {"name": "x", "datatype": "FP32", "shape": [1000, 3], "parameters": {"binary_data_size": 12000}}
            ],
        }
    ).encode()
    body = head + values.tobytes()
    pieces = (body[i : i + 7] for i in range(0, len(body), 7))  # sent as chunks, without a length
    answer = requests.post(
        server.url + "/v2/models/affine/infer", data=pieces, headers={"Inference-Header-Content-Length": str(len(head))}
    )
    json_bytes = int(answer.headers["Inference-Header-Content-Length"])
    assert json.loads(answer.content[:json_bytes])["outputs"][0]["parameters"] == {"binary_data_size": 12000}
    assert (np.frombuffer(answer.content[json_bytes:], np.float32) == 2 * values + 1).all()


def test_bytes_that_json_cannot_carry(server):
    head = json.dumps(
        {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 5}}]}
    ).encode()
    answer = requests.post(
        server.url + "/v2/models/echo/infer",
        data=head + b"\1\0\0\0\xff",
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status_code == 400 and "request binary_data" in answer.json()["error"]


def test_paths_and_verbs_that_are_none(server):
    wrong = requests.get(server.url + "/v2/models/echo/infer")
    assert wrong.status_code == 405 and wrong.headers["Allow"] == "POST, OPTIONS" and wrong.json()["error"]
    for path in ("/v2/nope", "/v2/models", "/v2/models/echo/versions", "/v2/models/a/b/c", "/v2/models/%zz", "/v2//"):
        assert requests.get(server.url + path).status_code == 404, path
    assert (
        requests.post(server.url + "/v2/models/echo/infer", data="{}", headers={"Content-Encoding": "br"}).status_code
        == 415
    )
