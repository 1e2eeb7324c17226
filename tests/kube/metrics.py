"""From pods to numbers: a Prometheus that scrapes, and the real adapter that answers the API server from it."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import yaml

from conftest import ROOT
from control_plane import BIN, ControlPlane
from ports import free_port
from programs import program

GROUP = "custom.metrics.k8s.io"


class Pods:
    """Speaks for pods that are not there: `work` workers' worth of calls, spread over all of them evenly."""

    def __init__(self, plane: ControlPlane):
        self.plane, self.work = plane, 0.0
        owner = self

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = owner.page().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def page(self) -> str:
        pods = self.plane.pods()
        busy = min(1.0, self.work / max(1, len(pods)))
        lines = [
            f'ai_inference_worker_utilization{{namespace="default",pod="{pod}",worker="0"}} {busy}' for pod in pods
        ]
        return "# TYPE ai_inference_worker_utilization gauge\n" + "\n".join(lines) + "\n"

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()


def prometheus(plane: ControlPlane, folder: Path, jobs: list[dict]) -> str:
    url = f"http://127.0.0.1:{free_port()}"
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    plane.start(
        "prometheus",
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
    )
    return url


def adapter(plane: ControlPlane, folder: Path, prometheus_url: str, window: str) -> None:
    """With the rules of deploy/kubernetes; their minute may be another time."""
    rules = (ROOT / "deploy/kubernetes/prometheus-adapter.yaml").read_text()
    assert "[1m]" in rules
    (folder / "rules.yaml").write_text(rules.replace("[1m]", f"[{window}]").replace("rules:\n  custom:", "rules:"))
    port = free_port()
    kubeconfigs = ("kubeconfig", "lister-kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    plane.start(
        "adapter",
        BIN / "prometheus-adapter",
        *(f"--{name}={plane.kubeconfig}" for name in kubeconfigs if name != "kubeconfig"),
        f"--prometheus-url={prometheus_url}",
        f"--config={folder / 'rules.yaml'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'adapter-certs'}",
        "--metrics-relist-interval=2s",
        "--metrics-max-age=10s",
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics-adapter", "namespace": "kube-system"},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    api = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1beta1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-adapter", "namespace": "kube-system", "port": port},
        },
    }
    for one in (service, api):
        assert plane.apply(one) == ""


def value(plane: ControlPlane, metric: str) -> dict[str, str]:
    """What the API server says for each pod."""
    path = f"/apis/{GROUP}/v1beta1/namespaces/default/pods/*/{metric}"
    answer = plane.session.get(plane.url + path, timeout=10)
    return {one["describedObject"]["name"]: one["value"] for one in answer.json()["items"]} if answer.ok else {}
