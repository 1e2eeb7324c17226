"""What operators rely on: signals, readiness, exposure, proxies, CPUs, open files, a system without /proc."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import grpc
import pytest
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc

import nets
import oip
from conftest import BINARY, Server

ANYWHERE = "0.0.0.0:0"


def wait_for(condition, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def start_and_fail(folder: Path, config: str, *, prefix: tuple[str, ...] = (), models: Path | None = None) -> str:
    """What a server says that does not start."""
    file = folder / "sluice.yaml"
    file.write_text(config)
    run = subprocess.run(
        [*prefix, BINARY, "serve", "--config", file, "--models", models or oip.make_models(folder / "models")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1 and "ready" not in run.stdout.splitlines(), run.stdout + run.stderr
    return run.stderr


# --- exposure ---


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return oip.make_models(tmp_path_factory.mktemp("models") / "models")


PATHS = {"api": "/v2", "console": "/", "metrics": "/metrics"}


def shown(address: str) -> set[str]:
    url = f"http://127.0.0.1:{address.rsplit(':', 1)[1]}"
    seen = {what for what, path in PATHS.items() if requests.get(url + path).status_code == 200}
    if requests.post(f"{url}/v2/repository/models/affine/load").status_code == 200:
        seen.add("admin")
    assert requests.get(url + "/healthz").status_code == requests.get(url + "/readyz").status_code == 200
    return seen


def test_a_listener_outside_loopback_exposes_the_api_alone_unless_it_says_more(tmp_path, models):
    server = Server(
        tmp_path,
        models=models,
        config="""listeners:
  - {address: 127.0.0.1:0}
  - {address: 0.0.0.0:0}
  - {address: "[::]:0"}
  - {address: 0.0.0.0:0, expose: [api, metrics]}
  - {address: 0.0.0.0:0, expose: [metrics, admin], auth: none}
  - {address: 127.0.0.1:0, expose: [admin]}
""",
    )
    try:
        everything = {"api", "admin", "metrics", "console"}
        assert [shown(address) for address in server.addresses] == [
            everything,
            {"api"},
            {"api"},
            {"api", "metrics"},
            {"metrics", "admin"},
            {"admin"},
        ]
    finally:
        assert server.stop() == 0


def test_listen_on_every_address_exposes_the_api_alone(tmp_path, models):
    process = subprocess.Popen(
        [BINARY, "serve", "--listen", ANYWHERE, "--models", models],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().split()[-1]
        assert process.stdout.readline() == "ready\n"
        assert shown(address) == {"api"}
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize("address", ["0.0.0.0:0", "'[::]:0'", "':0'"])
def test_admin_for_everybody_must_be_meant(tmp_path, address):
    said = start_and_fail(
        tmp_path, f"listeners: [{{address: {address}, expose: [api, admin]}}]\nlogs: {{access: 'off'}}\n"
    )
    assert "auth: none" in said and "127.0.0.1" in said, said


# --- PROXY protocol ---


def first_line(address: str, data: bytes) -> bytes:
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(data)
        try:
            return client.recv(4096).split(b"\r\n")[0]
        except ConnectionResetError:
            return b""


REQUEST = b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: %s\r\nConnection: close\r\n\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def test_a_proxy_listener_wants_the_header_of_a_trusted_proxy(tmp_path, models):
    server = Server(
        tmp_path,
        models=models,
        config="""trusted_proxies: [127.0.0.1]
