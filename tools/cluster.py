"""make cluster: three replicas of build/sluice behind Envoy or nginx, with Redis and Prometheus, all on loopback.

    tools/cluster.py up [nginx] [--offset N]     starts it, waits until it serves, says where
    tools/cluster.py status [--once]             a table of the replicas
    tools/cluster.py down                        stops it, the proxy first

Each process has its log and its process id in .cache/cluster (or $SLUICE_CLUSTER). --offset is added to every port.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import yaml

import cluster_status

ROOT = Path(__file__).resolve().parents[1]
BINARY = Path(os.environ.get("SLUICE_BINARY", ROOT / "build/sluice"))
FOLDER = Path(os.environ.get("SLUICE_CLUSTER", ROOT / ".cache/cluster"))
PORTS = {
    "inference-1": 50051,
    "inference-2": 50052,
    "inference-3": 50053,
    "proxy": 8080,
    "tls": 8443,
    "proxy-admin": 9901,
    "grpc": 50050,  # nginx's second port
    "redis": 16379,
    "prometheus": 9090,
}
REPLICAS = ("inference-1", "inference-2", "inference-3")


def program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([str(ROOT / ".deps/bin"), os.environ["PATH"], "/usr/sbin"]))


class Cluster:
    def __init__(self, offset: int):
        self.ports = {name: port + offset for name, port in PORTS.items()}

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def start(self, name: str, *command: str | Path) -> None:
        """As nobody's child: Envoy ends with its parent."""
        file = FOLDER / f"{name}.pid"
        adopted = ["setsid", "--fork", "sh", "-c", 'echo $$ >"$0"; exec "$@"', file, *command]
        with open(FOLDER / f"{name}.log", "ab") as log:
            subprocess.run(adopted, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, check=True)
        while not file.exists() or not file.read_text():
            time.sleep(0.005)
        pid = int(file.read_text())
        file.write_text(f"{pid} {start_time(pid)}")

    def redis(self) -> bool:
        found = program("redis-server")
        if found is None:
            print("no redis-server: replicas keep their records of answers to themselves")
            return False
        port = str(self.ports["redis"])
        self.start(
            "redis", found, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", FOLDER, "--maxmemory", "64mb"
        )
        return True

    def replica(self, name: str, redis: bool) -> None:
        config: dict = {
            "listeners": [{"address": self.address(name)}],
            "trusted_proxies": ["127.0.0.1", "::1"],
            "breaker": {"rules": str(ROOT / "deploy/sentinel/rules.json")},
            "logs": {"access": str(FOLDER / f"{name}.access.log")},
        }
        if redis:
            config |= {"idempotency": {"store": "redis"}, "redis": {"address": self.address("redis")}}
        file = FOLDER / f"{name}.yaml"
        file.write_text(yaml.safe_dump(config))
        self.start(name, BINARY, "serve", "--config", file, "--models", ROOT / "models")

    def certificate(self) -> tuple[Path, Path]:
        certificate, key = FOLDER / "tls.crt", FOLDER / "tls.key"
        if not certificate.exists():
            subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
            command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", *subject]
            subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    def envoy(self) -> None:
        certificate, key = self.certificate()
        words = [word for name in REPLICAS for word in ("--replica", self.address(name))]
        words += ["--listen", self.address("proxy"), "--admin", self.address("proxy-admin")]
        words += ["--tls", self.address("tls"), "--certificate", str(certificate), "--key", str(key)]
        file = FOLDER / "envoy.json"
        with open(file, "wb") as out:
            subprocess.run([sys.executable, ROOT / "deploy/envoy/render.py", *words], check=True, stdout=out)
        self.start("proxy", ROOT / ".deps/venv/bin/envoy", "-c", file, "--use-dynamic-base-id", "-l", "warning")

    def nginx(self) -> None:
        found = program("nginx") or sys.exit("no nginx: tools/setup.sh cluster says why")
        folder = FOLDER / "nginx"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "deploy/nginx", folder)
        for file in folder.rglob("*.conf"):
            text = file.read_text()
            for name in REPLICAS:
                text = text.replace(f"{name}:50051", self.address(name))
            text = text.replace("listen 8080", f"listen {self.address('proxy')}")
            text = text.replace("listen 50050", f"listen {self.address('grpc')}")
            kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            paths = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
            file.write_text(
                text.replace("http {\n", "http {\n" + paths).replace("worker_processes", "daemon off; worker_processes")
            )
        self.start("proxy", found, "-p", folder, "-c", "nginx.conf", "-e", "stderr")

    def prometheus(self, proxy: str) -> bool:
        found = program("prometheus")
        if found is None:
            print("no prometheus: tools/setup.sh cluster says why")
            return False
        document = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
        document["global"] = {"scrape_interval": "5s", "evaluation_interval": "5s"}
        document["rule_files"] = [str(ROOT / "deploy/observability/prometheus/rules/*.yml")]
        targets = {"sluice": [self.address(name) for name in REPLICAS], "envoy": [self.address("proxy-admin")]}
        if proxy != "envoy":
            document["scrape_configs"] = [job for job in document["scrape_configs"] if job["job_name"] != "envoy"]
        for job in document["scrape_configs"]:
            job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        (FOLDER / "prometheus.yml").write_text(yaml.safe_dump(document))
        listen = f"--web.listen-address={self.address('prometheus')}"
        self.start(
            "prometheus", found, f"--config.file={FOLDER}/prometheus.yml", f"--storage.tsdb.path={FOLDER}/data", listen
        )
        return True


