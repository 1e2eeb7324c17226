"""Overload: goodput against offered load, what refusing costs, who suffers, and how soon it is over.

`sluice bench` makes the load, on the same machine: its share of the CPU is in the table. Draws docs/images/overload.svg
and writes the numbers into docs/resilience.md. On a machine that does something else meanwhile they say little.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from load import ROOT, Process, free_port

DEADLINE_MS = 100
MODEL = "face_detection_v1"  # the default one, without its fallback, whose answers would count
TEXT_MODEL = "news_classification_bert_v1"
LOADS = "0.5x,0.8x:20,1x,1.5x,2x,3x,5x,10x,20x"
IMAGES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "resilience.md"
BEGIN, END = "<!-- made by make bench ARGS=overload -->\n", "<!-- end -->\n"
# The same server with nothing but its bounded queue, for comparison.
PLAIN = "overload: {predict: false}"


def frame_file(folder: Path) -> Path:
    """A camera's frame: a JPEG of 640x480."""
    import cv2

    path = folder / "frame.jpg"
    sample = cv2.resize(cv2.imread(str(ROOT / ".deps/samples/astronaut.png")), (640, 480))
    cv2.imwrite(str(path), sample, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path


def models_folder(folder: Path) -> Path:
    """The two models of the run."""
    root = folder / "models"
    for name in (MODEL, TEXT_MODEL):
        shutil.copytree(ROOT / "models" / name, root / name)
    manifest = root / MODEL / "model.yaml"
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if not line.startswith("fallback:")), encoding="utf-8")
    return root


