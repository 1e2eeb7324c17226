"""A real Prometheus for a test: the configuration of deploy/observability with the test's own targets and a fast
clock."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import requests
import yaml

from conftest import ROOT
from ports import free_port
from programs import program

DEPLOY = ROOT / "deploy/observability"


def configuration(targets: list[str]) -> dict:
    document = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    document["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in document["rule_files"]]
    document["scrape_configs"] = [job for job in document["scrape_configs"] if job["job_name"] == "sluice"]
    document["scrape_configs"][0]["static_configs"] = [{"targets": targets}]
    return document


class Prometheus:
    def __init__(self, folder: Path, targets: list[str]):
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(configuration(targets)))
        self.url = f"http://127.0.0.1:{free_port()}"
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(
                [
                    program("prometheus"),
                    f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                ],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while not self._is_ready():
            assert self.process.poll() is None and time.monotonic() < end, (folder / "prometheus.log").read_text()
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def query(self, expression: str) -> list[dict]:
        """The series of an instant query."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.ok, f"{expression}: {answer.text}"
        return answer.json()["data"]["result"]

    def rules(self) -> list[dict]:
        groups = requests.get(f"{self.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
