"""make k8s: deploy/kubernetes and the chart before a real API server, the autoscaler's figures from a real Prometheus
through the real prometheus-adapter, and how many replicas the real autoscaler wants for them. Only the pods are not
real."""

from __future__ import annotations

import time

import pytest
import requests

from conftest import Server, sample  # noqa: F401
from control_plane import BIN, ControlPlane, from_module
from metrics import Pods, adapter, prometheus, value
from test_helm import MATRIX, rendered
from test_kubernetes import FILES, objects

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
KUBERNETES = "1.33.13"  # tools/kube.sh builds it
HPA = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/inference-hpa"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/inference-deployment"
KEDA = ("github.com/kedacore/keda/v2", "v2.20.2", "config/crd/bases/keda.sh_scaledobjects.yaml")
OPERATOR = (
    "github.com/prometheus-operator/prometheus-operator",
    "v0.85.0",
    "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    for name in ("kube-apiserver", "kube-controller-manager", "prometheus-adapter"):
        if not (BIN / name).exists():
            pytest.skip(f"skipped: no {name}; make k8s builds it")
    running = ControlPlane(tmp_path_factory.mktemp("kube"))
    yield running
    running.stop()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_api_server_accepts_the_plain_files(plane, file):
    for one in objects(file.name):
        assert plane.apply(one, dry=True) == "", one["metadata"]["name"]


@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_the_api_server_accepts_the_chart(plane, values, tmp_path):
    for one in rendered(values, KUBERNETES, tmp_path):
        if one["kind"] not in ("ScaledObject", "ServiceMonitor"):
            assert plane.apply(one, dry=True) == "", one["kind"]


def test_it_refuses_what_is_wrong(plane):
    (wrong,) = objects("hpa.yaml")
    wrong["spec"]["behavior"]["scaleUp"]["selectPolicies"] = "Max"
    assert "selectPolicies" in plane.apply(wrong, dry=True)


@pytest.mark.parametrize("file, crd", [("keda.yaml", KEDA), ("servicemonitor.yaml", OPERATOR)], ids=["keda", "monitor"])
def test_objects_of_operators_fit_their_definitions(plane, file, crd):
    for one in from_module(*crd):
        assert plane.apply(one) == ""
        group, version = one["spec"]["group"], one["spec"]["versions"][0]["name"]
    plane.wait_for(group, lambda: plane._answers(f"/apis/{group}/{version}"))
    time.sleep(1)
    (right,) = objects(file)
    assert plane.apply(right, dry=True) == ""
    right["spec"]["colour"] = "blue"
    assert "colour" in plane.apply(right, dry=True)


def replicas(plane) -> int:
    return plane.get(DEPLOYMENT)["spec"]["replicas"]


def settle(plane, *expected: int, seconds: float = 120) -> list[int]:
    """The numbers of replicas on the way there, which then stays for 10 s."""
    seen, since, end = [replicas(plane)], time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < end:
        now = replicas(plane)
        if now != seen[-1]:
            seen.append(now)
            since = time.monotonic()
        if now in expected and time.monotonic() - since > 10:
            return seen
        time.sleep(0.3)
    status = plane.get(HPA)["status"]
    pytest.fail(f"{seen}, expected {expected}: {status}")


def hurried(one: dict) -> dict:
    """The same autoscaler with a clock that goes thirty times as fast."""
    for rules in one["spec"]["behavior"].values():
        rules["stabilizationWindowSeconds"] //= 30
        for policy in rules["policies"]:
            policy["periodSeconds"] = max(1, policy["periodSeconds"] // 30)
    return one


def test_the_worked_example(plane, tmp_path):
    """deploy/kubernetes/README.md has it as a table."""
    for one in objects("inference.yaml"):
        assert plane.apply(one) == ""
    plane.wait_for("three pods", lambda: len(plane.pods()) == 3)
    pods = Pods(plane)
    try:
        pods.work = 2.1
        jobs = [{"job_name": "sluice", "honor_labels": True, "static_configs": [{"targets": [pods.address]}]}]
        adapter(plane, tmp_path, prometheus(plane, tmp_path, jobs), "5s")
        metric = "sluice_worker_utilization"
        plane.wait_for(metric, lambda: list(value(plane, metric).values()) == ["700m"] * 3)
        (autoscaler,) = objects("hpa.yaml")
        assert plane.apply(hurried(autoscaler)) == ""
        assert settle(plane, 3) == [3], "70 % is what is aimed at"
        pods.work = 2.25
        assert settle(plane, 3) == [3], "75 %: within the autoscaler's tolerance of a tenth"
        # 6 workers' worth: the autoscaler rests wherever they are 63 to 77 % busy, and comes there from both sides,
        # because the average is behind.
        for work, expected in ((2.85, [5]), (6.0, [8, 9]), (9.0, [10]), (1.0, [2])):
            pods.work = work
            print(work, settle(plane, *expected))
    finally:
        pods.stop()


def test_the_adapter_answers_from_real_replicas(tmp_path, plane, sample):  # noqa: F811
    """Metrics as the server writes them, the rules as they are."""
    servers = []
    try:
        for index in range(3):
            (tmp_path / str(index)).mkdir()
            servers.append(Server(tmp_path / str(index), listeners=1))
        names = [f"real-{index}" for index in range(3)]
        targets = [
            {"targets": [server.address], "labels": {"namespace": "default", "pod": name}}
            for server, name in zip(servers, names, strict=True)
        ]
        for name in names:
            pod = {
                "metadata": {"name": name},
                "spec": {"containers": [{"name": "sluice", "image": "inference-grpc:v1"}]},
            }
            assert plane.apply({"apiVersion": "v1", "kind": "Pod", **pod}) == ""
        url = prometheus(plane, tmp_path, [{"job_name": "sluice", "static_configs": targets}])
        adapter(plane, tmp_path, url, "1m")

        def asked() -> bool:
            for server in servers:
                requests.post(f"{server.url}/api/v1/recognize", sample, headers={"Content-Type": "image/jpeg"})
            found = [value(plane, name) for name in ("sluice_worker_utilization", "ai_inference_latency_seconds")]
            return all(set(names) <= set(one) and all(one[name] != "0" for name in names) for one in found)

        plane.wait_for("an answer for each real replica", asked, 60)
        print(value(plane, "sluice_worker_utilization"), value(plane, "ai_inference_latency_seconds"))
    finally:
        for server in servers:
            server.stop()