class Bench:
    """`sluice bench` against one server."""

    def __init__(self, build: Path, folder: Path, name: str, config: str = ""):
        self.binary, self.folder, self.name = build / "sluice", folder, name
        self.port = free_port()
        file = folder / f"{name}.yaml"
        file.write_text(f"models: {{root: {folder / 'models'}}}\nlogs: {{access: {folder / name}.log}}\n{config}\n")
        self.server = Process([self.binary, "serve", "--config", file, "--listen", f"127.0.0.1:{self.port}"])

    def start(self, name: str, *args: str) -> tuple[subprocess.Popen, Path]:
        out = self.folder / f"{self.name}_{name}.json"
        common = ["--server", f"127.0.0.1:{self.port}", "--server-pid", str(self.server.pid), "--quiet"]
        command = [str(self.binary), "bench", *args, *common, "--json", str(out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True), out

    def run(self, name: str, *args: str) -> dict:
        return self.result(*self.start(name, *args))

    def result(self, process: subprocess.Popen, out: Path) -> dict:
        process.communicate()
        if process.returncode != 0:
            sys.exit(f"{out.stem}: sluice bench failed")
        return json.loads(out.read_text())

    def stop(self) -> None:
        self.server.stop()


def refusal_us(run: dict, step: dict) -> float | None:
    """CPU of the server's network threads for one refusal: what its other calls do not explain, as they cost at 0.8x.

    Its workers do nothing for a refusal, and their cost of a good answer changes with the load: caches, batches.
    """
    calm = run["steps"][1]
    if step is calm or step["refused"] < 100:
        return None
    each = calm["server_cpu_s"]["loop"] / (calm["sent"] - calm["refused"])
    return (step["server_cpu_s"]["loop"] - each * (step["sent"] - step["refused"])) / step["refused"] * 1e6


def goodput(step: dict) -> float:
    """Over the capacity, which was measured right before the step."""
    return step["goodput_per_s"] / step["capacity_per_s"]


def of_what_is_left(run: dict, step: dict) -> float:
    """Goodput over what the server could do with the CPU that the generator, beyond its share at 0.8x, leaves it."""
    left = (1 - step["generator_cpu_share"]) / (1 - run["steps"][1]["generator_cpu_share"])
    return goodput(step) / left


def number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def print_curve(name: str, run: dict) -> None:
    each = [step["capacity_per_s"] for step in run["steps"]]
    print(f"\n{name}: {run['what']}; capacity {run['capacity_per_s']:.0f}/s ({min(each):.0f} to {max(each):.0f})")
    print(
        f"{'offered':>8}{'goodput':>9}{'refused':>9}{'late':>7}{'unsent':>8}{'ok P50':>8}{'ok P99':>8}"
        f"{'ref. P99':>10}{'lag P99':>9}{'generator':>11}{'refusal µs':>12}"
    )
    for step in run["steps"]:
        offered = max(1, step["offered"])
        print(
            f"{step['name']:>8}{goodput(step):>9.3f}{step['refused'] / offered:>9.2%}"
            f"{step['late'] / offered:>7.2%}{step['unsent'] / offered:>8.2%}{step['ok_ms']['p50']:>8.1f}"
            f"{step['ok_ms']['p99']:>8.1f}{step['refused_ms']['p99']:>10.1f}{step['lag_ms']['p99']:>9.1f}"
            f"{step['generator_cpu_share']:>11.0%}{number(refusal_us(run, step), '.0f'):>12}"
        )


def curve(bench: Bench, name: str, seconds: int, work: list[str], *more: str) -> dict:
    return bench.run(name, *work, "--rate", LOADS, "--seconds", str(seconds), "--deadline-ms", str(DEADLINE_MS), *more)


def back_to_baseline_ms(run: dict, step_ends_ms: float) -> float:
    """From the end of the step to the end of the last window, of the 3 s after it, that is worse than before it."""
    window = run["timeline"]["window_ms"]
    rows = run["timeline"]["windows"]
    first = int(step_ends_ms / window)

    def share(rows: list) -> float:
        return sum(row[1] for row in rows) / max(1, sum(row[0] for row in rows))

    calm = share(rows[: int(3000 / window)])
    bad = [i for i in range(first, min(len(rows), first + int(3000 / window))) if share([rows[i]]) < calm - 0.1]
    return (bad[-1] - first + 1) * window if bad else 0.0


def after(ms: float) -> str:
    return f"after {ms:.0f} ms" if ms < 3000 else "not within 3 s"


def step_of_load(bench: Bench, work: list[str], capacity: str, retry: str) -> float:
    """0.8x, ten times as much as it can do for five seconds, and 0.8x again."""
    run = bench.run(
        f"step_{retry}", *work, "--capacity", capacity, "--rate", "0.8x:3,10x:5,0.8x:5", "--pause", "0",
        "--timeline-ms", "100", "--retry", retry, "--deadline-ms", str(DEADLINE_MS),
    )  # fmt: skip
    return back_to_baseline_ms(run, 8000)


def health_at_ten(bench: Bench, work: list[str], capacity: str) -> float:
    flood = bench.start("flood", *work, "--capacity", capacity, "--rate", "10x:8", "--deadline-ms", str(DEADLINE_MS))
    health = bench.start("health", "health", "--rate", "50:6", "--arrivals", "constant", "--deadline-ms", "1000")
    p99 = bench.result(*health)["steps"][0]["ok_ms"]["p99"]
    bench.result(*flood)
    return p99


def one_against_four(bench: Bench, work: list[str], capacity: str) -> dict[str, float]:
    """What each of four clients, at 0.2x each, keeps beside a fifth at 20x."""
    four = ",".join(f"127.0.0.{i}" for i in range(2, 6))
    common = [*work, "--capacity", capacity, "--deadline-ms", str(DEADLINE_MS)]
    alone = bench.run("four_alone", *common, "--principals", four, "--rate", "0.8x:10")
    fifth = bench.start("fifth", *common, "--principals", "127.0.0.6", "--rate", "20x:12")
    beside = bench.run("four_beside", *common, "--principals", four, "--rate", "0.8x:10")
    bench.result(*fifth)

    def share(run: dict, who: str) -> float:
        counted = run["steps"][0]["principals"][who]
        return counted["ok"] / max(1, counted["offered"])

    return {who: share(beside, who) / max(share(alone, who), 1e-9) for who in four.split(",")}


def rows_of(runs: dict[str, dict]) -> str:
    """Goodput over capacity, and of the images how they were answered, for each load."""
    images = runs["images"]
    out = (
        "| offered | "
        + " | ".join(runs)
        + " | images, of what the generator leaves | ok P99, ms | refused P99, ms"
        + " | refusal, µs of CPU | generator's CPU |\n"
    )
    out += "| --- " * (len(runs) + 6) + "|\n"
    for i, step in enumerate(images["steps"]):
        each = (f"{goodput(run['steps'][i]):.2f}" for run in runs.values())
        refused = f"{step['refused_ms']['p99']:.1f}" if step["refused"] else "-"
        out += (
            f"| {step['name'].split(':')[0]} | {' | '.join(each)}"
            f" | {of_what_is_left(images, step):.2f} | {step['ok_ms']['p99']:.0f} | {refused}"
            f" | {number(refusal_us(images, step), '.0f')} | {step['generator_cpu_share']:.0%} |\n"
        )
    return out


SECTION = """### How it holds

![Goodput against offered load, as multiples of the capacity](images/overload.svg)

A JPEG of 640×480 over REST, deadline {deadline} ms, Poisson arrivals ([`sluice bench`](bench.md), on the same cores),
`{model}` without its fallback; beside it the same server with `overload: {{predict: false}}`, which is a plain bounded
queue, and calls of 20 texts. {date}, {machine}, {cores} cores. Goodput over capacity ({capacities}), which is measured
before each load; and over the part of it that is left when the generator has had its CPU:

{rows}
{facts}
`make bench ARGS=overload` measures again (six minutes, on a machine that does nothing else meanwhile).
"""


def write_page(runs: dict[str, dict], facts: list[str]) -> None:
    """Replaces what the last run wrote into the page."""
    images = runs["images"]
    text = SECTION.format(
        deadline=DEADLINE_MS,
        model=MODEL,
        date=images["date"],
        machine=images["machine"],
        cores=images["cores"],
        capacities=", ".join(f"{name} {run['capacity_per_s']:.0f}/s" for name, run in runs.items()),
        rows=rows_of(runs),
        facts="".join(f"- {fact}\n" for fact in facts),
    )
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + text + END + tail, encoding="utf-8")


