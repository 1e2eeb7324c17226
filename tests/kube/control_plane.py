"""A Kubernetes without machines: etcd, kube-apiserver, the controllers that scaling needs, and a stand-in for the
kubelets, which says of every pod that it is ready. All of it on loopback, with keys of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import requests
import yaml

from conftest import ROOT
from ports import free_port
from programs import program

TOKEN = "throw-away"
BIN = ROOT / ".deps/kube/bin"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def keys(folder: Path) -> None:
    """For service accounts, and for the aggregator, which speaks to the adapter in the names of others."""
    openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    new = ["req", "-newkey", "rsa:2048", "-nodes"]
    openssl(folder, *new, "-x509", "-days", "2", "-subj", "/CN=front-proxy-ca", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(folder, *new, "-subj", "/CN=front-proxy", "-keyout", "proxy.key", "-out", "proxy.csr")
    sign = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
    openssl(folder, "x509", "-req", "-in", "proxy.csr", *sign, "-out", "proxy.crt")
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,1,"system:masters"\n')


class ControlPlane:
    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"https://127.0.0.1:{free_port()}"
        self.session = requests.Session()
        self.session.verify, self.session.trust_env = False, False
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        self.undo = contextlib.ExitStack()
        self.stopped = threading.Event()
        keys(folder)
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self._kubeconfig()))
        try:
            self._etcd()
            self._apiserver()
            self._controllers()
        except BaseException:
            self.stop()
            raise
        self.wait_for("no service account", lambda: self._answers("/api/v1/namespaces/default/serviceaccounts/default"))
        kubelets = threading.Thread(target=self._kubelets)
        kubelets.start()
        self.undo.callback(kubelets.join)
        self.undo.callback(self.stopped.set)

    def _kubeconfig(self) -> dict:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
            "current-context": "here",
        }

    def start(self, name: str, *command: str | Path) -> None:
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.undo.callback(process.wait, 30)
        self.undo.callback(process.terminate)

    def wait_for(self, what: str, true, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{what}; logs in {self.folder}"
            time.sleep(0.2)

    def _etcd(self) -> None:
        self.etcd = f"http://127.0.0.1:{free_port()}"
        peers = f"http://127.0.0.1:{free_port()}"
        urls = ["--listen-client-urls", self.etcd, "--advertise-client-urls", self.etcd, "--listen-peer-urls", peers]
        more = ["--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}", "--log-level", "warn"]
        self.start("etcd", program("etcd"), "--data-dir", self.folder / "etcd", *urls, *more)

    def _apiserver(self) -> None:
        options = {
            "etcd-servers": self.etcd,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": self.url.split(":")[-1],
            "endpoint-reconciler-type": "none",
            "service-cluster-ip-range": "10.0.0.0/24",
            "cert-dir": "certs",
            "token-auth-file": "tokens.csv",
            "authorization-mode": "AlwaysAllow",
            "service-account-issuer": "https://localhost",
            "service-account-key-file": "accounts.key",
            "service-account-signing-key-file": "accounts.key",
            "requestheader-client-ca-file": "ca.crt",
            "requestheader-allowed-names": "front-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": "proxy.crt",
            "proxy-client-key-file": "proxy.key",
        }
        self.start("apiserver", BIN / "kube-apiserver", *(f"--{name}={value}" for name, value in options.items()))
        self.wait_for("kube-apiserver is not ready", lambda: self._answers("/readyz"))

    def _controllers(self) -> None:
        names = ("deployment", "replicaset", "horizontal-pod-autoscaler", "serviceaccount")
        scaling = "--horizontal-pod-autoscaler"
        self.start(
            "controllers",
            BIN / "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            "--leader-elect=false",
            "--controllers=" + ",".join(f"{name}-controller" for name in names),
            f"{scaling}-sync-period=2s",
            f"{scaling}-initial-readiness-delay=1s",
        )

    def _answers(self, path: str) -> bool:
        try:
            return self.session.get(self.url + path, timeout=10).ok
        except requests.RequestException:
            return False

    def get(self, path: str) -> dict:
        answer = self.session.get(self.url + path, timeout=10)
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()

    def path_of(self, one: dict, namespace: str = "default") -> str:
        version = one["apiVersion"]
        base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        (kind,) = (
            kind for kind in self.get(base)["resources"] if kind["kind"] == one["kind"] and "/" not in kind["name"]
        )
        within = f"/namespaces/{one['metadata'].get('namespace', namespace)}" if kind["namespaced"] else ""
        return f"{base}{within}/{kind['name']}"

    def apply(self, one: dict, dry: bool = False) -> str:
        """As kubectl apply --server-side --validate=strict; what the server has against it, or ''."""
        answer = self.session.patch(
            f"{self.url}{self.path_of(one)}/{one['metadata']['name']}",
            json.dumps(one).encode(),
            params={
                "fieldManager": "test",
                "fieldValidation": "Strict",
                "force": "true",
                **({"dryRun": "All"} if dry else {}),
            },
            headers={"Content-Type": "application/apply-patch+yaml"},
            timeout=30,
        )
        return "" if answer.ok else answer.json()["message"]

    def pods(self) -> list[str]:
        found = self.get("/api/v1/namespaces/default/pods")["items"]
        return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def _kubelets(self) -> None:
        while not self.stopped.wait(0.5):
            with contextlib.suppress(requests.RequestException, AssertionError):
                for pod in self.get("/api/v1/pods")["items"]:
                    if pod["status"].get("phase") != "Running":
                        self._is_ready(pod["metadata"])

    def _is_ready(self, pod: dict) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
        self.session.patch(
            f"{self.url}/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}/status",
            json.dumps({"status": {"phase": "Running", "startTime": now, "conditions": conditions}}).encode(),
            headers={"Content-Type": "application/merge-patch+json"},
            timeout=10,
        )

    def stop(self) -> None:
        self.undo.close()


def from_module(module: str, version: str, path: str) -> list[dict]:
    """Objects of a file that a Go module has."""
    if shutil.which("go") is None:
        return []
    run = subprocess.run(["go", "mod", "download", "-json", f"{module}@{version}"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return list(yaml.safe_load_all((Path(json.loads(run.stdout)["Dir"]) / path).read_text()))
