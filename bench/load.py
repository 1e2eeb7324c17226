"""What the benchmarks share: servers of a run, h2load, counters."""

from __future__ import annotations

import json
import re
import statistics
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))
from ports import free_port  # noqa: E402, F401


def cpu_seconds(pid: int) -> float:
    """The process's own CPU clock, as the kernel names it: to the nanosecond, where /proc has ticks of 10 ms."""
    return time.clock_gettime(~pid << 3 | 2)


def thread_seconds(pid: int) -> dict[str, float]:
    """CPU of the threads that there are, by name."""
    spent: dict[str, float] = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        name = (thread / "comm").read_text().strip()
        spent[name] = spent.get(name, 0.0) + int((thread / "schedstat").read_text().split()[0]) / 1e9
    return spent


class Process:
    """A server of this run; stopped with it."""

    def __init__(self, args: list, cwd: Path = ROOT):
        self.child = subprocess.Popen(
            [str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=cwd
        )
        self.lines = []
        for line in self.child.stdout:
            self.lines.append(line.strip())
            if line.strip() == "ready":
                return
        sys.exit(f"{args[0]} did not start")

    @property
    def pid(self) -> int:
        return self.child.pid

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)


def frame(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


def field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    out, size = bytes([number << 3 | 2]), len(data)
    while size > 127:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size]) + data


class Measured:
    """What one run of a load cost, per call. `p99` in seconds, where it was asked for."""

    def __init__(self, cpu: float, wall: float, p99: float):
        self.cpu, self.wall, self.p99 = cpu, wall, p99


class Load:
    """One kind of request, sent by h2load."""

    def __init__(self, name: str, folder: Path, body: bytes, path: str, headers: list[str], http1: bool = False):
        self.name, self.path, self.headers, self.http1 = name, path, headers, http1
        self.file = folder / re.sub(r"\W+", "_", name)
        self.file.write_bytes(body)

    def run(
        self, server: Process, port: int, calls: int, in_flight: int, *, counted: bool = True, latencies: bool = False
    ) -> Measured:
        """Server CPU and wall time per call. Ends the program when a call failed; `counted`: by the server's own
        metrics too."""
        clients = max(1, int(in_flight**0.5)) if not self.http1 else in_flight
        streams = max(1, in_flight // clients)
        command = [
            "h2load",
            "-n",
            str(calls),
            "-c",
            str(clients),
            "-m",
            str(1 if self.http1 else streams),
            "-t",
            "1",
            "-d",
            str(self.file),
        ]
        if self.http1:
            command.append("--h1")
        for header in self.headers:
            command += ["-H", header]
        log = self.file.with_suffix(".log")
        if latencies:
            log.unlink(missing_ok=True)
            command.append(f"--log-file={log}")
        succeeded = successes(port) if counted else 0.0
        before, start = cpu_seconds(server.pid), time.monotonic()
        out = subprocess.run([*command, f"http://127.0.0.1:{port}{self.path}"], capture_output=True, text=True).stdout
        cpu, wall = cpu_seconds(server.pid) - before, time.monotonic() - start
        if f"{calls} succeeded" not in out:
            sys.exit(f"{self.name}: not every call succeeded\n{out}")
        if counted and successes(port) - succeeded < calls:
            sys.exit(f"{self.name}: the server counted fewer successes than calls")
        took = sorted(int(line.split()[2]) for line in log.read_text().splitlines()) if latencies else [0]
        return Measured(cpu / calls, wall / calls, took[len(took) * 99 // 100] / 1e6)


def successes(port: int) -> float:
    """Calls that the server says went well."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("ai_inference_requests_success_total{")
    )


def median(values: list[float]) -> float:
    return statistics.median(values)


def start_sluice(build: Path, models: list[Path], log: Path) -> tuple[Process, int]:
    port = free_port()
    config = log.with_suffix(".yaml")
    extra = ", ".join(str(m) for m in models[1:])
    config.write_text(f"models: {{root: {models[0]}, extra_roots: [{extra}]}}\nlogs: {{access: {log}}}\n")
    return Process([build / "sluice", "serve", "--config", config, "--listen", f"127.0.0.1:{port}"]), port


def raw(program: Path, root: Path, model: str, file: Path, count: int, threads: int) -> Measured:
    """The pipeline of `model` without a server, per step."""
    args = [program, root, model, file, str(count), str(threads)]
    out = json.loads(subprocess.run(args, capture_output=True, text=True, check=True).stdout)
    return Measured(out["cpu_s"] / count, out["wall_s"] / count, 0)
