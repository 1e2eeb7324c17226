"""jobs_count of tools/lib.sh: how many compilers fit the machine, or what a container gives of it. Made-up /proc and
/sys."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path):
    """8 cores and 64 GB, on which `files` say what the control groups allow."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "nproc").write_text("#!/bin/sh\necho 8\n")
    (programs / "nproc").chmod(0o755)

    def jobs(files: dict[str, str | int], memory_gb: int = 64) -> int:
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        for name, text in {
            "proc/meminfo": f"MemTotal: 1 kB\nMemAvailable:   {memory_gb * 1000000} kB\n",
            **files,
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n")
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "SLUICE_JOBS": ""}
        command = ["bash", "-euo", "pipefail", "-c", '. tools/lib.sh && jobs_count "$0"', str(root)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        assert not done.stderr
        return int(done.stdout)

    return jobs


def v2(folder: str, **files: str | int) -> dict[str, str | int]:
    top = "sys/fs/cgroup"
    return {f"{top}/cgroup.controllers": "cpu memory"} | {
        f"{top}{folder}/{k.replace('_', '.', 1)}": v for k, v in files.items()
    }


def v1(controller: str, folder: str, **files: str | int) -> dict[str, str | int]:
    return {f"sys/fs/cgroup/{controller}{folder}/{k.replace('_', '.', 1)}": v for k, v in files.items()}


OWN_V2 = {"proc/self/cgroup": "0::/"}
OWN_V1 = {"proc/self/cgroup": "11:memory:/box\n4:cpu,cpuacct:/box\n3:cpuset:/other\n0::/"}


def test_the_machine_alone(machine):
    assert machine({}) == 8
    assert machine({}, memory_gb=5) == 3
    assert machine({}, memory_gb=0) == 1
    assert machine({"proc/meminfo": ""}) == 1


def test_no_limits_change_nothing(machine):
    assert machine(OWN_V2 | v2("", memory_max="max", memory_current=9, memory_stat="", cpu_max="max 100000")) == 8
    unlimited = v1("memory", "/box", memory_limit_in_bytes=9223372036854771712, memory_usage_in_bytes=9, memory_stat="")
    assert machine(OWN_V1 | unlimited | v1("cpu", "/box", cpu_cfs_quota_us=-1, cpu_cfs_period_us=100000)) == 8


@pytest.mark.parametrize("stat, jobs", [("anon 1", 1), (f"inactive_file {2 * GIB}\nactive_file {GIB}", 3)])
def test_memory_of_a_container_less_what_is_used_but_for_cached_files(machine, stat, jobs):
    assert machine(OWN_V2 | v2("", memory_max=6 * GIB, memory_current=4 * GIB, memory_stat=stat)) == jobs
    stat = "\n".join(["inactive_file 1", "active_file 1", *(f"total_{line}" for line in stat.splitlines())])
    used = v1("memory", "/box", memory_limit_in_bytes=6 * GIB, memory_usage_in_bytes=4 * GIB, memory_stat=stat)
    assert machine(OWN_V1 | used) == jobs


def test_more_used_than_allowed_is_one_job(machine):
    assert machine(OWN_V2 | v2("", memory_max=GIB, memory_current=2 * GIB, memory_stat="")) == 1


@pytest.mark.parametrize(
    "share, jobs", [("50000 100000", 1), ("100000 100000", 1), ("250000 100000", 3), ("6400000 100000", 8)]
)
def test_share_of_the_processors(machine, share, jobs):
    assert machine(OWN_V2 | v2("", cpu_max=share)) == jobs
    quota, period = share.split()
    assert machine(OWN_V1 | v1("cpu,cpuacct", "/box", cpu_cfs_quota_us=quota, cpu_cfs_period_us=period)) == jobs


def test_a_group_above_counts(machine):
    inner = {"proc/self/cgroup": "0::/pods/pod1/box"}
    assert machine(inner | v2("/pods/pod1/box", cpu_max="max 100000") | v2("/pods", cpu_max="200000 100000")) == 2


def test_a_path_of_the_host_means_the_top(machine):
    seen = {"proc/self/cgroup": "11:memory:/docker/0123\n4:cpu,cpuacct:/docker/0123"}
    limits = v1("memory", "", memory_limit_in_bytes=4 * GIB, memory_usage_in_bytes=GIB, memory_stat="")
    assert machine(seen | limits) == 2
