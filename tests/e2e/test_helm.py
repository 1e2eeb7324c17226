"""deploy/helm: the chart renders what deploy/kubernetes has, in every variant objects that Kubernetes accepts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from conftest import BINARY, ROOT, Server
from programs import program
from test_kubernetes import FOLDER, OTHERS, VERSIONS, faults, objects

CHART = ROOT / "deploy/helm/sluice"
OWN = {"app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"}


def helm(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([program("helm"), *arguments], capture_output=True, text=True)


def rendered(values: dict | None = None, version: str = VERSIONS[0], tmp_path: Path | None = None) -> list[dict]:
    more = []
    if values:
        (tmp_path / "values.yaml").write_text(json.dumps(values))
        more = ["-f", tmp_path / "values.yaml"]
    run = helm("template", "inference", CHART, "--kube-version", version, *more)
    assert run.returncode == 0, run.stderr
    return [one for one in yaml.safe_load_all(run.stdout) if one]


def the(objects_: list[dict], kind: str) -> dict:
    (found,) = (one for one in objects_ if one["kind"] == kind)
    return found


def test_lint():
    run = helm("lint", CHART, "--strict", "--kube-version", VERSIONS[0])
    assert run.returncode == 0, run.stdout + run.stderr


MATRIX = {
    "plain": {},
    "latency": {"autoscaling": {"metric": "latency", "latency": "80m"}},
    "cpu": {"autoscaling": {"metric": "cpu", "cpu": 60}},
    "keda": {"autoscaling": {"metric": "keda"}},
    "fixed": {"autoscaling": {"enabled": False}, "replicaCount": 5},
    "redis": {"redis": {"address": "redis:6379", "passwordSecret": "redis"}},
    "digest": {"image": {"repository": "registry.example/sluice", "digest": "sha256:" + "0" * 64}},
    "bare": {"podDisruptionBudget": {"enabled": False}, "networkPolicy": {"enabled": False}, "breakerRules": []},
    "placed": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "inference", "operator": "Exists"}],
        "podAnnotations": {"a": "b"},
        "extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
        "imagePullSecrets": [{"name": "registry"}],
        "serviceMonitor": {"enabled": True},
        "networkPolicy": {"egressPorts": []},
    },
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_kubernetes_accepts_every_variant(tmp_path, values, version):
    found = rendered(values, version, tmp_path)
    assert len(found) >= 6
    for one in found:
        if one["kind"] not in ("ScaledObject", "ServiceMonitor"):
            assert faults(one, version) == "", one["kind"]


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 3},
        {"autoscaling": {"metric": "latency_p99"}},
        {"image": {"repository": ""}},
        {"redis": {"address": "redis"}},
        {"drainDelayMs": "5s"},
        {"fullnameOverride": "Inference"},
    ],
    ids=json.dumps,
)
def test_wrong_values_are_refused(tmp_path, values):
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    assert helm("template", "x", CHART, "--kube-version", VERSIONS[0], "-f", tmp_path / "values.yaml").returncode != 0


def comparable(one: dict) -> dict:
    """Without what only one of the two has: Helm's labels, the checksum, defaults that are said."""
    one = json.loads(json.dumps(one))
    for name in OWN:
        one["metadata"]["labels"].pop(name, None)
    spec = one.get("spec", {})
    if one["kind"] == "Deployment":
        spec.pop("replicas", None)  # the autoscaler's, in the chart
        spec["template"]["metadata"].pop("annotations", None)
        spec["template"]["spec"]["containers"][0].pop("imagePullPolicy", None)
    elif one["kind"] == "Service":
        if spec.get("type") == "ClusterIP":
            del spec["type"]
        spec.pop("trafficDistribution", None)  # by Kubernetes' version, in the chart
    elif one["kind"] == "ConfigMap":
        one["data"] = {name: yaml.safe_load(text) for name, text in one["data"].items()}
    elif one["kind"] == "NetworkPolicy":
        for rule in spec["egress"] + spec["ingress"]:
            rule["ports"] = sorted(rule["ports"], key=str)
    return one


def test_the_plain_files_are_what_the_chart_renders():
    def by_name(found: list[dict]) -> dict:
        return {(one["kind"], one["metadata"]["name"]): comparable(one) for one in found}

    chart = [one for one in rendered() if "helm.sh/hook" not in one["metadata"].get("annotations", {})]
    assert by_name(chart) == by_name(objects("inference.yaml", "hpa.yaml"))
    assert {file.name for file in FOLDER.glob("*.yaml")} - set(OTHERS) == {
        "inference.yaml",
        "hpa.yaml",
        "hpa-latency.yaml",
        "hpa-cpu.yaml",
    }


@pytest.mark.parametrize("metric", ["latency", "cpu", "keda"])
def test_the_other_autoscalers_are_the_same_too(tmp_path, metric):
    kind = "ScaledObject" if metric == "keda" else "HorizontalPodAutoscaler"
    (plain,) = objects("keda.yaml" if metric == "keda" else f"hpa-{metric}.yaml")
    assert comparable(the(rendered({"autoscaling": {"metric": metric}}, tmp_path=tmp_path), kind)) == comparable(plain)


def test_pods_are_replaced_when_the_configuration_changes_and_only_then(tmp_path):
    def checksum(values: dict) -> str:
        deployment = the(rendered(values, tmp_path=tmp_path), "Deployment")
        return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum({"replicaCount": 3}) == checksum({"replicaCount": 4})
    assert checksum({}) != checksum({"config": {"deadlines": {"default_ms": 1000}}})


def test_the_server_starts_with_what_values_make_of_its_configuration(tmp_path):
    values = {
        "config": {"deadlines": {"default_ms": 2000}, "trusted_proxies": ["10.0.0.0/8"], "drain": {"delay_ms": 0}},
        "redis": {"address": "127.0.0.1:1"},
    }
    data = the(rendered(values, tmp_path=tmp_path), "ConfigMap")["data"]
    (tmp_path / "rules.json").write_text(data["rules.json"])
    config = yaml.safe_load(data["sluice.yaml"])
    assert config["deadlines"] == {"default_ms": 2000} and config["drain"] == {"delay_ms": 0, "timeout_ms": 30000}
    for listener in config["listeners"]:
        listener["address"] = listener["address"].split(":")[0] + ":0"
    config["breaker"]["rules"] = str(tmp_path / "rules.json")
    assert Server(tmp_path, config=yaml.safe_dump(config)).stop() == 0


def test_the_test_pod_makes_a_call_that_the_program_knows(server):
    pod = next(one for one in rendered() if one["kind"] == "Pod")
    arguments = [server.url if word.startswith("http://") else word for word in pod["spec"]["containers"][0]["args"]]
    run = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
    assert run.returncode == 0 and "体育" in run.stdout, run.stdout + run.stderr
