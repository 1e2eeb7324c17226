#!/usr/bin/env python3
"""dist/sluice-VERSION-linux-amd64.tar.gz: a folder that runs wherever it is unpacked, given the C library of Debian 12
or a later one."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from common import DIST, EPOCH, ROOT, STAGE, VERSION

TREES = ("base", "openvino", "bundled")
README = """Sluice {version}

    bin/sluice serve

starts the server on 127.0.0.1:8000 and 127.0.0.1:50051 with the models in share/sluice/models. bin/sluice --help lists
the other commands; share/doc/sluice has the licences and what this consists of (SPDX and CycloneDX).
"""


def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of who packed it, and when."""
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mtime = EPOCH
    return info


def tree() -> dict[str, Path]:
    """Path in the archive -> file."""
    found = {}
    for name in TREES:
        root = STAGE / name
        found |= {str(path.relative_to(root)): path for path in root.rglob("*")}
    return found | {"LICENSE": ROOT / "LICENSE"}


def main() -> None:
    name = f"sluice-{VERSION}"
    target = DIST / f"{name}-linux-amd64.tar.gz"
    note = STAGE / "README"
    note.write_text(README.format(version=VERSION))
    with (
        target.open("wb") as out,
        gzip.GzipFile("", "wb", 6, out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path, source in sorted((tree() | {"README": note}).items()):
            archive.add(source, f"{name}/{path}", recursive=False, filter=plain)
    print(target)


if __name__ == "__main__":
    main()
