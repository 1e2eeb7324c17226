"""Every program of examples/ against the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT, SAMPLE

EXAMPLES = ROOT / "examples"
WATCHED = ["frame 0: 1 faces", "frame 1: ", "frame 2: 1 faces"]


def run(*command, cwd, timeout: int = 280, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def check_output(lines: list[str]) -> None:
    assert "faces: 1" in lines and "label: 体育" in lines
    frames = [line for line in lines if line.startswith("frame ")]
    assert len(frames) == 3 and all(line.startswith(wanted) for line, wanted in zip(frames, WATCHED)), frames
    assert "face" not in frames[1], "the bad frame is answered with an error"


def test_the_article(server, tmp_path):
    folder = tmp_path / "article"
    shutil.copytree(EXAMPLES / "article", folder)
    run(
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        "-I.",
        "--python_out=.",
        "--grpc_python_out=.",
        "image_recognition.proto",
        cwd=folder,
    )
    assert run(sys.executable, "client.py", server.address, SAMPLE, cwd=folder).startswith("face: x=")
    answer = run(sys.executable, "rest.py", server.url, SAMPLE, cwd=folder)
    assert answer.startswith("200 {'faces': [{'x': ")


def test_go(server, tmp_path):
    if (
        shutil.which("go") is None
        or shutil.which("protoc") is None
        or not (ROOT / ".deps/bin/protoc-gen-go-grpc").exists()
    ):
        pytest.skip("skipped: no go, protoc or protoc-gen-go (tools/setup.sh test)")
    folder = tmp_path / "go"
    shutil.copytree(EXAMPLES / "go", folder, ignore=shutil.ignore_patterns("inference"))
    path = f"{os.environ['PATH']}:{ROOT / '.deps/bin'}"
    run("bash", "generate.sh", cwd=folder, PROTO=str(ROOT / "proto"), PATH=path)
    run("go", "build", "-mod=readonly", "-o", "example", ".", cwd=folder)
    config = ROOT / "clients/grpc/service_config.json"
    check_output(run("./example", "-address", server.address, "-config", config, SAMPLE, cwd=folder).splitlines())


def test_java(server, tmp_path):
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        pytest.skip("skipped: no JDK or Maven")
    folder = tmp_path / "java"
    shutil.copytree(EXAMPLES / "java", folder, ignore=shutil.ignore_patterns("target"))
    output = run(
        "mvn",
        "-B",
        "-q",
        "-ntp",
        "-Dstyle.color=never",
        "compile",
        "exec:java",
        f"-Dproto={ROOT / 'proto'}",
        f"-Dexec.args={server.address} {SAMPLE}",
        cwd=folder,
    )
    check_output(output.replace("\x1b[0m", "").splitlines())  # Maven colours even when told not to


def test_device(server, tmp_path):
    program = tmp_path / "recognize"
    run("cc", "-Wall", "-Wextra", "-Werror", "-Os", "-o", program, EXAMPLES / "device" / "recognize.c", cwd=tmp_path)
    host, port = server.address.split(":")
    faces = run(program, host, port, SAMPLE, cwd=tmp_path).splitlines()
    assert len(faces) == 1 and float(faces[0].split()[-1]) > 0.5
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    refused = subprocess.run([program, host, port, bad], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and "INVALID_IMAGE" in refused.stderr
