"""A real server, real clients: every test talks to build/sluice over loopback."""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import grpc
import grpc_tools
import pytest
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BINARY = Path(os.environ.get("SLUICE_BINARY", ROOT / "build" / "sluice"))
SAMPLE = ROOT / ".deps" / "samples" / "astronaut.jpg"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "shared" in item.keywords and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="skipped: no ../shared"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shared: needs the pictures or models of ../shared")


def run_protoc(options: list[str], files: Iterable[str]) -> None:
    """Of proto/, which may import what protobuf brings."""
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    assert protoc.main(["protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}", *options, *files]) == 0


def descriptor_set(folder: Path, files: Iterable[str], *options: str) -> bytes:
    """A serialised FileDescriptorSet of the files."""
    out = folder / "set.binpb"
    run_protoc([*options, f"--descriptor_set_out={out}"], files)
    return out.read_bytes()


@pytest.fixture(scope="session")
def descriptors(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What clients in JavaScript make their messages of, in base64."""
    files = [
        "ai/inference/image_recognition.proto",
        "ai/inference/text_classification.proto",
        "inference/grpc_service.proto",
        "google/rpc/error_details.proto",
    ]
    read = descriptor_set(tmp_path_factory.mktemp("descriptors"), files, "--include_imports")
    return base64.b64encode(read).decode()


def rest_of(connection: socket.socket) -> bytes:
    """What comes until the peer closes."""
    out = b""
    while part := connection.recv(65536):
        out += part
    return out


@pytest.fixture(scope="session")
def protos(tmp_path_factory: pytest.TempPathFactory):
    """The generated Python modules of proto/, as a client would make them."""
    out = tmp_path_factory.mktemp("protos")
    ours = [f"ai/inference/{p.name}" for p in (ROOT / "proto/ai/inference").glob("*.proto")]
    run_protoc([f"--python_out={out}", f"--grpc_python_out={out}"], ours)
    sys.path.insert(0, str(out))

    class Protos:
        images = importlib.import_module("ai.inference.image_recognition_pb2")
        images_grpc = importlib.import_module("ai.inference.image_recognition_pb2_grpc")
        multimodal = importlib.import_module("ai.inference.multimodal_pb2")
        multimodal_grpc = importlib.import_module("ai.inference.multimodal_pb2_grpc")
        errors = importlib.import_module("ai.inference.errors_pb2")

    return Protos


class Server:
    """One running `sluice serve`. Its access log goes to a file that tests read."""

    def __init__(
        self,
        folder: Path,
        *,
        config: str = "",
        models: Path | None = None,
        listeners: int = 2,
        env: dict[str, str] | None = None,
    ):
        self.log_path = folder / "access.log"
        self.models = models or ROOT / "models"
        self.terminated = False
        config_path = folder / "sluice.yaml"
        config_path.write_text(config + f"\nlogs: {{access: {self.log_path}}}\n")
        args = [str(BINARY), "serve", "--config", str(config_path), "--models", str(self.models)]
        if "listeners:" not in config:
            for _ in range(listeners):
                args += ["--listen", "127.0.0.1:0"]
        self.stderr_path = folder / "stderr.log"
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                args, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT, env={**os.environ, **(env or {})}
            )
        self.addresses = self._wait_until_ready()

    def _wait_until_ready(self) -> list[str]:
        addresses = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                addresses.append(line.split()[-1])
            if line.strip() == "ready":
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return addresses
        raise RuntimeError("the server did not start:\n" + self.stderr_path.read_text())

    @property
    def address(self) -> str:
        return self.addresses[0]

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def log_lines(self, request_id: str, wait_s: float = 5) -> list[dict]:
        """Lines of one request; waits, because the log is written a moment after the answer."""
        end = time.monotonic() + wait_s
        while True:
            lines = (
                [json.loads(line) for line in self.log_path.read_text().split("\n") if line]
                if self.log_path.exists()
                else []
            )
            found = [line for line in lines if line["request_id"] == request_id]
            if found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """It has to end well."""
        status = self.stop()
        assert status == 0 or kind is not None, self.stderr_path.read_text()

    def terminate(self) -> None:
        """Begins the drain. A second signal would end the process at once."""
        self.terminated = True
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        if self.process.poll() is None and not self.terminated:
            self.terminate()
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """The server that most tests share, with the models of the repository and those of tests/models that are there."""
    extra = ROOT / "tests" / "models"
    with Server(tmp_path_factory.mktemp("server"), config=f"models: {{extra_roots: [{extra}]}}") as running:
        yield running


@pytest.fixture(scope="session")
def sample() -> bytes:
    if not SAMPLE.exists():
        pytest.fail(f"{SAMPLE} is missing: run tools/setup.sh")
    return SAMPLE.read_bytes()


@pytest.fixture(scope="session")
def images(server: Server, protos):
    with grpc.insecure_channel(server.address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        yield protos.images_grpc.ImageRecognitionStub(channel)
