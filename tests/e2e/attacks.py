"""The worst that a client can say, made from descriptors: for each field of a message as many of it as fit, in the
fewest bytes."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import descriptor, descriptor_pb2, descriptor_pool

Field = descriptor.FieldDescriptor
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n])


def delimited(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def frame(message: bytes, *, packed: bool = False) -> bytes:
    return struct.pack(">BI", packed, len(message)) + message


def gzipped(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def fields_of(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and value of the length-delimited fields; the others are passed over. For reflection's own answers."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = number()
        if tag & 7 == 2:
            size = number()
            yield tag >> 3, message[at : at + size]
            at += size
        elif tag & 7 == 0:
            number()
        else:
            at += 8 if tag & 7 == 1 else 4


@dataclass
class Method:
    path: str
    request: descriptor.Descriptor
    client_streams: bool
    server_streams: bool


def methods_of(address: str) -> list[Method]:
    """All that the server serves, as its reflection says."""
    with grpc.insecure_channel(address) as channel:
        ask = channel.stream_stream(REFLECTION, lambda x: x, lambda x: x)
        listed = next(iter(ask(iter([delimited(7, b"*")]), timeout=20)))
        names = [
            dict(fields_of(service))[1].decode()
            for n, body in fields_of(listed)
            if n == 6
            for _, service in fields_of(body)
        ]
        protos: dict[str, descriptor_pb2.FileDescriptorProto] = {}
        for answer in ask(iter([delimited(4, name.encode()) for name in names]), timeout=20):
            for number, body in fields_of(answer):
                for _, data in fields_of(body) if number == 4 else ():
                    file = descriptor_pb2.FileDescriptorProto.FromString(data)
                    protos[file.name] = file
    pool = descriptor_pool.DescriptorPool()

    def add(name: str) -> None:
        file = protos.pop(name, None)
        if file is not None:
            for dependency in file.dependency:
                add(dependency)
            pool.Add(file)

    for name in list(protos):
        add(name)
    out = []
    for name in names:
        for method in pool.FindServiceByName(name).methods:
            out.append(
                Method(f"/{name}/{method.name}", method.input_type, method.client_streaming, method.server_streaming)
            )
    return out


def units(message: descriptor.Descriptor, depth: int = 2) -> Iterator[tuple[str, bytes]]:
    """For each field, its smallest occurrence; for messages also those inside."""
    for field in message.fields:
        number = field.number
        wire = {
            Field.TYPE_DOUBLE: 1,
            Field.TYPE_FIXED64: 1,
            Field.TYPE_SFIXED64: 1,
            Field.TYPE_FLOAT: 5,
            Field.TYPE_FIXED32: 5,
        }
        if field.type in (Field.TYPE_MESSAGE, Field.TYPE_STRING, Field.TYPE_BYTES):
            yield field.name, varint(number << 3 | 2) + b"\0"
            if field.type == Field.TYPE_MESSAGE and depth:
                for name, unit in units(field.message_type, depth - 1):
                    yield f"{field.name}.{name}", delimited(number, unit)
        else:
            size = {1: 8, 5: 4}.get(wire.get(field.type, 0), 1)
            yield field.name, varint(number << 3 | wire.get(field.type, 0)) + b"\1" * size
    yield "unknown varint", b"\x78\0"
    yield "unknown text", b"\x7a\0"
    yield "unknown group", b"\x7b\x7c"


def bombs(message: descriptor.Descriptor, size: int) -> Iterator[tuple[str, bytes]]:
    for name, unit in units(message):
        yield f"many {name}", unit * (size // len(unit))
    for field in message.fields:
        # One value of the whole size: a text, a packed list, broken messages.
        if field.type in (Field.TYPE_STRING, Field.TYPE_BYTES) or field.is_repeated:
            yield f"long {field.name}", delimited(field.number, b"\1" * size)
        if field.type == Field.TYPE_MESSAGE:
            for inner in field.message_type.fields:
                if inner.type in (Field.TYPE_STRING, Field.TYPE_BYTES) or inner.is_repeated:
                    yield (
                        f"long {field.name}.{inner.name}",
                        delimited(field.number, delimited(inner.number, b"\1" * size)),
                    )
    yield "deep groups", b"\x7b" * size
    yield "dots", delimited(4, b"." * size)


def json_bombs(message: descriptor.Descriptor, size: int) -> Iterator[tuple[str, bytes]]:
    def repeat(open_: str, unit: str, close: str) -> bytes:
        return (open_ + ",".join([unit] * (size // (len(unit) + 1))) + close).encode()

    for field in message.fields:
        key = json.dumps(field.json_name)
        for unit in ("{}", '""', "1", "[]", "null"):
            yield f"many {field.name}: {unit}", repeat("{" + key + ":[", unit, "]}")
        yield f"long {field.name}", b"{" + key.encode() + b':"' + b"A" * size + b'"}'
    yield "deep", b"[" * size
    yield "deep objects", b'{"a":' * (size // 5)
    yield "blanks", b" " * size
    yield "lines", b"\n" * size
    yield "commas", b"," * size
    yield "quotes", b'"' * size
    yield "escapes", b'{"' + b"\\u0041" * (size // 6) + b'":1}'
    yield "keys", b"{" + b",".join(b'"%d":1' % i for i in range(size // 12)) + b"}"


def post(address: str, path: str, body: bytes, headers: dict[str, str], timeout_s: float = 60) -> int:
    """The status, 0 when the server hung up."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (ConnectionError, http.client.HTTPException, TimeoutError):
        return 0
    finally:
        connection.close()


def grpc_web(address: str, path: str, message: bytes, *, text: bool) -> int:
    body = frame(gzipped(message), packed=True)
    if text:
        body = base64.b64encode(body)
    kind = "application/grpc-web-text" if text else "application/grpc-web"
    return post(address, path, body, {"content-type": kind, "grpc-encoding": "gzip", "grpc-timeout": "20S"})


def unread_answer(address: str, size: int, seconds: float) -> None:
    """A gzipped tensor whose answer, as large as itself, is not read."""
    tensor = {"name": "input", "datatype": "INT8", "shape": [size], "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [tensor]}).encode()
    body = gzipped(text + b"\x80" * size)
    head = (
        "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
        f"Inference-Header-Content-Length: {len(text)}\r\n"
    )
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(seconds)


def silence() -> Iterator[bytes]:
    """Of a client that keeps its stream open."""
    threading.Event().wait(15)
    yield b""


def over_grpc(channel: grpc.Channel, path: str, message: bytes) -> None:
    call = channel.stream_stream(path, lambda x: x, lambda x: x)
    try:
        for _ in call(iter([message]), timeout=20, compression=grpc.Compression.Gzip):
            break
    except grpc.RpcError:
        pass


class Prober:
    """prober.py beside an attack; what it saw is known afterwards."""

    def __init__(self, address: str, pid: int):
        self._arguments = [sys.executable, str(Path(__file__).with_name("prober.py")), address, str(pid)]

    def __enter__(self) -> Prober:
        self._process = subprocess.Popen(self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        seen = json.loads(self._process.communicate()[0])
        self.worst_s: float = seen["worst_s"]
        self.late_s: float = seen["late_s"]
        self.failures: int = seen["failures"]
        self.peak_kib: int = seen["peak_kib"]
