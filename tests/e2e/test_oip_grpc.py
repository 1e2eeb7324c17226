"""Open Inference Protocol over gRPC: Triton's own client against a real server."""

from __future__ import annotations

import asyncio
import os
import queue
import shutil
import subprocess

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio
from google.protobuf import descriptor_pb2, descriptor_pool
from onnx import TensorProto, helper
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

import nets
import oip
from conftest import ROOT, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with oip.start(tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.address) as client:
        yield client


def tensor(name: str, array: np.ndarray, datatype: str | None = None) -> triton.InferInput:
    made = triton.InferInput(name, list(array.shape), datatype or np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array)
    return made


def refused(call, code: str, *words: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        call()
    assert caught.value.status() == f"StatusCode.{code}"
    for word in words:
        assert word in caught.value.message()


def test_names_and_numbers_are_the_public_ones():
    """Every message and method that we serve is, field by field, what the public client was generated from."""
    made = subprocess.run(
        ["protoc", "--include_imports", "--descriptor_set_out=/dev/stdout", "-Iproto", "inference/grpc_service.proto"],
        cwd=ROOT, capture_output=True, check=True)  # fmt: skip
    files = descriptor_pb2.FileDescriptorSet.FromString(made.stdout).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    checked = 0

    def compare(ours, public):
        nonlocal checked
        for field in ours.fields:
            theirs = public.fields_by_name[field.name]
            assert (field.number, field.type, field.is_repeated) == (theirs.number, theirs.type, theirs.is_repeated), (
                field.full_name
            )
            assert bool(field.containing_oneof) == bool(theirs.containing_oneof), field.full_name
            checked += 1
        for nested in ours.nested_types:
            compare(nested, public.nested_types_by_name[nested.name])

    public_pool = service_pb2.DESCRIPTOR.pool
    for file in files:
        if file.package == "inference":
            for message in file.message_type:
                compare(
                    pool.FindMessageTypeByName(f"inference.{message.name}"),
                    public_pool.FindMessageTypeByName(f"inference.{message.name}"),
                )
            for service in file.service:
                for method in service.method:
                    theirs = public_pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name[
                        method.name
                    ]
                    assert method.input_type == f".{theirs.input_type.full_name}"
                    assert (method.client_streaming, method.server_streaming) == (
                        theirs.client_streaming,
                        theirs.server_streaming,
                    )
    assert checked > 100


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("echo") and client.is_model_ready("sums", "3")
    assert not client.is_model_ready("sums", "1") and not client.is_model_ready("nope")
    server = client.get_server_metadata()
    assert server.name == "sluice" and "binary_tensor_data" in server.extensions
    model = client.get_model_metadata("affine", as_json=True)
    assert model["versions"] == ["1"] and model["platform"] in ("onnxruntime", "openvino")
    assert model["inputs"] == [{"name": "x", "datatype": "FP32", "shape": ["-1", "3"]}]
    assert model["outputs"] == [{"name": "y", "datatype": "FP32", "shape": ["-1", "3"]}]
    config = client.get_model_config("sums").config
    assert [i.name for i in config.input] == ["a", "b"] and config.input[0].dims == [4]
    assert config.input[0].data_type == 9  # TYPE_INT64
    refused(
        lambda: client.get_model_metadata("nope"),
        "NOT_FOUND",
        "model 'nope' does not exist; models: affine, echo, sums",
    )


@pytest.mark.parametrize("datatype", oip.ARRAYS)
def test_every_datatype_comes_back(client, datatype):
    array = oip.ARRAYS[datatype]
    result = client.infer("echo", [tensor("input", array, datatype)])
    assert result.get_output("output").datatype == datatype
    back = result.as_numpy("output")
    assert back.shape == array.shape
    assert (back == array).all() and back.dtype == array.dtype


def test_a_model_without_model_yaml_computes(client):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    result = client.infer("affine", [tensor("x", x)], request_id="my-7")
    assert (result.as_numpy("y") == 2 * x + 1).all()
    answer = result.get_response()
    assert (answer.id, answer.model_name, answer.model_version) == ("my-7", "affine", "1")


def test_inputs_in_any_order_and_a_choice_of_outputs(client):
    a, b = np.arange(4, dtype=np.int64), np.full(4, 10, np.int64)
    result = client.infer("sums", [tensor("b", b), tensor("a", a)], model_version="3")
    assert (result.as_numpy("sum") == a + b).all() and (result.as_numpy("difference") == a - b).all()
    only = client.infer("sums", [tensor("a", a), tensor("b", b)], outputs=[triton.InferRequestedOutput("difference")])
    assert [o.name for o in only.get_response().outputs] == ["difference"]
    assert (only.as_numpy("difference") == a - b).all()


def test_typed_contents(client, server):
    stub = client._client_stub  # the client itself sends raw_input_contents only
    values = {
        "BOOL": ("bool_contents", [True, False], bool), "INT8": ("int_contents", [-128, 127], np.int8),
        "INT16": ("int_contents", [-5, 300], np.int16), "INT32": ("int_contents", [1, -2], np.int32),
        "INT64": ("int64_contents", [1, -(2**60)], np.int64), "UINT8": ("uint_contents", [0, 255], np.uint8),
        "UINT16": ("uint_contents", [1, 65535], np.uint16), "UINT32": ("uint_contents", [1, 2**32 - 1], np.uint32),
        "UINT64": ("uint64_contents", [1, 2**63], np.uint64), "FP32": ("fp32_contents", [0.5, -1], np.float32),
        "FP64": ("fp64_contents", [0.5, -1], np.float64), "BYTES": ("bytes_contents", [b"ab", b""], None),
    }  # fmt: skip
    for datatype, (field, data, dtype) in values.items():
        request = service_pb2.ModelInferRequest(model_name="echo")
        given = request.inputs.add(name="input", datatype=datatype, shape=[2])
        getattr(given.contents, field).extend(data)
        answer = stub.ModelInfer(request)
        raw = answer.raw_output_contents[0]
        assert raw == (b"\2\0\0\0ab\0\0\0\0" if dtype is None else np.array(data, dtype).tobytes()), datatype
    for field, datatype, problem in (
        ("int_contents", "INT8", "300, which does not fit"),
        ("fp32_contents", "INT8", "INT8 takes int_contents"),
        ("fp32_contents", "FP16", "send it in raw_input_contents"),
    ):
        request = service_pb2.ModelInferRequest(model_name="echo")
        getattr(request.inputs.add(name="input", datatype=datatype, shape=[1]).contents, field).append(300)
        with pytest.raises(Exception) as caught:
            stub.ModelInfer(request)
        assert caught.value.code().name == "INVALID_ARGUMENT" and problem in caught.value.details()


def test_requests_that_cannot_be_served_say_why(client):
    x = np.zeros((2, 3), np.float32)

    def infer(model="affine", inputs=None, **options):
        return lambda: client.infer(model, inputs if inputs is not None else [tensor("x", x)], **options)

    def shaped(shape, name="x", datatype="FP32", raw=b"\0" * 24):
        made = triton.InferInput(name, shape, datatype)
        made._raw_content = raw
        return [made]

    bad = "INVALID_ARGUMENT"
    refused(infer("nope"), "NOT_FOUND", "model 'nope' does not exist")
    refused(infer(model_version="9"), "NOT_FOUND", "has no version '9'; versions: 1")
    refused(infer(""), bad, "model_name is empty")
    refused(infer(inputs=[tensor("z", x)]), bad, "no input 'z'; it has 'x'")
    refused(infer(inputs=[]), bad, "input 'x' is missing")
    refused(infer(inputs=[tensor("x", x), tensor("x", x)]), bad, "given twice")
    refused(infer(inputs=[tensor("x", x.astype(np.int32))]), bad, "takes FP32, not INT32")
    refused(infer(inputs=[tensor("x", x.reshape(3, 2))]), bad, "must have shape [-1,3], not [3,2]")
    refused(infer(inputs=[tensor("x", x.reshape(6))]), bad, "not [6]")
    refused(infer(inputs=shaped([2, 3], raw=b"\0" * 20)), bad, "does not have 20 bytes")
    refused(infer(inputs=shaped([2, 3], datatype="FP8")), bad, "unknown datatype 'FP8'")
    refused(infer(inputs=shaped([-2, 3])), bad, "invalid shape [-2,3]")
    refused(infer(inputs=shaped([2**62, 3])), bad, "invalid shape")
    refused(infer(inputs=shaped([0, 2**62], name="input", raw=b""), model="echo"), bad, "too large")
    refused(
        infer(inputs=shaped([2], name="input", datatype="BYTES", raw=b"\5\0\0\0abc"), model="echo"),
        bad,
        "complete last element",
    )
    refused(
        infer(inputs=shaped([2], name="input", datatype="BYTES", raw=b"\1\0\0\0a"), model="echo"),
        bad,
        "does not have 1 elements",
    )
    refused(infer(outputs=[triton.InferRequestedOutput("z")]), bad, "no output 'z'; it has 'y'")
    refused(infer(outputs=[triton.InferRequestedOutput("y")] * 2), bad, "requested twice")
    refused(infer(outputs=[triton.InferRequestedOutput("y", class_count=2)]), "UNIMPLEMENTED", "classification")
    refused(infer(sequence_id=5), "UNIMPLEMENTED", "sequence_id")


def test_what_is_not_ascii_can_be_read_by_every_client(tmp_path):
    """Names of clients in errors; names of folders and of tensors, which need not be UTF-8."""
    models = oip.make_models(tmp_path / "models")
    shutil.copytree(models / "affine", os.fsdecode(bytes(models) + b"/bad\xff"))
    file = nets.save(
        models / "tensors/1",
        [helper.make_node("Identity", ["x"], ["XXXX"])],
        [("x", TensorProto.FLOAT, [1])],
        [("XXXX", TensorProto.FLOAT, [1])],
    )
    file.write_bytes(file.read_bytes().replace(b"XXXX", b"\xff\xfeXX"))
    with Server(tmp_path, models=models, listeners=1) as server:
        with triton.InferenceServerClient(server.address) as client:
            index = {model.name: model for model in client.get_model_repository_index().models}
            assert "is not a model id" in index["bad\ufffd"].reason
            assert index["tensors"].state == "UNAVAILABLE"
            assert "'\ufffd\ufffdXX' is not UTF-8; rename it" in index["tensors"].reason
            for name in ("模型", "100%", "%E6", "\U0001f600\u2028", "tab\there"):
                shown = name.replace("\t", "?")
                refused(lambda: client.get_model_metadata(name), "NOT_FOUND", f"model '{shown}' does not exist")
                array = tensor(name, np.zeros((1, 3), np.float32))
                refused(lambda: client.infer("affine", [array]), "INVALID_ARGUMENT", f"no input '{shown}'")


def test_a_point_cloud_passes(client):
    cloud = oip.point_cloud()
    assert cloud.nbytes == 12 << 20
    back = client.infer("echo", [tensor("input", cloud)]).as_numpy("output")
    assert (back == cloud).all()


def test_compression(client):
    x = np.zeros((1000, 3), np.float32)
    result = client.infer("affine", [tensor("x", x)], compression_algorithm="gzip")
    assert (result.as_numpy("y") == 1).all()


def test_stream_answers_in_order_and_survives_errors(client):
    answers: queue.Queue = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    for i in range(100):
        x = np.full((i + 1, 3), i, np.float32)
        client.async_stream_infer("affine" if i % 10 else "nope", [tensor("x", x)], request_id=str(i))
    for i in range(100):
        result, error = answers.get(timeout=60)
        if i % 10 == 0:
            assert "model 'nope' does not exist" in str(error)
        else:
            assert result.get_response().id == str(i)
            y = result.as_numpy("y")
            assert y.shape == (i + 1, 3) and (y == 2 * i + 1).all()
    client.stop_stream()


def test_asyncio_client(server):
    async def main():
        async with tritonclient.grpc.aio.InferenceServerClient(server.address) as client:
            assert await client.is_server_ready()
            x = np.ones((1, 3), np.float32)
            results = await asyncio.gather(*(client.infer("affine", [tensor("x", x * i)]) for i in range(20)))
            assert all((r.as_numpy("y") == 2 * i + 1).all() for i, r in enumerate(results))

            async def requests():
                for i in range(5):
                    yield {"model_name": "affine", "inputs": [tensor("x", x * i)], "request_id": str(i)}

            seen = [(r.get_response().id, e) async for r, e in client.stream_infer(requests())]
            assert seen == [(str(i), None) for i in range(5)]

    asyncio.run(main())


def test_timeout_parameter_is_the_deadline(tmp_path_factory):
    server = oip.start(tmp_path_factory, "workers: {count: 1}")
    nets.slow(server.models / "slow/1")
    with triton.InferenceServerClient(server.address) as client:
        client.load_model("slow")
        x = tensor("x", np.zeros((768, 768), np.float32))
        refused(lambda: client.infer("slow", [x], timeout=1000), "DEADLINE_EXCEEDED")
        refused(lambda: client.infer("slow", [x], timeout=1000), "DEADLINE_EXCEEDED")
        assert client.infer("slow", [x], timeout=60_000_000, priority=1).as_numpy("y") == 0
    assert server.stop() == 0


def test_statistics_count(client):
    def count():
        stats = client.get_inference_statistics("sums").model_stats[0]
        return stats.inference_count, stats.inference_stats.success.count, stats.inference_stats.fail.count

    a = np.arange(4, dtype=np.int64)
    before = count()
    for _ in range(3):
        client.infer("sums", [tensor("a", a), tensor("b", a)])
    refused(lambda: client.infer("sums", [tensor("a", a)]), "INVALID_ARGUMENT")
    after = count()
    assert [y - x for x, y in zip(before, after)] == [3, 3, 1]
    stats = client.get_inference_statistics("sums", "3").model_stats[0]
    assert stats.inference_stats.compute_infer.ns > 0 and stats.last_inference > 1_600_000_000_000
    assert {s.name for s in client.get_inference_statistics().model_stats} >= {"affine", "echo", "sums"}
    refused(lambda: client.get_inference_statistics("nope"), "NOT_FOUND")


def test_openvino_ir_and_strings(client, server):
    """IR files without model.yaml; one of them passes strings."""
    import openvino as ov
    from openvino import opset13 as ops

    (server.models / "ir/1").mkdir(parents=True)
    ov.save_model(
        ov.Core().read_model(server.models / "affine/1/model.onnx"),
        server.models / "ir/1/model.xml",
        compress_to_fp16=False,
    )
    client.load_model("ir")
    x = np.ones((2, 3), np.float32)
    assert (client.infer("ir", [tensor("x", x)]).as_numpy("y") == 3).all()

    text = ops.parameter([-1], ov.Type.string, name="text")
    text.output(0).set_names({"text"})
    (server.models / "strings/1").mkdir(parents=True)
    ov.save_model(ov.Model([ops.result(text)], [text]), server.models / "strings/1/model.xml")
    client.load_model("strings")
    assert client.get_model_metadata("strings").inputs[0].datatype == "BYTES"
    words = np.array(["汽车".encode(), b"", b"x" * 300], np.object_)
    result = client.infer("strings", [tensor("text", words)])
    assert list(result.as_numpy(result.get_response().outputs[0].name)) == list(words)


def test_tflite_without_a_manifest(client, server):
    file = ROOT / "models/face_detection_blazeface/1/model.tflite"
    if not file.exists():
        pytest.skip("skipped: weights not fetched")
    (server.models / "lite/1").mkdir(parents=True)
    shutil.copy(file, server.models / "lite/1/model.tflite")
    client.load_model("lite")
    given = client.get_model_metadata("lite").inputs[0]
    shape = [max(1, n) for n in given.shape]
    result = client.infer("lite", [tensor(given.name, np.zeros(shape, np.float32))])
    assert all(np.isfinite(result.as_numpy(o.name)).all() for o in result.get_response().outputs)


def test_models_are_loaded_and_unloaded(client, server):
    x = tensor("x", np.ones((1, 3), np.float32))
    refused(lambda: client.load_model("late"), "NOT_FOUND", "no folder for a model 'late'")
    nets.affine(server.models / "late/1", factor=5)
    client.load_model("late")
    assert client.is_model_ready("late")
    assert (client.infer("late", [x]).as_numpy("y") == 6).all()

    nets.affine(server.models / "late/2", factor=7)
    client.load_model("late")
    assert (client.infer("late", [x]).as_numpy("y") == 8).all()

    client.unload_model("late")
    assert not client.is_model_ready("late")
    refused(lambda: client.infer("late", [x]), "UNAVAILABLE", "model 'late' is unloaded")
    index = {m.name: (m.version, m.state, m.reason) for m in client.get_model_repository_index().models}
    assert index["late"] == ("", "UNAVAILABLE", "unloaded") and index["echo"][1] == "READY"

    (server.models / "late/3").mkdir()
    (server.models / "late/3/model.onnx").write_bytes(b"no model")
    refused(lambda: client.load_model("late"), "INTERNAL", "cannot be loaded")
    refused(lambda: client.load_model("echo", config="{}"), "UNIMPLEMENTED", "a model is defined by its folder")
    refused(lambda: client.unload_model("nope"), "NOT_FOUND")
