"""Just enough HTTP/2 to send what no library would: gRPC calls by the hundred, from any address, read or not."""

from __future__ import annotations

import socket
import struct

WINDOW = 2**31 - 1


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    """A header field without index or Huffman code; both shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Connection:
    def __init__(self, address: str, source: str = "127.0.0.1"):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), source_address=(source, 0))
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, WINDOW))
        self.socket.sendall(preface + frame(8, 0, 0, struct.pack(">I", WINDOW - 65535)))
        self.next_stream = 1

    def grpc(self, path: str, message: bytes, *, packed: bool = False, end: bool = True) -> None:
        """Sends a call with one small message, and reads nothing."""
        fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost"}
        fields |= {"content-type": "application/grpc", "te": "trailers"}
        if packed:
            fields["grpc-encoding"] = "gzip"
        head = b"".join(literal(name, value) for name, value in fields.items())
        body = bytes([packed]) + struct.pack(">I", len(message)) + message
        out = frame(1, 4, self.next_stream, head)
        pieces = [body[i : i + 16384] for i in range(0, len(body), 16384)]
        for i, piece in enumerate(pieces):
            out += frame(0, 1 if end and i == len(pieces) - 1 else 0, self.next_stream, piece)
        self.next_stream += 2
        self.socket.sendall(out)

    def close(self) -> None:
        self.socket.close()
