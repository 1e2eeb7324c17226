#!/usr/bin/env python3
"""The container image, of dist/stage, as an OCI layout: dist/image, or --root FOLDER: only its files.

    tools/packaging/image.py [--openvino] [--root FOLDER]

--openvino: with OpenVINO and CenterFace.

Then: podman run oci:dist/image:VERSION, skopeo copy oci:dist/image:VERSION docker://…
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import dockerfile
from common import DIST, EPOCH, ROOT, STAGE, VERSION, copy, run
from sbom import TIME

NOBODY = 65532
MANIFEST, CONFIG, LAYER = (f"application/vnd.oci.image.{kind}" for kind in
                           ("manifest.v1+json", "config.v1+json", "layer.v1.tar+gzip"))  # fmt: skip


def lay_out(root: Path, trees: tuple[str, ...]) -> None:
    """The root of the image's file system."""
    for tree in trees:
        shutil.copytree(STAGE / tree, root / "usr", symlinks=True, dirs_exist_ok=True)
    for library in sorted((STAGE / "system/lib/sluice").iterdir()):
        loader = library.name.startswith("ld-linux")
        copy(library, root / ("lib64" if loader else "lib/x86_64-linux-gnu") / library.name, 0o755 if loader else 0o644)
    shutil.copytree(STAGE / "system/share", root / "usr/share", dirs_exist_ok=True)
    copy(ROOT / "deploy/docker/sluice.yaml", root / "etc/sluice/sluice.yaml")
    (root / "etc/passwd").write_text(f"root:x:0:0::/:/nowhere\nsluice:x:{NOBODY}:{NOBODY}::/:/nowhere\n")
    (root / "etc/group").write_text(f"root:x:0:\nsluice:x:{NOBODY}:\n")
    # Of Mozilla, as the distribution has them, and no other that this machine may trust.
    certificates = sorted(Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_text("".join(path.read_text() for path in certificates))
    # What a container engine mounts.
    for name in ("tmp", "proc", "sys", "dev"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)


def layer_of(root: Path) -> bytes:
    """The same files give the same bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            info = archive.gettarinfo(path, str(path.relative_to(root)))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = EPOCH
            if info.mode != 0o1777:
                info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            with path.open("rb") if info.isreg() else io.BytesIO() as data:
                archive.addfile(info, data)
    return out.getvalue()


class Layout:
    """An OCI image layout: blobs named after their digest, and an index."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._blobs = folder / "blobs/sha256"
        self._blobs.mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def put(self, data: bytes | dict, media_type: str, **more: object) -> dict:
        if isinstance(data, dict):
            data = json.dumps(data, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self._blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data), **more}

    def finish(self, manifest: dict) -> None:
        index = {"schemaVersion": 2, "manifests": [manifest]}
        (self._folder / "index.json").write_text(json.dumps(index, sort_keys=True))


def assemble(root: Path, target: Path) -> None:
    layout, layer = Layout(target), layer_of(root)
    revision = os.environ.get("REVISION") or run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
    config = dockerfile.configuration(
        ROOT / "deploy/docker/Dockerfile", {"VERSION": VERSION, "REVISION": revision, "CREATED": TIME}
    )
    packed = gzip.compress(layer, 9, mtime=0)
    image = {
        "created": TIME,
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": TIME, "created_by": "make image"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.put(image, CONFIG),
        "layers": [layout.put(packed, LAYER)],
        "annotations": config["Labels"],
    }
    name = {"org.opencontainers.image.ref.name": VERSION}
    layout.finish(layout.put(manifest, MANIFEST, annotations=name))
    print(f"{target}: {len(packed) / 1e6:.1f} MB compressed, {len(layer) / 1e6:.1f} MB unpacked")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openvino", action="store_true")
    parser.add_argument("--root", type=Path)
    arguments = parser.parse_args()
    trees = ("base", "bundled", *(("openvino",) if arguments.openvino else ()))
    if arguments.root:
        lay_out(arguments.root, trees)
        return
    with tempfile.TemporaryDirectory() as name:
        lay_out(Path(name), trees)
        assemble(Path(name), DIST / "image")


if __name__ == "__main__":
    main()
