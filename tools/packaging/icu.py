"""ICU's data as a library of its own, cut to what Sluice asks for: 31 MB become less than one."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from common import run

# What normalize.cc and wordpiece.cc use: two normalisations, and the rules from traditional to simplified characters.
ITEMS = ("nfkc.nrm", "nfkc_cf.nrm", "pool.res", "root.res", "translit/root.res")


def icupkg(*arguments: object) -> str:
    return run("icupkg", *arguments, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"})


def cut(library: Path, target: Path) -> None:
    """`library` is libicudata.so.N, whose only symbol is the data."""
    number = library.name.rpartition(".")[2]
    symbol = f"icudt{number}_dat"
    header = re.search(r"\.rodata +PROGBITS +\w+ (\w+) (\w+)", run("readelf", "-SW", library))
    if header is None or symbol not in run("nm", "-D", library):
        raise SystemExit(f"{library} is not ICU's data as it is known here")
    offset, size = (int(part, 16) for part in header.groups())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The name of the file is part of the names of its items.
        whole, small = folder / f"icudt{number}l.dat", folder / "small" / f"icudt{number}l.dat"
        whole.write_bytes(library.read_bytes()[offset : offset + size])
        small.parent.mkdir()
        unwanted = [item for item in icupkg("-l", whole).split() if item not in ITEMS]
        (folder / "unwanted.txt").write_text("\n".join(unwanted) + "\n")
        icupkg("-r", folder / "unwanted.txt", whole, small)
        (folder / "data.s").write_text(
            f'.section .rodata\n.balign 16\n.globl {symbol}\n.type {symbol},@object\n{symbol}: .incbin "{small}"\n'
            f".size {symbol}, . - {symbol}\n.section .note.GNU-stack\n"
        )
        run("gcc", "-shared", "-nostdlib", "-Wl,--build-id=none", f"-Wl,-soname,{library.name}", "-o", target, "data.s",
            cwd=folder)  # fmt: skip
    target.chmod(0o644)
