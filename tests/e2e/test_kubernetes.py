"""deploy/kubernetes: objects that Kubernetes accepts, around a configuration that the server accepts."""

from __future__ import annotations

import copy
import subprocess

import pytest
import requests
import yaml

from conftest import ROOT, Server

FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.36.0", "1.37.0")
# Of operators: no schema of Kubernetes' own.
OTHERS = ("keda.yaml", "servicemonitor.yaml", "prometheus-adapter.yaml", "kustomization.yaml")
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name not in OTHERS)


def objects(*names: str) -> list[dict]:
    return [one for name in names for one in yaml.safe_load_all((FOLDER / name).read_text())]


def the(kind: str, name: str | None = None) -> dict:
    (found,) = (
        one for one in objects("inference.yaml") if one["kind"] == kind and name in (None, one["metadata"]["name"])
    )
    return found


def faults(document: dict, version: str) -> str:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="skipped: no kubernetes-validate")
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    return ""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_kubernetes_accepts_it(file, version):
    for one in objects(file.name):
        assert faults(one, version) == "", one["metadata"]["name"]


def test_a_wrong_object_is_found():
    wrong = copy.deepcopy(the("Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["imagePullPolic"] = "Always"
    assert faults(wrong, VERSIONS[0])
    (autoscaler,) = objects("hpa.yaml")
    autoscaler["spec"]["maxReplicas"] = "ten"
    assert faults(autoscaler, VERSIONS[0])


def test_kustomize_puts_it_together():
    try:
        run = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("skipped: no kubectl")
    assert run.returncode == 0, run.stderr
    kinds = sorted(one["kind"] for one in yaml.safe_load_all(run.stdout))
    assert kinds == sorted(one["kind"] for one in objects("inference.yaml", "hpa.yaml"))


def test_names_and_selectors_fit():
    pod = the("Deployment")["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    for name in ("inference", "inference-headless"):
        service = the("Service", name)["spec"]
        assert service["selector"].items() <= labels and {port["targetPort"] for port in service["ports"]} <= ports
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        spec = the(kind)["spec"]
        assert (spec.get("selector") or spec["podSelector"])["matchLabels"].items() <= labels
    for name in ("hpa.yaml", "hpa-latency.yaml", "hpa-cpu.yaml", "keda.yaml"):
        (scaler,) = objects(name)
        assert scaler["spec"]["scaleTargetRef"]["name"] == "inference-deployment"
    rules = objects("prometheus-adapter.yaml")[0]["rules"]["custom"]
    asked = {
        metric["pods"]["metric"]["name"]
        for name in ("hpa.yaml", "hpa-latency.yaml")
        for metric in objects(name)[0]["spec"]["metrics"]
    }
    assert asked == {rule["name"]["as"] for rule in rules}


def test_the_grace_period_is_the_drain_and_five_seconds():
    drain = yaml.safe_load(the("ConfigMap")["data"]["sluice.yaml"])["drain"]
    grace = the("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace == (drain["delay_ms"] + drain["timeout_ms"]) / 1000 + 5


def test_the_server_starts_with_it_and_answers_its_probes(tmp_path):
    data = the("ConfigMap")["data"]
    (tmp_path / "rules.json").write_text(data["rules.json"])
    config = yaml.safe_load(data["sluice.yaml"])
    ports = [int(listener["address"].split(":")[1]) for listener in config["listeners"]]
    container = the("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert {port["containerPort"] for port in container["ports"]} <= set(ports)
    for listener in config["listeners"]:
        listener["address"] = listener["address"].split(":")[0] + ":0"
    config["breaker"]["rules"] = str(tmp_path / "rules.json")
    config["drain"]["delay_ms"] = 0
    server = Server(tmp_path, config=yaml.safe_dump(config))
    try:
        where = dict(zip(ports, (address.split(":")[1] for address in server.addresses), strict=True))
        by_name = {port["name"]: where[port["containerPort"]] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            get = container[probe]["httpGet"]
            # As the kubelet does, by the pod's address.
            url = f"http://127.0.0.1:{by_name[get['port']]}{get['path']}"
            assert requests.get(url, headers={"Host": "10.1.2.3:50051"}).status_code == 200, probe
        url = f"http://127.0.0.1:{by_name['grpc']}"
        named = {"Host": "inference.default.svc.cluster.local:50051"}
        assert requests.post(f"{url}/api/v1/classify", json={"texts": ["a"]}, headers=named).status_code == 200
        assert requests.get(f"{url}/metrics").status_code != 200, "metrics have a port of their own"
        text = requests.get(f"http://127.0.0.1:{by_name['metrics']}/metrics", headers={"Host": "10.1.2.3:9090"}).text
        assert text.count("ai_inference_worker_utilization{") == config["workers"]["count"]
    finally:
        assert server.stop() == 0