def bench_overload(build: Path, folder: Path, seconds: int = 5) -> None:
    frame = frame_file(folder)
    models_folder(folder)
    images = ["recognize", "--input", str(frame), "--model", MODEL]
    texts = ["classify", "--model", TEXT_MODEL, "--texts", "20"]
    IMAGES.mkdir(exist_ok=True)
    print(f"\nOverload: deadline {DEADLINE_MS} ms, Poisson arrivals, the load generator on the same cores")
    runs = {}
    plain = Bench(build, folder, "plain", PLAIN)
    runs["plain queue"] = curve(plain, "images", seconds, images)
    plain.stop()
    beside = ["--beside", f"plain bounded queue={folder / 'plain_images.json'}"]
    bench = Bench(build, folder, "sluice")
    runs["texts"] = curve(bench, "texts", seconds, texts)
    title = "Goodput under overload: a 640×480 JPEG within 100 ms"
    drawn = ["--plot", str(IMAGES / "overload.svg"), "--title", title, "--name", "Sluice"]
    runs["images"] = curve(
        bench, "images", seconds, images, *drawn, *beside, "--beside", f"20 texts a call={folder / 'sluice_texts.json'}"
    )
    for name, run in runs.items():
        print_curve(name, run)
    calm = runs["images"]["steps"][1]
    capacity = str(runs["images"]["capacity_per_s"])
    back = {retry: step_of_load(bench, images, capacity, retry) for retry in ("none", "policy")}
    health = health_at_ten(bench, images, capacity)
    kept = one_against_four(bench, images, capacity)
    bench.stop()
    facts = [
        f"At 0.8x {calm['refused']} of {calm['offered']} calls were refused.",
        f"After five seconds of 10x, calls fare as before {after(back['none'])}; "
        f"{after(back['policy'])} when clients retry.",
        f"Health checks at 10x: P99 {health:.1f} ms.",
        f"One client at 20x: each of four others, at 0.2x, keeps {min(kept.values()):.1%} or more of its goodput.",
    ]
    print("\n" + "\n".join(facts))
    each = [step["capacity_per_s"] for step in runs["images"]["steps"]]
    if min(each) < 0.85 * max(each):
        print("The capacity changed much during the run: something else was running, so the ratios say little.")
    out = {"runs": runs, "back_to_baseline_ms": back, "health_p99_ms_at_10x": health, "kept_beside_one_at_20x": kept}
    (build / "overload.json").write_text(json.dumps(out, indent=1) + "\n")
    write_page(runs, facts)
    print(f"drawn: {IMAGES / 'overload.svg'}; written into {PAGE}; all of it: {build / 'overload.json'}")
