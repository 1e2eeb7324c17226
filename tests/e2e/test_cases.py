"""tests/cases: each behaviour over every protocol that carries its method, with equal answers."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import grpc
import numpy
import pytest
import requests
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import code_pb2, error_details_pb2, status_pb2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from conftest import ROOT, SAMPLE, descriptor_set

CASES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "cases").glob("*.yaml"))
}
# Not the same from call to call.
VOLATILE = {"latency", "details", "request_id"}


@dataclass
class Result:
    """What came back: answers as JSON, or why not."""

    answers: list[dict] = field(default_factory=list)
    error: dict | None = None


@dataclass
class Method:
    """A method with its messages, of a descriptor pool of its own, and its ways over HTTP."""

    descriptor: Any
    request: type
    response: type
    path: str = ""
    websocket: str = ""

    @property
    def name(self) -> str:
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    def encode(self, value: dict) -> bytes:
        return json_format.ParseDict(value, self.request()).SerializeToString()

    def decode(self, data: bytes) -> dict:
        return json_format.MessageToDict(
            self.response.FromString(data), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )

    def canonical(self, answer: dict) -> dict:
        """JSON leaves some empty fields out; as a message they are there."""
        message = json_format.ParseDict(stable(answer), self.response())
        return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.fixture(scope="session")
def methods(tmp_path_factory, server):
    """By name. REST paths come from the server's OpenAPI document, WebSocket paths from the option."""
    files = [path.relative_to(ROOT / "proto").as_posix() for path in (ROOT / "proto/ai/inference").glob("*.proto")]
    read = descriptor_set(tmp_path_factory.mktemp("descriptors"), files, "--include_imports")
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(read).file:
        pool.Add(file)
    document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    paths = {
        operation["x-grpc-method"]: path
        for path, item in reversed(document["paths"].items())
        for operation in item.values()
    }
    options = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    extension = pool.FindExtensionByName("ai.inference.method")

    @cache
    def find(name: str) -> Method:
        service, _, method = name.partition("/")
        descriptor = pool.FindServiceByName(service).FindMethodByName(method)
        request, response = (
            message_factory.GetMessageClass(d) for d in (descriptor.input_type, descriptor.output_type)
        )
        mine = options.FromString(descriptor.GetOptions().SerializeToString())
        return Method(descriptor, request, response, paths.get(name, ""), mine.Extensions[extension].websocket_path)

    return find


def expand(value: Any) -> Any:
    """$face, $blank and {$repeat: [value, times]} of a request."""
    if isinstance(value, dict) and "$repeat" in value:
        one, times = value["$repeat"]
        return [expand(one)] * times
    if isinstance(value, dict):
        return {key: expand(one) for key, one in value.items()}
    if isinstance(value, list):
        return [expand(one) for one in value]
    if value == "$face":
        return base64.b64encode(SAMPLE.read_bytes()).decode()
    if value == "$blank":
        return base64.b64encode(cv2.imencode(".png", numpy.zeros((32, 32, 3), numpy.uint8))[1].tobytes()).decode()
    return value


def error_of_status(status: status_pb2.Status) -> dict:
    out = {"code": code_pb2.Code.Name(status.code), "message": status.message, "reason": "", "field": ""}
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            out["reason"] = info.reason
        elif detail.Unpack(bad):
            out["field"] = bad.field_violations[0].field
    return out


def over_grpc(server, method: Method, messages: list[dict]) -> Result:
    d = method.descriptor
    kind = f"{'stream' if d.client_streaming else 'unary'}_{'stream' if d.server_streaming else 'unary'}"
    encoded = [method.encode(message) for message in messages]
    with grpc.insecure_channel(server.address) as channel:
        call = getattr(channel, kind)(method.name)
        try:
            answer = call(iter(encoded) if d.client_streaming else encoded[0], timeout=60)
            return Result([method.decode(one) for one in (answer if d.server_streaming else [answer])])
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata())
            return Result(error=error_of_status(status_pb2.Status.FromString(trailers["grpc-status-details-bin"])))


def over_grpc_web(server, method: Method, messages: list[dict]) -> Result | None:
    if method.descriptor.client_streaming:
        return None
    body = method.encode(messages[0])
    headers = {"Content-Type": "application/grpc-web+proto", "X-Grpc-Web": "1"}
    answer = requests.post(
        server.url + method.name, data=struct.pack(">BI", 0, len(body)) + body, headers=headers, timeout=60
    )
    if not answer.headers.get("Content-Type", "").startswith("application/grpc-web"):
        return None  # not there yet
    result, data = Result(), answer.content
    trailers = {name.lower(): value for name, value in answer.headers.items()}
    while data:
        flags, length = struct.unpack(">BI", data[:5])
        frame, data = data[5 : 5 + length], data[5 + length :]
        if flags & 0x80:
            lines = (line.split(":", 1) for line in frame.decode().split("\r\n") if line)
            trailers |= {name.strip().lower(): value.strip() for name, value in lines}
        else:
            result.answers.append(method.decode(frame))
    if trailers["grpc-status"] != "0":
        details = trailers["grpc-status-details-bin"]
        result.error = error_of_status(
            status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
        )
    return result


