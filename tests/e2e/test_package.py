"""What `make package` and `make image` made: installed, started, asked, upgraded, removed, without compiler and Python.
Skipped where dist has no packages of this version."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from clean_root import INSIDE, Machine, MemoryLimit, clean_root
from conftest import ROOT, SAMPLE
from ports import free_port
from programs import program

# Making a clean system, and looking at everything in 200 MB, take minutes on a busy machine.
pytestmark = pytest.mark.timeout(1800)
VERSION = re.search(r"project\(sluice VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
DIST = Path(os.environ.get("SLUICE_DIST", ROOT / "dist"))
MIB = 1 << 20
MEMORY = 512 * MIB
TEXTS = json.dumps({"texts": ["中國女排獲得世界杯冠軍", "ＴＥＳＬＡ发布新款电动车"]}, ensure_ascii=False)


def made(name: str) -> Path:
    path = DIST / name
    if not path.exists():
        pytest.skip(f"skipped: no dist/{name}; make {'image' if name == 'image' else 'package'} makes it")
    return path


@pytest.fixture(scope="module")
def deb() -> Path:
    return made(f"sluice_{VERSION}_amd64.deb")


@pytest.fixture(scope="module")
def archive() -> Path:
    return made(f"sluice-{VERSION}-linux-amd64.tar.gz")


def check_answers(curl, address: str) -> None:
    """The sample has one face; traditional and wide characters are what the cut ICU data is for."""
    faces = curl("--data-binary", f"@{SAMPLE}", "-H", "Content-Type: image/jpeg", f"http://{address}/api/v1/recognize")
    assert len(json.loads(faces)["faces"]) == 1, faces
    labels = curl("-H", "Content-Type: application/json", "-d", TEXTS, f"http://{address}/api/v1/classify")
    assert [result["label"] for result in json.loads(labels)["results"]] == ["体育", "科技"], labels


def curl_here(*arguments: object) -> str:
    command = ["curl", "-s", "--noproxy", "*", "--max-time", "30", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


# --- the unit and the .deb ---


def test_the_unit_is_shut_in():
    unit = ROOT / "deploy/debian/sluice.service"
    done = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=true", "--threshold=15", unit],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_lintian_finds_nothing(deb):
    debs = [deb, made(f"sluice-openvino_{VERSION}_amd64.deb")]
    done = subprocess.run([program("lintian"), "--fail-on", "error,warning", *debs], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_of_this_version():
    assert f"ARG VERSION={VERSION}\n" in (ROOT / "deploy/docker/Dockerfile").read_text()


def test_sizes(deb):
    assert deb.stat().st_size <= 40e6


@pytest.fixture
def machine(deb, tmp_path):
    booted = Machine(clean_root(deb, tmp_path))
    yield booted
    booted.stop()


def next_version(deb: Path, folder: Path) -> Path:
    """The same package with a higher version."""
    tree, target = folder / "next", folder / "next.deb"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}", f"Version: {VERSION}+next"))
    subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "-b", tree, target], check=True, stdout=subprocess.DEVNULL)
    return target


def install(machine: Machine, deb: Path) -> None:
    shutil.copy(deb, machine.root / "package.deb")
    machine.run("dpkg", "--force-confold", "-i", "/package.deb", check=True)


def is_ready(machine: Machine) -> bool:
    return machine.run("/usr/bin/sluice", "healthcheck").returncode == 0


def set_unit(machine: Machine, lines: str) -> None:
    folder = machine.root / "etc/systemd/system/sluice.service.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.conf").write_text(f"[Service]\n{lines}\n")
    machine.run("systemctl", "daemon-reload", check=True)
    machine.run("systemctl", "restart", "sluice", check=True)


def test_deb_in_a_clean_system_under_systemd(machine, deb, tmp_path):
    assert machine.run("sh", "-c", "command -v python3 gcc cc g++ make").returncode != 0
    install(machine, deb)
    assert machine.shown("ActiveState") == "active" and is_ready(machine)
    check_answers(machine.curl, "127.0.0.1:8000")

    set_unit(machine, "MemoryMax=512M\nWatchdogSec=3")
    check_answers(machine.curl, "127.0.0.1:8000")
    assert int(machine.shown("MemoryCurrent")) < MEMORY
    pid = machine.shown("MainPID")
    machine.run("systemctl", "reload", "sluice", check=True)
    assert machine.shown("ActiveState") == "active" and machine.shown("MainPID") == pid

    machine.run("sh", "-c", f"kill -STOP {pid}", check=True)
    machine.wait_for(lambda: machine.shown("NRestarts") == "1")
    assert "Watchdog timeout" in machine.run("journalctl", "-u", "sluice", "--no-pager").stdout
    machine.wait_for(lambda: is_ready(machine))

    # Somebody's own settings stay, and the new program runs.
    conffile = machine.root / "etc/sluice/sluice.yaml"
    conffile.write_text(conffile.read_text() + "drain: {timeout_ms: 5000}\n")
    pid = machine.shown("MainPID")
    install(machine, next_version(deb, tmp_path))
    assert "+next" in machine.run("dpkg-query", "-W", "sluice").stdout
    assert machine.shown("MainPID") not in (pid, "0") and is_ready(machine)
    assert "timeout_ms: 5000" in conffile.read_text()
    check_answers(machine.curl, "127.0.0.1:8000")

    machine.run("dpkg", "-r", "sluice", check=True)
    assert not (machine.root / "usr/bin/sluice").exists() and machine.shown("ActiveState") == "inactive"
    assert conffile.exists() and (machine.root / "var/lib/sluice/models").is_dir()
    machine.run("dpkg", "-P", "sluice", check=True)
    left = [
        name
        for name in ("etc/sluice/sluice.yaml", "var/lib/sluice", "var/cache/sluice", "var/log/sluice")
        if (machine.root / name).exists()
    ]
    assert not left


def test_openvino_comes_as_a_package_of_its_own(machine, deb):
    install(machine, deb)
    install(machine, made(f"sluice-openvino_{VERSION}_amd64.deb"))
    machine.run("systemctl", "restart", "sluice", check=True)
    index = json.loads(machine.curl("-X", "POST", "http://127.0.0.1:8000/v2/repository/index", "-d", "{}"))
    assert {"face_detection_v1", "face_detection_v2"} <= {model["name"] for model in index if model["state"] == "READY"}


# --- the archive ---


def started(process: subprocess.Popen) -> str:
    """The first address, once it is ready."""
    address = ""
    for line in process.stdout:
        if line.startswith("listening on "):
            address = address or line.split()[-1]
        if line.strip() == "ready":
            return address
    raise AssertionError(f"it did not start: exit {process.wait(30)}")


def test_archive_runs_wherever_it_is_unpacked(deb, archive, tmp_path):
    root = clean_root(deb, tmp_path)
    with tarfile.open(archive) as packed:
        packed.extractall(root / "srv", filter="tar")
    bound = 'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"'
    with MemoryLimit(f"sluice-archive-{os.getpid()}", MEMORY) as limit:
        began = time.monotonic()
        process = subprocess.Popen(
            [*limit.prefix(), "unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c", bound, root,
             f"/srv/sluice-{VERSION}/bin/sluice", "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=INSIDE)  # fmt: skip
        try:
            address = started(process)
            print(f"ready after {time.monotonic() - began:.2f} s")
            check_answers(curl_here, address)
            index = json.loads(curl_here("-X", "POST", f"http://{address}/v2/repository/index", "-d", "{}"))
            assert "face_detection_v2" in {model["name"] for model in index if model["state"] == "READY"}
            inside = next(
                pid
                for pid in (limit.folder / "cgroup.procs").read_text().split()
                if Path(f"/proc/{pid}/comm").read_text() == "sluice\n"
            )
            loaded = set(re.findall(r"/\S+\.so[.\d]*$", Path(f"/proc/{inside}/maps").read_text(), re.M))
            foreign = {Path(path).name for path in loaded if "/srv/" not in path}
            assert all(re.match(r"(ld-linux|libc\.|libm\.|libdl|librt|libpthread)", name) for name in foreign), foreign
        finally:
            process.kill()
            process.wait(30)
            while (limit.folder / "cgroup.procs").read_text():
                time.sleep(0.05)


def test_the_same_sources_give_the_same_archive(archive, tmp_path):
    """Laid out and packed again, elsewhere."""
    if not (ROOT / "build/packaged/sluice").exists():
        pytest.skip("skipped: no build/packaged/sluice; make package")
    program("icupkg")
    with tarfile.open(archive) as packed:
        epoch = next(iter(packed)).mtime
    for step in ("stage", "sbom", "archive"):
        command = [ROOT / ".deps/venv/bin/python", ROOT / f"tools/packaging/{step}.py"]
        environment = {**os.environ, "SLUICE_DIST": str(tmp_path), "SOURCE_DATE_EPOCH": str(epoch)}
        subprocess.run(command, check=True, capture_output=True, env=environment)
    again = tmp_path / archive.name
    if again.read_bytes() != archive.read_bytes():
        with tarfile.open(archive) as one, tarfile.open(again) as other:
            differ = [
                a.name
                for a, b in zip(one, other)
                if one.extractfile(a) and one.extractfile(a).read() != other.extractfile(b).read()
            ]
        raise AssertionError(f"differ: {differ}")


# --- what is in them ---


def test_every_library_and_model_is_in_both_bills_of_materials(archive):
    spdx = json.loads(made(f"sluice-{VERSION}.spdx.json").read_text())
    cyclonedx = json.loads(made(f"sluice-{VERSION}.cdx.json").read_text())
    assert spdx["spdxVersion"] == "SPDX-2.3" and cyclonedx["specVersion"] == "1.6"
    in_spdx = {p["packageFileName"]: p for p in spdx["packages"]}
    in_cyclonedx = {c["bom-ref"]: c for c in [*cyclonedx["components"], cyclonedx["metadata"]["component"]]}
    assert set(in_spdx) == set(in_cyclonedx)
    seen = 0
    with tarfile.open(archive) as packed:
        for info in packed:
            path = info.name.partition("/")[2]
            if not info.isreg() or not re.search(r"\.so(\.[\d.]+)?$|/model\.(onnx|tflite)$|^bin/", path):
                continue
            digest = hashlib.sha256(packed.extractfile(info).read()).hexdigest()
            assert (
                in_spdx[path]["checksums"][0]["checksumValue"] == digest == in_cyclonedx[path]["hashes"][0]["content"]
            )
            assert in_spdx[path]["versionInfo"] and in_spdx[path]["licenseConcluded"] not in ("", "NOASSERTION")
            seen += 1
    assert seen > 50
    assert any(c["type"] == "machine-learning-model" and c["licenses"] for c in cyclonedx["components"])


# --- the image ---


@pytest.fixture
def podman():
    if os.geteuid() != 0:
        pytest.skip("skipped: not root")
    program("runc")
    folder = tempfile.mkdtemp(prefix="pod")  # podman wants a short path
    base = [program("podman"), "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
    base += ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]

    def run(*arguments: object, check: bool = True) -> str:
        done = subprocess.run([str(word) for word in (*base, *arguments)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    yield run
    run("rm", "-f", "-a", check=False)
    shutil.rmtree(folder, ignore_errors=True)


def test_image_runs_read_only_without_rights(podman):
    image = podman("pull", "-q", f"oci:{made('image')}:{VERSION}")
    config = json.loads(podman("image", "inspect", image))[0]
    assert config["Size"] <= 130e6 and config["Config"]["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.version"] == VERSION
    # Two limits by hand: podman's own defaults may be above what this machine allows.
    address = f"127.0.0.1:{free_port()}"
    name = podman("run", "-d", "--network", "host", "--read-only", "--cap-drop", "all",
                  "--security-opt", "no-new-privileges",
                  "--ulimit", "nofile=10000:10000", "--ulimit", "nproc=1000:1000",
                  "--cpus", "1", "--memory", "512m", image,
                  "serve", "--config", "/etc/sluice/sluice.yaml", "--listen", address)  # fmt: skip
    end = time.monotonic() + 60
    while "ready" not in podman("logs", name).splitlines():
        assert time.monotonic() < end, podman("logs", name)
        time.sleep(0.1)
    check_answers(curl_here, address)
    podman("exec", name, "/usr/bin/sluice", "healthcheck", "--server", address)
    shell = podman("exec", name, "/bin/sh", check=False)
    assert shell == "" and podman("top", name, "capeff").splitlines()[-1] == "none"
    podman("stop", name)
    assert podman("inspect", name, "--format", "{{.State.ExitCode}}") == "0"
