"""sluice batch against a real server: order, bad lines, kills, a restart of the server, folders of images."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import BINARY, SAMPLE, Server
from ports import free_port

WORDS = (
    "女排夺冠",
    "央行降息利好银行股",
    "手机芯片发布",
    "高考作文引热议",
    "二手房成交量回落",
    "驱逐舰实弹演习",
    "新专辑上线",
)


def batch_args(server_url: str, source: Path, out: Path, *more: str) -> list[str]:
    return [str(BINARY), "batch", "--in", str(source), "--out", str(out), "--server", server_url, *more]


def run_batch(server_url: str, source: Path, out: Path, *more: str) -> subprocess.CompletedProcess:
    return subprocess.run(batch_args(server_url, source, out, *more), capture_output=True, text=True, timeout=120)


def write_texts(path: Path, count: int) -> list[str]:
    texts = [f"{WORDS[i % 7]}，第{i}条，{WORDS[i * 5 % 7]}" for i in range(count)]
    path.write_text(
        "".join(json.dumps({"text": t, "id": str(i)}, ensure_ascii=False) + "\n" for i, t in enumerate(texts)),
        encoding="utf-8",
    )
    return texts


def lines_of(path: Path) -> list[dict]:
    content = path.read_text(encoding="utf-8")
    assert content.endswith("\n") or not content
    return [json.loads(line) for line in content.splitlines()]


def check_complete(path: Path, count: int) -> None:
    """Every input line exactly once, in order, each with the answer to its own text."""
    lines = lines_of(path)
    assert [line["line"] for line in lines] == list(range(1, count + 1))
    assert [line["id"] for line in lines] == [str(i) for i in range(count)]
    assert all("label" in line for line in lines)
    assert not path.with_name(path.name + ".resume").exists()


def test_texts_come_back_in_order(server, tmp_path):
    write_texts(tmp_path / "in.jsonl", 1234)
    run = run_batch(server.url, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert run.returncode == 0, run.stderr
    check_complete(tmp_path / "out.jsonl", 1234)
    assert "1234 done, 0 rejected" in run.stderr
    again = run_batch(server.url, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert again.returncode == 2 and "exists" in again.stderr, "a finished file is not written over"


def test_bad_lines_are_reported_in_their_place(server, tmp_path):
    good = '{"text": "中国女排获得世界杯冠军"}'
    bad = ["not json", '{"text": 7}', '{"text": "a\\u0000b"}', '{"text": "\\ud800"}', '{"id": "x"}']
    source = tmp_path / "in.jsonl"
    source.write_text(
        "\n".join([good] * 60 + [bad[0]] + [good] * 7 + bad[1:] + ["", '"特斯拉发布新款电动车"'] + [good] * 50),
        encoding="utf-8",
    )
    run = run_batch(server.url, source, tmp_path / "out.jsonl")
    assert run.returncode == 1, run.stderr
    lines = lines_of(tmp_path / "out.jsonl")
    assert len(lines) == 60 + 1 + 7 + 4 + 1 + 50
    assert [line["line"] for line in lines if "error" in line] == [61, 69, 70, 71, 72]
    assert {line["label"] for line in lines if line["line"] != 74 and "error" not in line} == {"体育"}
    assert [line["label"] for line in lines if line["line"] == 74] == ["科技"]
    assert "5 rejected" in run.stderr and "NUL" in run.stderr


def test_killed_again_and_again_loses_and_doubles_nothing(server, tmp_path):
    count, rng, kills = 12_000, random.Random(5), 0
    write_texts(tmp_path / "in.jsonl", count)
    out = tmp_path / "out.jsonl"
    for _ in range(200):
        before = out.stat().st_size if out.exists() else 0
        child = subprocess.Popen(
            batch_args(server.url, tmp_path / "in.jsonl", out, "--concurrency", str(rng.randint(1, 6))),
            stderr=subprocess.DEVNULL,
        )
        # Killed as soon as it has written some more, sometimes before.
        more = rng.choice([0, 1, 20_000, 60_000])
        while child.poll() is None and (out.stat().st_size if out.exists() else 0) < before + more:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        if child.wait() == 0:
            break
        kills += 1
    assert kills >= 10
    check_complete(out, count)


def test_a_torn_last_line_is_written_again(server, tmp_path):
    write_texts(tmp_path / "in.jsonl", 300)
    out = tmp_path / "out.jsonl"
    assert run_batch(server.url, tmp_path / "in.jsonl", out).returncode == 0
    whole = out.read_bytes()
    out.unlink()
    # A server that refuses everything: the run begins, and ends with nothing but its note.
    assert run_batch("http://127.0.0.1:1/", tmp_path / "none.jsonl", out).returncode == 2
    failed = run_batch(server.url, tmp_path / "in.jsonl", out, "--model", "nobody")
    assert failed.returncode == 2 and "nobody" in failed.stderr
    note = out.with_name(out.name + ".resume")
    note.write_text(note.read_text().replace("model nobody", "model news_classification_v1"))
    out.write_bytes(whole[: len(whole) // 2])
    run = run_batch(server.url, tmp_path / "in.jsonl", out)
    assert run.returncode == 0 and "continuing after" in run.stderr
    assert out.read_bytes() == whole


def test_another_input_does_not_go_on(server, tmp_path):
    write_texts(tmp_path / "in.jsonl", 10)
    out = tmp_path / "out.jsonl"
    assert run_batch(server.url, tmp_path / "in.jsonl", out, "--model", "nobody").returncode == 2
    out.write_text('{"line":1,"id":"0","label":"体育","confidence":1}\n', encoding="utf-8")
    write_texts(tmp_path / "in.jsonl", 11)
    run = run_batch(server.url, tmp_path / "in.jsonl", out, "--model", "nobody")
    assert run.returncode == 2 and "different input" in run.stderr
    # Nothing written: nothing to mix up.
    out.write_text("")
    assert run_batch(server.url, tmp_path / "in.jsonl", out).returncode == 0
    check_complete(out, 11)


def test_a_restart_of_the_server_is_survived(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    count, out = 30_000, tmp_path / "out.jsonl"
    write_texts(tmp_path / "in.jsonl", count)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    first = Server(tmp_path / "a", config=f"listeners: [{{address: '{address}'}}]")
    child = subprocess.Popen(
        batch_args(f"http://{address}", tmp_path / "in.jsonl", out), stderr=subprocess.PIPE, text=True
    )
    while child.poll() is None and (not out.exists() or out.stat().st_size < 100_000):
        time.sleep(0.001)
    first.process.kill()
    first.process.wait()
    assert child.poll() is None, "the server went away in the middle"
    second = Server(tmp_path / "b", config=f"listeners: [{{address: '{address}'}}]")
    _, stderr = child.communicate(timeout=120)
    assert second.stop() == 0
    assert child.returncode == 0, stderr
    check_complete(out, count)


def test_a_resumed_run_sends_the_same_request_ids(server, tmp_path):
    write_texts(tmp_path / "in.jsonl", 150)
    arguments = (server.url, tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--model", "nobody", "--concurrency", "1")
    run_batch(*arguments)
    note = (tmp_path / "out.jsonl.resume").read_text()
    run_id = note.splitlines()[0].split()[1]
    run_batch(*arguments)
    assert (tmp_path / "out.jsonl.resume").read_text() == note
    end = time.monotonic() + 20
    while len(server.log_lines(f"{run_id}-1-100")) < 2:
        assert time.monotonic() < end, "the log has not both calls"


def test_a_folder_of_pictures(server, sample, tmp_path):
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name in ("b.jpg", "a.jpg", "more/c.jpeg"):
        shutil.copy(SAMPLE, folder / name)
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    (folder / "notes.txt").write_text("no picture")
    run = run_batch(server.url, folder, tmp_path / "faces.jsonl")
    assert run.returncode == 1, run.stderr
    lines = lines_of(tmp_path / "faces.jsonl")
    assert [line["file"] for line in lines] == ["a.jpg", "b.jpg", "broken.png", "more/c.jpeg"]
    assert "error" in lines[2]
    assert all(len(line["faces"]) == 1 for line in lines if "error" not in line)


@pytest.mark.parametrize("arguments", [["--in", "/nonexistent"], ["--concurrency", "0"]])
def test_wrong_arguments(server, tmp_path, arguments):
    run = run_batch(server.url, tmp_path / "in.jsonl", tmp_path / "out.jsonl", *arguments)
    assert run.returncode != 0 and run.stderr
