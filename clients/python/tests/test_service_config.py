"""clients/grpc/service_config.json, in the stock gRPC client."""

from pathlib import Path

import grpc
from test_attempts import grpc_server, pushback  # noqa: F401  (a fixture)

from sluice_client import Frame, messages

CONFIG = (Path(__file__).parents[2] / "grpc" / "service_config.json").read_text()


def call(script, name):
    rpc = messages.rpc(messages.IMAGES, name)
    options = [("grpc.service_config", CONFIG)]
    with grpc.insecure_channel(script.address, options=options) as channel:
        if name == "Recognize":
            return channel.unary_unary(rpc.path, rpc.encode, rpc.decode)(messages.recognize_request(Frame(b"x")))
        return list(
            channel.stream_stream(rpc.path, rpc.encode, rpc.decode)(iter([messages.recognize_request(Frame(b"x"))]))
        )


def test_a_retry_happens(grpc_server):  # noqa: F811
    script = grpc_server(pushback(20), pushback(20))
    assert list(call(script, "Recognize").faces) == []
    assert [h.get("grpc-previous-rpc-attempts") for h in script.headers] == [None, "1", "2"]


def test_live_streams_are_not_retried(grpc_server):  # noqa: F811
    script = grpc_server(pushback(20))
    try:
        call(script, "StreamRecognize")
        raise AssertionError("it was retried")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert len(script.headers) == 1
