"""Three servers on fixed addresses, with the models that a test needs, for what stands in front of them."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import requests

from conftest import ROOT, Server
from ports import free_port

MODELS = ("face_detection_v1", "face_detection_lite", "news_classification_v1")


class Replicas:
    def __init__(self, folder: Path, config: str = ""):
        self.folder, self.config = folder, config
        self.models = folder / "models"
        self.models.mkdir()
        for name in MODELS:
            (self.models / name).symlink_to(ROOT / "models" / name)
        self.addresses = [f"127.0.0.1:{free_port()}" for _ in range(3)]
        self.servers: list[Server] = []
        try:
            for index in range(3):
                self.servers.append(self._start(index))
        except BaseException:
            for server in self.servers:
                server.process.kill()
            raise

    def _start(self, index: int) -> Server:
        folder = self.folder / str(index)
        folder.mkdir(exist_ok=True)
        listeners = ", ".join([f"{{address: {self.addresses[index]}}}", *self._more_listeners(index)])
        config = f"listeners: [{listeners}]\ntrusted_proxies: [127.0.0.1]\n{self.config}"
        return Server(folder, config=config, models=self.models, env=self._environment(index))

    def _more_listeners(self, index: int) -> list[str]:
        return []

    def _environment(self, index: int) -> dict[str, str]:
        return {}

    def kill(self, index: int) -> None:
        self.servers[index].process.kill()
        self.servers[index].process.wait(30)

    def restart(self, index: int) -> None:
        self.servers[index] = self._start(index)

    def calls(self, method: str) -> list[int]:
        """How many each one has answered."""
        pattern = rf'^ai_inference_requests_total{{[^}}]*method="{re.escape(method)}"[^}}]*}} (\d+)$'
        texts = [requests.get(f"http://{address}/metrics").text for address in self.addresses]
        return [sum(int(number) for number in re.findall(pattern, text, re.M)) for text in texts]

    def log_lines(self, request_id: str) -> list[dict]:
        return [line for server in self.servers for line in server.log_lines(request_id, 0.5)]

    def stop(self) -> None:
        """They all have to end well, except those that were killed."""
        for server in self.servers:
            assert server.stop() in (0, -signal.SIGKILL), server.stderr_path.read_text()
