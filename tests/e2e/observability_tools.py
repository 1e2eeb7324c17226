"""Programs that take minutes to build: make observability does it (tools/observability.sh); without them tests skip."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
import requests
import yaml

from conftest import ROOT
from ports import free_port
from prometheus import DEPLOY


def built(name: str) -> Path:
    found = ROOT / ".deps/bin" / name
    if not found.exists():
        pytest.skip(f"skipped: no {name}; make observability builds it from Go's module proxy")
    return found


class Program:
    """One of them, until it answers `ready`."""

    def __init__(self, folder: Path, command: list, ready: str, env: dict[str, str] | None = None):
        self.log = folder / f"{Path(command[0]).name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(a) for a in command], stdout=log, stderr=log, cwd=folder, env=env)
        end = time.monotonic() + 60
        while ready and not self._answers(ready):
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.1)

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return requests.get(url, timeout=2).status_code < 500
        except requests.RequestException:
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class VictoriaLogs(Program):
    def __init__(self, folder: Path):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.syslog = f"127.0.0.1:{free_port()}"
        command = [
            built("victoria-logs"),
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr={self.url.removeprefix('http://')}",
            f"-syslog.listenAddr.tcp={self.syslog}",
        ]
        super().__init__(folder, command, f"{self.url}/health")

    def query(self, query: str) -> list[dict]:
        answer = requests.post(f"{self.url}/select/logsql/query", {"query": query, "limit": 5000}, timeout=30)
        assert answer.ok, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def wait_for(self, query: str, count: int, wait_s: float = 60) -> list[dict]:
        """As soon as there are so many, and a moment later: none may come twice."""
        end = time.monotonic() + wait_s
        while len(found := self.query(query)) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} lines arrived"
            time.sleep(0.3)
        time.sleep(1)
        return self.query(query)


class Collector(Program):
    """The logs' part of deploy/observability/otel/collector.yaml: its receiver, as configured, and its exporter."""

    def __init__(self, folder: Path, log: Path, endpoint: str):
        document = yaml.safe_load((DEPLOY / "otel/collector.yaml").read_text())
        document["receivers"] = {"filelog": document["receivers"]["filelog"]}
        assert document["receivers"]["filelog"]["include"] == ["/var/log/sluice/access.log"]
        document["receivers"]["filelog"]["include"] = [str(log)]
        # It would begin at the end of a file that is there before its first look, and lines are written meanwhile.
        document["receivers"]["filelog"]["start_at"] = "beginning"
        document["exporters"]["otlphttp"]["endpoint"] = endpoint
        document["processors"] = {"batch": {}}
        document["service"] = {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"logs": {"receivers": ["filelog"], "processors": ["batch"], "exporters": ["otlphttp"]}},
        }
        (folder / "collector.yaml").write_text(yaml.safe_dump(document))
        super().__init__(folder, [built("otelcol"), "--config", folder / "collector.yaml"], "")
        end = time.monotonic() + 30
        while "Everything is ready" not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.1)


class Jaeger(Program):
    """Takes OTLP over HTTP, and Zipkin's spans from Envoy; keeps them in memory."""

    def __init__(self, folder: Path):
        query, otlp, zipkin, grpc = (f"127.0.0.1:{free_port()}" for _ in range(4))
        self.url, self.otlp, self.zipkin = f"http://{query}", f"http://{otlp}", f"http://{zipkin}"
        config = {
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp", "zipkin"], "exporters": ["jaeger_storage_exporter"]}},
            },
            "extensions": {
                "jaeger_query": {
                    "storage": {"traces": "memory"},
                    "http": {"endpoint": query},
                    "grpc": {"endpoint": grpc},
                },
                "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10000}}}},
            },
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": otlp}}}, "zipkin": {"endpoint": zipkin}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
        }
        (folder / "jaeger.yaml").write_text(yaml.safe_dump(config))
        super().__init__(folder, [built("jaeger"), "--config", folder / "jaeger.yaml"], f"{self.url}/api/services")

    def spans(self, trace: str) -> list[dict]:
        answer = requests.get(f"{self.url}/api/traces/{trace}", timeout=10)
        found = answer.json().get("data") or [] if answer.ok else []
        return [
            {
                "trace": span["traceID"],
                "id": span["spanID"],
                "name": span["operationName"],
                "parent": next((r["spanID"] for r in span["references"] if r["refType"] == "CHILD_OF"), None),
                "service": one["processes"][span["processID"]]["serviceName"],
                "took_us": span["duration"],
                "tags": {tag["key"]: tag["value"] for tag in span["tags"]},
            }
            for one in found
            for span in one["spans"]
        ]
