#!/usr/bin/env python3
"""Writes what the clients hold of the API: clients/python/sluice_client/api.binpb, the descriptors of the .proto files.

tools/clients.py           writes it
tools/clients.py --check   exit 1 when it is not up to date
"""

import pathlib
import sys
import tempfile

from google.protobuf import descriptor_pb2
from grpc_tools import protoc
import grpc_tools

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "clients" / "python" / "sluice_client" / "api.binpb"
FILES = [
    "ai/inference/image_recognition.proto",
    "ai/inference/multimodal.proto",
    "ai/inference/text_classification.proto",
    "ai/inference/errors.proto",
    "google/rpc/error_details.proto",
]


def descriptors() -> bytes:
    """Without comments, and without the options that only servers and documents read."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "set.binpb"
        well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
        arguments = [
            f"-I{ROOT / 'proto'}",
            f"-I{well_known}",
            "--include_imports",
            f"--descriptor_set_out={path}",
            *FILES,
        ]
        if protoc.main(["protoc", *arguments]) != 0:
            raise SystemExit("tools/clients.py: protoc failed")
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    for file in files.file:
        for message in file.message_type:
            for field in message.field:
                field.ClearField("options") if not field.options.packed else None
    return files.SerializeToString(deterministic=True)


def main() -> int:
    made = descriptors()
    if "--check" in sys.argv[1:]:
        if OUT.is_file() and OUT.read_bytes() == made:
            return 0
        print(f"{OUT.relative_to(ROOT)} is not what proto/ says: run tools/clients.py")
        return 1
    OUT.write_bytes(made)
    print(f"{OUT.relative_to(ROOT)}: {len(made)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
