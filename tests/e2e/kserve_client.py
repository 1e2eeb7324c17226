"""KServe's own inference clients, as their package comes, against a server. Run by test_oip_kserve.py in an environment
of its own.

kserve_client.py HOST:PORT
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def request(model: str, array: np.ndarray, name: str, binary: bool, answer_binary: bool) -> InferRequest:
    datatype = {
        "float32": "FP32",
        "float16": "FP16",
        "int64": "INT64",
        "object": "BYTES",
        "bool": "BOOL",
        "uint8": "UINT8",
    }[array.dtype.name]
    given = InferInput(name, list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=binary)
    output = "y" if name == "x" else "output"
    return InferRequest(
        model,
        [given],
        request_id="k-1",
        request_outputs=[RequestedOutput(output, parameters={"binary_data": answer_binary})],
    )


ARRAYS = [
    np.array([[1, 2], [3, 4.5]], np.float32),
    np.array([-(2**53), 2**53], np.int64),
    np.array([True, False]),
    np.arange(256, dtype=np.uint8),
    np.array([b"ab", "汽车".encode()], np.object_),
]


async def rest(url: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_live(url) and await client.is_server_ready(url)
    assert await client.is_model_ready(url, "echo") and not await client.is_model_ready(url, "nope")
    for binary in (True, False):
        for answer_binary in (True, False):
            for array in ARRAYS:
                answer = await client.infer(
                    url, request("echo", array, "input", binary, answer_binary), model_name="echo"
                )
                back = answer.outputs[0].as_numpy().reshape(array.shape)
                same = [x.encode() if isinstance(x, str) else x for x in back.ravel()] == list(array.ravel())
                assert same and answer.id == "k-1", (array.dtype, binary, answer_binary, back)
    short = np.array([0.5, -2], np.float16)
    answer = await client.infer(url, request("echo", short, "input", True, True), model_name="echo")
    assert (answer.outputs[0].as_numpy() == short).all()
    x = np.ones((2, 3), np.float32)
    answer = await client.infer(url, request("affine", x, "x", False, False), model_name="affine")
    assert (answer.outputs[0].as_numpy() == 3).all() and answer.model_name == "affine"
    try:
        await client.infer(url, request("affine", x, "input", False, False), model_name="affine")
    except Exception as e:
        assert "no output 'output'" in str(e) or "no input 'input'" in str(e), str(e)
    else:
        raise AssertionError("a wrong name was taken")
    await client.close()


async def grpc(address: str) -> None:
    client = InferenceGRPCClient(address)
    assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("echo")
    for binary in (True, False):  # False: typed contents
        for array in ARRAYS:
            answer = await client.infer(request("echo", array, "input", binary, True))
            back = answer.outputs[0].as_numpy().reshape(array.shape)
            assert list(back.ravel()) == list(array.ravel()), (array.dtype, binary, back)
    x = np.ones((2, 3), np.float32)
    answer = await client.infer(request("affine", x, "x", True, True))
    assert (answer.outputs[0].as_numpy() == 3).all() and answer.id == "k-1"
    await client.close()


async def main(address: str) -> None:
    await rest(f"http://{address}")
    await grpc(address)
    print("kserve: all passed")


asyncio.run(main(sys.argv[1]))
