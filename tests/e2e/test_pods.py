"""deploy/kubernetes' own Deployment as three real pods behind Envoy: `podman play kube`, in a network of their own.
Skipped where `make image` has made no image, or something that pods need is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, SAMPLE
from programs import program
from test_envoy import envoy_binary, rendered
from test_package import DIST, VERSION, made

pytestmark = pytest.mark.timeout(900)
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=10000:10000", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
[network]
network_backend = "cni"
"""


def manifest() -> str:
    """ConfigMap and Deployment as they are, less what podman 4 cannot do: it publishes every port on the host, and its
    probes want a shell in the image."""
    documents = yaml.safe_load_all((ROOT / "deploy/kubernetes/inference.yaml").read_text())
    kept = [one for one in documents if one and one["kind"] in ("ConfigMap", "Deployment")]
    (deployment,) = (one for one in kept if one["kind"] == "Deployment")
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        for name in ("startupProbe", "readinessProbe", "livenessProbe", "ports"):
            container.pop(name)
        container |= {"image": f"localhost/{container['image']}", "imagePullPolicy": "Never"}
    return yaml.safe_dump_all(kept)


class Pods:
    def __init__(self, folder: Path):
        self.folder = folder
        self._network = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        time.sleep(0.5)
        self._base = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        (folder / "containers.conf").write_text(CONTAINERS_CONF)
        (folder / "kube.yaml").write_text(manifest())
        self.inside("ip", "link", "set", "lo", "up")
        self.podman("pull", "-q", f"oci:{DIST / 'image'}:{VERSION}")
        self.podman("tag", self.podman("images", "-q").split()[0], "localhost/inference-grpc:v1")
        self.podman("play", "kube", folder / "kube.yaml")

    def command(self, *words: object) -> list[str]:
        return ["nsenter", "-t", str(self._network.pid), "-n", *map(str, words)]

    def inside(self, *words: object) -> str:
        environment = {**os.environ, "CONTAINERS_CONF": f"{self.folder}/containers.conf"}
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def podman(self, *words: object) -> str:
        return self.inside(*self._base, *words)

    def addresses(self) -> list[str]:
        where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        names = self.podman("ps", "-q", "--filter", "name=infra").split()
        return [self.podman("inspect", name, "--format", where) for name in names]

    def curl(self, *words: object) -> str:
        return self.inside("curl", "-s", "--noproxy", "*", "--max-time", "30", *words)

    def stop(self) -> None:
        self.podman("pod", "rm", "-f", "-a")
        self._network.kill()
        self._network.wait()


@pytest.fixture
def pods():
    made("image")
    if os.geteuid() != 0 or not Path("/usr/lib/cni/bridge").exists():
        pytest.skip("skipped: not root, or no plugins for pods' networks; tools/setup.sh package-test brings them")
    for name in ("podman", "runc", "catatonit", "iptables"):
        program(name)
    folder = Path(tempfile.mkdtemp(prefix="pods"))
    running = Pods(folder)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


def recognised(pods: Pods) -> list[int]:
    """Faces in the answers to a dozen calls through Envoy."""
    picture = (
        "--data-binary",
        f"@{SAMPLE}",
        "-H",
        "Content-Type: image/jpeg",
        "http://127.0.0.1:8080/api/v1/recognize",
    )
    return [len(json.loads(pods.curl(*picture)).get("faces", [])) for _ in range(12)]


def test_three_pods_behind_envoy_and_the_loss_of_one(pods):
    replicas = [f"{address}:50051" for address in pods.addresses()]
    assert len(replicas) == 3
    named = [word for replica in replicas for word in ("--replica", replica)]
    config = pods.folder / "envoy.json"
    config.write_text(rendered(*named, "--listen", "127.0.0.1:8080", "--admin", "127.0.0.1:9901"))
    with open(pods.folder / "envoy.log", "wb") as log:
        envoy = subprocess.Popen(
            pods.command(envoy_binary(), "-c", config, "--use-dynamic-base-id"), stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + 60
        while True:
            time.sleep(0.3)
            shown = subprocess.run(
                pods.command("curl", "-s", "http://127.0.0.1:9901/clusters"), capture_output=True, text=True
            )
            if sum("inference_cluster" in line and "::healthy" in line for line in shown.stdout.splitlines()) == 3:
                break
            assert time.monotonic() < end, shown.stdout
        assert recognised(pods) == [1] * 12
        for replica in replicas:
            metrics = pods.curl(f"http://{replica.partition(':')[0]}:9090/metrics")
            assert 'method="ai.inference.ImageRecognition/Recognize"' in metrics, "each of them has answered"
        pods.podman("kill", "inference-deployment-pod-1-sluice")
        assert recognised(pods) == [1] * 12
    finally:
        envoy.kill()
        envoy.wait()
