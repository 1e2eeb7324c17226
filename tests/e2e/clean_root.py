"""A Debian that has nothing but systemd and the packages that ours depends on, and what runs in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import ROOT
from programs import program

CGROUPS = Path("/sys/fs/cgroup")
INSIDE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def depends(deb: Path) -> list[str]:
    """Names of the packages that it needs, the first of alternatives."""
    field = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout
    return sorted({re.match(r"[\w.+-]+", one.strip())[0] for one in field.split(",")})


def debootstrap(deb: Path, cache: Path) -> Path:
    """The tar of such a system, made once; a minute or two."""
    names = ["systemd-sysv", *depends(deb)]
    tar = cache / "clean-root.tar"
    note = cache / "clean-root.txt"
    if tar.exists() and note.read_text() == " ".join(names):
        return tar
    cache.mkdir(parents=True, exist_ok=True)
    # Where this machine gets its packages from, that one does, too.
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    options = [f"--aptopt={line}" for line in dump.splitlines() if re.match(r"Acquire::(https?|Retries)", line)]
    sources = [path for path in (*Path("/etc/apt").glob("sources.list.d/*.sources"), Path("/etc/apt/sources.list"))
               if path.exists() and "bookworm" in path.read_text()]  # fmt: skip
    made = subprocess.run([program("mmdebstrap"), "--variant=minbase", f"--include={','.join(names)}", *options,
                           "bookworm", tar, *sources], capture_output=True, text=True)  # fmt: skip
    if made.returncode:
        pytest.skip(f"skipped: mmdebstrap could not make a clean system: {made.stderr[-500:]}")
    note.write_text(" ".join(names))
    return tar


def clean_root(deb: Path, folder: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("skipped: not root")
    tar = debootstrap(deb, ROOT / ".cache/packages")
    root = folder / "root"
    root.mkdir()
    subprocess.run(["tar", "-xpf", tar, "-C", root], check=True)
    return root


class Machine:
    """A clean root that systemd has booted."""

    def __init__(self, root: Path):
        if not (CGROUPS / "systemd").is_dir() or not (CGROUPS / "memory").is_dir():
            pytest.skip("skipped: a systemd of its own is only started where control groups are of version 1")
        self.root = root
        self.name = f"sluice-test-{os.getpid()}"
        self._log = open(root.parent / "boot.log", "wb")
        script = Path(__file__).with_name("boot_systemd.sh")
        self._shell = subprocess.Popen([script, root, self.name], stdout=self._log, stderr=self._log)
        self.init = self._find_init()
        self.wait_for(lambda: self.run("systemctl", "is-system-running").stdout.strip() == "running", 60)

    def _find_init(self) -> int:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            children = Path(f"/proc/{self._shell.pid}/task/{self._shell.pid}/children").read_text().split()
            if (
                children
                and "init"
                in Path(f"/proc/{children[0]}/comm").read_text() + Path(f"/proc/{children[0]}/cmdline").read_text()[:20]
            ):
                return int(children[0])
            if self._shell.poll() is not None:
                break
            time.sleep(0.1)
        pytest.skip("skipped: no systemd of its own: " + (self.root.parent / "boot.log").read_text()[-500:])

    def run(self, *command: str, check: bool = False) -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["nsenter", "-t", str(self.init), "-a", *command], capture_output=True, text=True, timeout=180, env=INSIDE
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def curl(self, *arguments: object) -> str:
        """This machine's curl in that one's network."""
        command = ["nsenter", "-t", self.init, "-n", "curl", "-s", "--max-time", 30, *arguments]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60).stdout

    def shown(self, name: str) -> str:
        return self.run("systemctl", "show", "sluice", "-p", name, "--value").stdout.strip()

    def wait_for(self, condition, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (
                "did not happen in time\n" + self.run("journalctl", "-n", "40", "--no-pager").stdout
            )
            time.sleep(0.1)

    def stop(self) -> None:
        os.kill(self.init, signal.SIGKILL)
        self._shell.wait(30)
        self._log.close()
        for controller in ("systemd", "cpu", "pids", "memory"):
            for folder in sorted((CGROUPS / controller / self.name).rglob("*"), reverse=True):
                if folder.is_dir():
                    folder.rmdir()
            (CGROUPS / controller / self.name).rmdir()


class MemoryLimit:
    """A control group that a process and its children are started in."""

    def __init__(self, name: str, limit: int):
        v1 = (CGROUPS / "memory").is_dir()
        self.folder = (CGROUPS / "memory" if v1 else CGROUPS) / name
        try:
            self.folder.mkdir()
            (self.folder / ("memory.limit_in_bytes" if v1 else "memory.max")).write_text(str(limit))
        except OSError as error:
            pytest.skip(f"skipped: no control group with a limit of memory: {error}")

    def __enter__(self) -> MemoryLimit:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.rmdir()

    def prefix(self) -> list[str]:
        return ["sh", "-c", f'echo $$ >{self.folder}/cgroup.procs; exec "$@"', "sh"]