listeners: [{address: 127.0.0.1:0, proxy_protocol: true}, {address: 127.0.0.1:0}]
""",
    )
    try:
        behind, plain = server.addresses
        v1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n"
        v2 = V2 + b"\x21\x11" + struct.pack(">H", 12) + bytes([192, 0, 2, 8, 127, 0, 0, 1]) + struct.pack(">HH", 5, 80)
        local = V2 + b"\x20\0\0\0"
        for header, name, client in (
            (v1, b"one", "192.0.2.7"),
            (v2, b"two", "192.0.2.8"),
            (local, b"three", "127.0.0.1"),
        ):
            assert first_line(behind, header + REQUEST % name) == b"HTTP/1.1 200 OK"
            assert [line["client_ip"] for line in server.log_lines(name.decode())] == [client]
        for bad in (b"", b"PROXY TCP4 nonsense\r\n", V2[:4] + b"xxxx", b"\x16\x03\x01"):
            assert first_line(behind, bad + REQUEST % b"none") == b""
        assert b" 200 " not in first_line(plain, v1 + REQUEST % b"none"), "a header that nobody asked for is not read"
        assert first_line(plain, REQUEST % b"four") == b"HTTP/1.1 200 OK"
    finally:
        assert server.stop() == 0


def test_strangers_are_closed_on_a_proxy_listener(tmp_path, models):
    server = Server(
        tmp_path,
        models=models,
        config="trusted_proxies: [192.0.2.0/24]\n"
        "listeners: [{address: 127.0.0.1:0, proxy_protocol: true}, {address: 127.0.0.1:0}]\n",
    )
    try:
        assert first_line(server.addresses[0], b"PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n" + REQUEST % b"x") == b""
    finally:
        assert server.stop() == 0


def test_proxy_protocol_without_proxies_is_refused(tmp_path):
    assert "trusted_proxies" in start_and_fail(tmp_path, "listeners: [{address: 127.0.0.1:0, proxy_protocol: true}]\n")


# --- readiness ---


def readiness(server: Server) -> list:
    with grpc.insecure_channel(server.address) as channel:
        overall = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status
    ready = requests.get(f"{server.url}/v2/health/ready")
    return [
        requests.get(f"{server.url}/readyz").status_code,
        ready.status_code,
        ready.json()["ready"],
        overall == health_pb2.HealthCheckResponse.SERVING,
    ]


NOT_READY, READY = [503, 503, False, False], [200, 200, True, True]


def test_not_ready_while_not_one_model_serves(tmp_path):
    models = tmp_path / "models"
    (models / "echo").mkdir(parents=True)
    (models / "echo/model.yaml").write_text("engine: identity\n")
    (models / "broken/1").mkdir(parents=True)
    (models / "broken/1/model.onnx").write_bytes(b"no model")
    server = Server(tmp_path, models=models)
    try:
        assert readiness(server) == NOT_READY
        assert "models" in requests.get(f"{server.url}/readyz").text
        assert requests.get(f"{server.url}/healthz").status_code == 200
        nets.affine(models / "affine/1")  # one that loads
        assert requests.post(f"{server.url}/v2/repository/models/affine/load").status_code == 200
        assert readiness(server) == READY
        assert requests.post(f"{server.url}/v2/repository/models/affine/unload").status_code == 200
        assert readiness(server) == NOT_READY
    finally:
        assert server.stop() == 0


def test_one_broken_model_does_not_matter(tmp_path):
    models = oip.make_models(tmp_path / "models")
    (models / "broken/1").mkdir(parents=True)
    (models / "broken/1/model.onnx").write_bytes(b"no model")
    server = Server(tmp_path, models=models)
    try:
        assert readiness(server) == READY
    finally:
        assert server.stop() == 0


def test_nothing_but_an_echo_is_ready_and_an_empty_folder_is_not(tmp_path):
    for name, expected in (("empty", NOT_READY), ("echo", READY)):
        models = tmp_path / name / "models"
        models.mkdir(parents=True)
        if name == "echo":
            (models / "echo").mkdir()
            (models / "echo/model.yaml").write_text("engine: identity\n")
        server = Server(tmp_path / name, models=models)
        try:
            assert readiness(server) == expected, name
        finally:
            assert server.stop() == 0


# --- addresses ---


def test_a_port_that_there_is_not_is_refused(tmp_path):
    """The system's resolver takes 99999 for 34463."""
    said = start_and_fail(tmp_path, "listeners: [{address: 127.0.0.1:99999}]\n")
    assert "'127.0.0.1:99999' is not HOST:PORT with a port from 0 to 65535" in said
    run = [BINARY, "serve", "--models", tmp_path / "models", "--listen", "127.0.0.1:70000"]
    said = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert said.returncode == 1 and "'127.0.0.1:70000' is not HOST:PORT" in said.stderr
    config = "listeners: [{address: 127.0.0.1:0}]\ntracing: {exporter: otlp, endpoint: 'http://127.0.0.1:99999'}\n"
    assert "tracing.endpoint 'http://127.0.0.1:99999'" in start_and_fail(tmp_path, config, models=tmp_path / "models")
    said = subprocess.run([BINARY, "healthcheck", "--server", "127.0.0.1:99999"], capture_output=True, text=True)
    assert said.returncode != 0 and "'127.0.0.1:99999' is not HOST:PORT with a port from 1 to 65535" in said.stderr


# --- signals ---


