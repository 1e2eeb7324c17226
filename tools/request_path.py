#!/usr/bin/env python3
"""Which source files run for one request: the files of src/ with lines that are executed between a request's first byte
and its answer, a good one, on a connection and with a model that have been used before. The server runs under callgrind,
which is switched on for that time only; what also runs while nothing is asked on that connection (timers, the log) is
marked.

    tools/request_path.py            counts for an image over gRPC and REST, and for a frame over WebSocket
    tools/request_path.py --files    the files, too

Needs valgrind, build/sluice and what tools/setup.sh test installs.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import httpx
from websockets.sync.client import connect

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "clients" / "python"))
from sluice_client import Client  # noqa: E402

IMAGE = (ROOT / ".deps" / "samples" / "astronaut.jpg").read_bytes()
MODEL = "face_detection_v1"
TIMEOUT_S = 300
CONFIG = """
deadlines: {default_ms: 300000, max_ms: 300000}
models: {trial: {enabled: false}}
"""
IN_TIME = "slo_ms: 0\n"  # under callgrind every call would be slow, and kept with its trace
SETTLE_S = 2
IDLE_S = 5  # several rounds of every timer


class Server:
    """`sluice serve` under callgrind, which counts only inside counted()."""

    def __init__(self, folder: pathlib.Path, binary: pathlib.Path) -> None:
        self._folder = folder
        self._dumps = 0
        config = folder / "sluice.yaml"
        config.write_text(f"{CONFIG}\nlogs: {{access: {folder}/access.log, level: error}}\n")
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/callgrind"]
        models = folder / "models"
        (models / MODEL).mkdir(parents=True)
        (models / MODEL / "1").symlink_to(ROOT / "models" / MODEL / "1")
        manifest = (ROOT / "models" / MODEL / "model.yaml").read_text()
        (models / MODEL / "model.yaml").write_text(manifest + IN_TIME)
        serve = [binary, "serve", "--config", config, "--models", models]
        with open(folder / "stderr", "wb") as stderr:
            self.process = subprocess.Popen(
                [*command, *serve, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.address = line.split()[-1]
            if line.strip() == "ready":
                return
        raise SystemExit("the server did not start:\n" + (folder / "stderr").read_text())

    def counted(self, what: Callable[[], object]) -> set[str]:
        """The files of src/ that run meanwhile."""
        self._control("-i", "on")
        what()
        self._control("-i", "off")
        self._control("-d")
        self._dumps += 1
        return set().union(*(executed(dump) for dump in self._folder.glob(f"callgrind.{self._dumps}*")))

    def _control(self, *arguments: str) -> None:
        command = ["callgrind_control", *arguments, str(self.process.pid)]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def executed(dump: pathlib.Path) -> set[str]:
    """The files below src/ with a cost of their own in callgrind's output."""
    names: dict[str, str] = {}
    found, now = set(), ""
    for line in dump.read_text(errors="replace").splitlines():
        if place := re.match(r"(c?)f[lie]=(\(\d+\))(?: (.*))?", line):  # c: of a function that is called from here
            name = names.setdefault(place[2], place[3] or "")
            now = now if place[1] else name
        elif re.match(r"[0-9+*-]", line):
            found.add(now)
    ours = (name.rpartition("/src/")[2] for name in found if "/src/" in name)
    return {one for one in ours if (ROOT / "src" / one).is_file()}


@contextlib.contextmanager
def grpc_image(address: str) -> Iterator[Callable[[], object]]:
    with Client(address, timeout_s=TIMEOUT_S) as client:
        yield lambda: client.recognize(IMAGE)


@contextlib.contextmanager
def rest_image(address: str) -> Iterator[Callable[[], object]]:
    kept = httpx.Limits(keepalive_expiry=None)
    with httpx.Client(base_url=f"http://{address}", timeout=TIMEOUT_S, limits=kept) as client:
        head = {"content-type": "image/jpeg", "x-request-timeout": str(TIMEOUT_S)}
        yield lambda: client.post("/api/v1/recognize", content=IMAGE, headers=head).raise_for_status()


@contextlib.contextmanager
def websocket_frame(address: str) -> Iterator[Callable[[], object]]:
    frame = json.dumps({"image": base64.b64encode(IMAGE).decode()})
    with connect(f"ws://{address}/api/v1/recognize/stream", max_size=None, ping_interval=None) as socket:

        def ask() -> None:
            socket.send(frame)
            if "faces" not in json.loads(socket.recv(timeout=TIMEOUT_S)):
                raise SystemExit("the frame was not answered with faces")

        yield ask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", action="store_true", help="print the files")
    parser.add_argument("--server", type=pathlib.Path, default=ROOT / "build" / "sluice", help="another program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder), options.server)
        try:
            for way in (grpc_image, rest_image, websocket_frame):
                with way(server.address) as ask:
                    ask()
                    time.sleep(SETTLE_S)
                    idle = server.counted(lambda: time.sleep(IDLE_S))
                    files = server.counted(ask)
                sources = {file for file in files if file.endswith(".cc")}
                print(f"{way.__name__}: {len(sources)} files.cc, {len(files)} with headers;", end=" ")
                print(f"without what runs anyway {len(sources - idle)} and {len(files - idle)}")
                for file in sorted(files) if options.files else []:
                    print("   ", file, "(idle, too)" if file in idle else "")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