def start_time(pid: int) -> str:
    """Of a process that runs, else empty: its id may have been given to another one since."""
    with contextlib.suppress(OSError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "" if state == "Z" else fields[18]
    return ""


def process_of(name: str) -> int | None:
    """The id, while it runs."""
    with contextlib.suppress(OSError, ValueError):
        pid, began = (FOLDER / f"{name}.pid").read_text().split()
        return int(pid) if start_time(int(pid)) == began else None
    return None


def running() -> list[str]:
    return [file.stem for file in sorted(FOLDER.glob("*.pid")) if process_of(file.stem)]


def wait_until_served(cluster: Cluster) -> None:
    urls = {name: f"http://{cluster.address(name)}/readyz" for name in (*REPLICAS, "proxy")}
    end = time.monotonic() + 120
    while urls:
        for name, url in list(urls.items()):
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                del urls[name]
                continue
            if process_of(name) is None or time.monotonic() > end:
                tail = (FOLDER / f"{name}.log").read_text(errors="replace")[-2000:]
                down()
                sys.exit(f"{name} does not serve; the end of {FOLDER}/{name}.log:\n{tail}")
        time.sleep(0.2)


def up(arguments: argparse.Namespace) -> None:
    if running():
        sys.exit(f"it runs already: {', '.join(running())}; make cluster-down stops it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in [*FOLDER.glob("*.log"), *FOLDER.glob("*.pid")]:
        old.unlink()
    cluster = Cluster(arguments.offset)
    (FOLDER / "ports.json").write_text(json.dumps(cluster.ports))
    redis = cluster.redis()
    for name in REPLICAS:
        cluster.replica(name, redis)
    cluster.nginx() if arguments.proxy == "nginx" else cluster.envoy()
    prometheus = cluster.prometheus(arguments.proxy)
    wait_until_served(cluster)
    cluster_status.show(FOLDER, once=True)
    print(f"\n  everything   http://{cluster.address('proxy')}/   (gRPC, gRPC-Web, REST, WebSocket)")
    if arguments.proxy == "nginx":
        print(f"  gRPC         {cluster.address('grpc')}")
    else:
        print(f"  TLS, HTTP/3  https://{cluster.address('tls')}/   (certificate: {FOLDER}/tls.crt)")
        print(f"  Envoy        http://{cluster.address('proxy-admin')}/clusters")
    if prometheus:
        print(f"  Prometheus   http://{cluster.address('prometheus')}/alerts")
    print(
        f"  logs         {FOLDER}/*.log\n\nmake cluster-status shows the replicas, make cluster-down stops everything."
    )


def down() -> None:
    """The proxy first, then what it stands in front of; a replica drains."""
    for name in ("proxy", "prometheus", *REPLICAS, "redis"):
        pid = process_of(name)
        if pid is None:
            continue
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 40
        while process_of(name):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        print(f"{name} stopped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up")
    starting.add_argument("proxy", nargs="?", choices=["envoy", "nginx"], default="envoy")
    starting.add_argument("--offset", type=int, default=0)
    showing = commands.add_parser("status")
    showing.add_argument("--once", action="store_true")
    commands.add_parser("down")
    arguments = parser.parse_args()
    if arguments.command == "up":
        up(arguments)
    elif arguments.command == "down":
        down()
    else:
        cluster_status.show(FOLDER, once=arguments.once)


if __name__ == "__main__":
    main()