def test_hangup_and_usr1_reopen_the_log_and_end_nothing(tmp_path, models):
    server = Server(tmp_path, models=models, config="drain: {delay_ms: 1500}")
    try:
        for number in (signal.SIGHUP, signal.SIGUSR1):
            os.replace(server.log_path, tmp_path / "rotated")
            server.process.send_signal(number)
            wait_for(
                lambda: (
                    requests.get(f"{server.url}/v2", headers={"X-Request-ID": "after"}).ok
                    and server.log_path.exists()
                    and b"after" in server.log_path.read_bytes()
                )
            )
        server.terminate()
        wait_for(lambda: requests.get(f"{server.url}/readyz").status_code == 503)
        for number in (signal.SIGHUP, signal.SIGUSR1):
            server.process.send_signal(number)
        time.sleep(0.3)
        assert requests.get(f"{server.url}/healthz").status_code == 200, "during the drain, too"
    finally:
        assert server.stop() == 0


def test_signals_before_it_is_ready(tmp_path):
    """SIGHUP is nothing, SIGTERM ends the start; both while models load."""
    models = tmp_path / "models"
    for i in range(24):
        nets.affine(models / f"affine_{i:02}/1")
    for number, ends in ((signal.SIGHUP, False), (signal.SIGTERM, True)):
        process = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", "--models", models],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / f"cache{ends}")},
        )
        status = Path(f"/proc/{process.pid}/status")
        wait_for(
            lambda: int(re.search(r"SigBlk:\s+(\w+)", status.read_text()).group(1), 16) & 1, 10
        )  # SIGHUP is taken care of
        process.send_signal(number)
        if ends:
            out, err = process.communicate(timeout=10)
            assert process.returncode in (0, 128 + signal.SIGTERM), (process.returncode, out, err)
        else:
            assert process.stdout.readline().startswith("listening on ")
            process.terminate()
            process.communicate(timeout=20)
            assert process.returncode == 0


# --- what the machine gives ---


def workers(tmp_path: Path, models: Path, *prefix: str) -> int:
    process = subprocess.Popen(
        [*prefix, BINARY, "serve", "--listen", "127.0.0.1:0", "--models", models],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().split()[-1]
        text = requests.get(f"http://{address}/metrics").text
        return len(set(re.findall(r'ai_inference_worker_utilization{worker="(\d+)"}', text)))
    finally:
        process.terminate()
        process.wait(20)


def test_workers_follow_the_affinity(tmp_path, models):
    first = str(min(os.sched_getaffinity(0)))
    assert workers(tmp_path, models, "taskset", "-c", first) == 1
    assert workers(tmp_path, models) <= len(os.sched_getaffinity(0))


def test_the_limit_of_open_files_is_raised_and_bounds_connections(tmp_path, models):
    run = [
        "sh",
        "-c",
        'ulimit -Sn 64; ulimit -Hn 300; exec "$@"',
        "sh",
        BINARY,
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--models",
        models,
    ]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().split()[-1]
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"Max open files\s+300\s+300", limits), limits
        host, port = address.rsplit(":", 1)
        clients = [socket.create_connection((host, int(port)), timeout=5) for _ in range(200)]
        for client in clients:
            client.close()
        wait_for(lambda: answers(address))
    finally:
        process.terminate()
        _, err = process.communicate(timeout=20)
    cut = [json.loads(line) for line in err.splitlines() if "http.connections_cut" in line]
    assert cut and cut[0]["connections_max"] == 172 and cut[0]["configured"] == 10000, err
    assert process.returncode == 0


def answers(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/healthz", timeout=2).ok
    except requests.ConnectionError:
        return False


def test_without_proc_it_says_so_and_ends(tmp_path, models):
    unshare = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys && mount -t tmpfs none /proc && exec "$@"', "sh"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("skipped: no right to mount")
    said = start_and_fail(tmp_path, "listeners: [{address: 127.0.0.1:0}]\n", prefix=tuple(unshare))
    assert "/proc" in said and "mount -t proc" in said


# --- metrics ---


def test_utilisation_does_not_depend_on_who_asks(server, sample):
    stop = threading.Event()

    def load():
        with requests.Session() as session:
            while not stop.is_set():
                session.post(f"{server.url}/api/v1/recognize", sample, headers={"Content-Type": "image/jpeg"})

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()

    def scrape() -> float:
        text = requests.get(f"{server.url}/metrics").text
        return float(re.search(r'^ai_model_utilization{model_id="face_detection_v1"[^}]*} (\S+)', text, re.M).group(1))

    try:
        wait_for(lambda: scrape() > 0.02, 30)
        pairs = [(scrape(), scrape()) for _ in range(20)]  # a second scraper, a moment later
        assert sum(abs(a - b) > 0.15 for a, b in pairs) == 0 and min(min(pair) for pair in pairs) > 0, pairs
    finally:
        stop.set()
        for thread in threads:
            thread.join()
