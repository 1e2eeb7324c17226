"""What the drills happen to: three replicas that share a Redis, behind Envoy. Replica 0 logs to a file system of its
own, replica 1 is reached through a proxy that can delay and swallow, replica 2 believes a clock that can be set; all of
them speak TLS, too."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from conftest import ROOT
from leases import TELLS, EndedLeases
from ports import free_port
from programs import program
from redis_server import RedisServer
from replicas import Replicas
from test_envoy import Envoy
from test_server import certificate

ZONES = ("--variant", "zones")
RULES = (
    '[{"resource": "ai.inference.ImageRecognition.Recognize", "ruleType": "DEGRADE", "count": %d, "timeWindow": 10}]'
)


class SmallDisk:
    """A file system of 64 MB."""

    def __init__(self, folder: Path):
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True).returncode:
            pytest.skip("skipped: no right to mount")

    def fill(self) -> None:
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        with contextlib.suppress(OSError), open(self.filler, "ab", buffering=0) as file:
            while True:
                file.write(bytes(16))

    def empty(self) -> None:
        self.filler.unlink()

    def stop(self) -> None:
        subprocess.run(["umount", "-l", self.folder], check=True)


class Toxiproxy:
    """Between Envoy and one replica."""

    def __init__(self, folder: Path, upstream: str):
        self.address, self.url = f"127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        command = [program("toxiproxy-server"), "-host", "127.0.0.1", "-port", self.url.split(":")[-1]]
        with open(folder / "toxiproxy.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            try:
                proxy = {"name": "replica", "listen": self.address, "upstream": upstream}
                requests.post(f"{self.url}/proxies", json=proxy, timeout=5).raise_for_status()
                return
            except requests.ConnectionError:
                assert time.monotonic() < end, (folder / "toxiproxy.log").read_text()
                time.sleep(0.05)

    def add(self, kind: str, **attributes: int) -> None:
        for stream in ("upstream", "downstream"):
            toxic = {"name": stream, "type": kind, "stream": stream, "attributes": attributes}
            requests.post(f"{self.url}/proxies/replica/toxics", json=toxic, timeout=5).raise_for_status()

    def clear(self) -> None:
        requests.post(f"{self.url}/reset", timeout=5).raise_for_status()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class FakeClock:
    """For the environment of a process, whose clock set() moves while it runs."""

    def __init__(self, folder: Path):
        self.file, library = folder / "clock", folder / "clock.so"
        self.set(0)
        source = Path(__file__).with_name("clock.c")
        compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
        if compiler is None:
            pytest.skip("skipped: no C compiler")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", source, "-o", library], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self.file)}

    def set(self, seconds: int) -> None:
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


class DrilledReplicas(Replicas):
    def __init__(self, folder: Path, redis: RedisServer):
        self.clock = FakeClock(folder)
        self.rules = folder / "rules.json"
        self.rules.write_text(RULES % 50)
        self.tls = [f"127.0.0.1:{free_port()}" for _ in range(3)]
        certificate(folder, "first")
        self.disk = SmallDisk(folder / "0")
        config = (
            f"idempotency: {{store: redis}}\nredis: {{address: '{redis.address}'}}\nbreaker: {{rules: {self.rules}}}"
        )
        with contextlib.ExitStack() as undo:
            undo.callback(self.disk.stop)
            super().__init__(folder, config)
            undo.pop_all()

    def _more_listeners(self, index: int) -> list[str]:
        tls = f"{{certificate: {self.folder}/tls.crt, key: {self.folder}/tls.key}}"
        return [f"{{address: {self.tls[index]}, tls: {tls}}}"]

    def _environment(self, index: int) -> dict[str, str]:
        return self.clock.environment if index == 2 else {}

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            self.disk.stop()


class HotEnvoy(Envoy):
    """An Envoy that is replaced while it runs: the new process takes over the sockets, the old one finishes."""

    # Within the first everybody is told to come again; the second is longer than any call may take (15 s).
    DRAIN_S, SHUTDOWN_S = 1, 17

    def __init__(self, folder: Path, replicas: list[str], sds: Path, *arguments: str):
        self.tls = f"127.0.0.1:{free_port()}"
        self.arguments = ("--tls", self.tls, "--sds", str(sds))
        self.base, self.epoch, self.old = str(random.randrange(1, 30000)), 0, None
        super().__init__(folder, replicas, *self.arguments, *arguments)

    def _start(self, *options: str):
        times = ["--drain-time-s", str(self.DRAIN_S), "--parent-shutdown-time-s", str(self.SHUTDOWN_S)]
        return super()._start("--base-id", self.base, "--restart-epoch", str(self.epoch), *times)

    def replace(self, replicas: list[str], *arguments: str) -> None:
        """The old process is still there when this returns."""
        if self.old is not None:
            assert self.old.wait(30) == 0
        self._render(replicas, (*self.arguments, *arguments), ())
        self.epoch, self.old = self.epoch + 1, self.process
        self.process = self._start()
        self.wait_for(len(replicas))

    def stop(self) -> None:
        super().stop()
        if self.old is not None and self.old.poll() is None:
            self.old.kill()
            self.old.wait(30)


class Place:
    def __init__(self, folder: Path):
        self.folder = folder
        with contextlib.ExitStack() as undo:
            self.redis = RedisServer(folder, *TELLS)
            undo.callback(self.redis.stop)
            self.replicas = DrilledReplicas(folder, self.redis)
            undo.callback(self.replicas.stop)
            self.leases = EndedLeases(self.redis)
            undo.callback(self.leases.stop)
            self.proxy = Toxiproxy(folder, self.replicas.addresses[1])
            undo.callback(self.proxy.stop)
            sds = folder / "certificate.yaml"
            sds.write_text((ROOT / "deploy/envoy/certificate.yaml").read_text().replace("/etc/envoy/tls", str(folder)))
            self.envoy = HotEnvoy(folder, self.zones, sds, *ZONES)
            undo.callback(self.envoy.stop)
            self.undo = undo.pop_all()

    @property
    def ways(self) -> list[str]:
        """By which Envoy reaches the replicas."""
        zero, _, two = self.replicas.addresses
        return [zero, self.proxy.address, two]

    @property
    def zones(self) -> list[str]:
        """The same, the one with the proxy first."""
        return [self.ways[1], self.ways[0], self.ways[2]]

    def stop(self) -> None:
        self.undo.close()


def have_all() -> None:
    for name in ("openssl", "mount", "redis-server"):
        if shutil.which(name) is None:
            pytest.skip(f"skipped: no {name}")