def over_connect(server, method: Method, messages: list[dict]) -> Result:
    d = method.descriptor
    bodies = [json.dumps(message).encode() for message in messages]
    if not (d.client_streaming or d.server_streaming):
        answer = requests.post(
            server.url + method.name, data=bodies[0], headers={"Content-Type": "application/json"}, timeout=60
        )
        return Result([answer.json()]) if answer.ok else Result(error=error_of_connect(answer.json()))
    framed = b"".join(struct.pack(">BI", 0, len(body)) + body for body in bodies)
    answer = requests.post(
        server.url + method.name, data=framed, headers={"Content-Type": "application/connect+json"}, timeout=60
    )
    result, data = Result(), answer.content
    while data:
        flags, length = struct.unpack(">BI", data[:5])
        value, data = json.loads(data[5 : 5 + length]), data[5 + length :]
        if flags == 0:
            result.answers.append(value)
        elif "error" in value:
            result.error = error_of_connect(value["error"])
    return result


def error_of_connect(error: dict) -> dict:
    status = status_pb2.Status(
        code=code_pb2.Code.Value(error["code"].upper().replace("CANCELED", "CANCELLED")), message=error["message"]
    )
    for detail in error["details"]:
        value = base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4))
        status.details.add(type_url=f"type.googleapis.com/{detail['type']}", value=value)
    return error_of_status(status)


def over_rest(server, method: Method, messages: list[dict]) -> Result | None:
    if not method.path:
        return None
    d = method.descriptor
    if d.client_streaming:
        body, kind = "".join(json.dumps(message) + "\n" for message in messages), "application/x-ndjson"
    else:
        body, kind = json.dumps(messages[0]), "application/json"
    answer = requests.post(server.url + method.path, data=body.encode(), headers={"Content-Type": kind}, timeout=60)
    if answer.status_code == 200:
        lines = answer.text.splitlines() if d.server_streaming else [answer.text]
        return Result([json.loads(line) for line in lines])
    problem = answer.json()
    violations = problem.get("field_violations", [{}])
    return Result(
        error={
            "code": None,
            "http": answer.status_code,
            "message": problem["detail"],
            "reason": problem["reason"],
            "field": violations[0].get("field", ""),
        }
    )


def over_websocket(server, method: Method, messages: list[dict]) -> Result | None:
    if not method.websocket:
        return None
    result = Result()
    with connect(f"ws://{server.address}{method.websocket}", max_size=None) as socket:
        for message in messages:
            socket.send(json.dumps(message))
        for _ in messages:  # one answer per message
            try:
                result.answers.append(json.loads(socket.recv(timeout=60)))
            except ConnectionClosed as closed:
                reason, _, text = closed.rcvd.reason.partition(": ")
                return Result(
                    error={
                        "code": code_pb2.Code.Name(closed.rcvd.code - 4000),
                        "reason": reason,
                        "message": text,
                        "field": "",
                    }
                )
    return result


PROTOCOLS = {
    "grpc": over_grpc,
    "grpc-web": over_grpc_web,
    "connect": over_connect,
    "rest": over_rest,
    "websocket": over_websocket,
}


def stable(value: Any) -> Any:
    """Without what differs from call to call; floats as the seven digits that they have."""
    if isinstance(value, dict):
        return {key: stable(one) for key, one in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [stable(one) for one in value]
    return round(value, 5) if isinstance(value, float) else value


def check(wanted: Any, found: Any, place: str) -> None:
    """`found` holds what is `wanted`; lists have its length."""
    if isinstance(wanted, dict) and "$count" in wanted:
        assert len(found) == wanted["$count"], place
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            assert key in found, f"{place}.{key} is missing in {found}"
            check(value, found[key], f"{place}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), f"{place}: {found}"
        for index, value in enumerate(wanted):
            check(value, found[index], f"{place}[{index}]")
    else:
        assert found == wanted, place


def check_result(case: dict, protocol: str, result: Result) -> None:
    if (wanted := case.get("error")) is not None:
        assert result.error is not None, f"{protocol}: answered {result.answers}"
        for key, value in wanted.items():
            if not (key == "code" and protocol == "rest"):
                assert result.error[key] == value, f"{protocol}: {key} of {result.error}"
        return
    assert result.error is None, f"{protocol}: {result.error}"
    wanted = case["answer"]
    check(wanted if isinstance(wanted, list) else [wanted], result.answers, protocol)


@pytest.mark.parametrize("name", CASES)
def test_case(name, server, methods):
    case = CASES[name]
    method = methods(case["method"])
    request = expand(case["request"])
    messages = request if isinstance(request, list) else [request]
    results = {}
    for protocol, send in PROTOCOLS.items():
        if protocol in case.get("not_over", []):
            continue
        result = send(server, method, messages)
        if result is not None:
            check_result(case, protocol, result)
            results[protocol] = result
    assert "grpc" in results and len(results) >= 2, f"only over {set(results)}"
    first = results["grpc"]
    for protocol, result in results.items():
        assert [method.canonical(one) for one in result.answers] == [method.canonical(one) for one in first.answers], (
            protocol
        )
        if first.error is not None:
            assert {k: result.error[k] for k in ("message", "reason", "field")} == {
                k: first.error[k] for k in ("message", "reason", "field")
            }, protocol


def test_every_method_of_the_api_has_a_case(server):
    document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    served = {operation["x-grpc-method"] for item in document["paths"].values() for operation in item.values()}
    assert {name for name in served if name.startswith("ai.inference.")} <= {case["method"] for case in CASES.values()}
