"""What packages are made of: for each file its origin, version and licence, which the SBOM says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from common import ROOT, run, sha256

# Of the distribution's packages whose libraries a bundle has, as SPDX names them.
LICENCES = {
    "libabsl": "Apache-2.0",
    "libdeflate": "MIT",
    "libfmt": "MIT",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgomp1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libhiredis": "BSD-3-Clause",
    "libicu": "Unicode-DFS-2016",
    "libjemalloc": "BSD-2-Clause",
    "libjpeg": "BSD-3-Clause AND IJG AND Zlib",
    "libnghttp2": "MIT",
    "libprometheus-cpp": "MIT",
    "libprotobuf": "BSD-3-Clause",
    "libsimdjson": "Apache-2.0",
    "libsoxr": "LGPL-2.1-or-later",
    "libspdlog": "MIT",
    "libspng": "BSD-2-Clause",
    "libssl": "Apache-2.0",
    "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libwebp": "BSD-3-Clause",
    "libyaml-cpp": "MIT",
    "zlib1g": "Zlib",
    "libc6": "LGPL-2.1-or-later",
}


@dataclass
class Part:
    """One file of a package, or one model's weights."""

    path: str  # from the root of the prefix
    name: str
    version: str
    licence: str
    supplier: str
    sha256: str
    kind: str = "library"  # application, library, machine-learning-model
    purl: str = ""
    note: str = ""
    also: list[str] = field(default_factory=list)  # other places with the same contents


def licence_of(package: str) -> str:
    for prefix, licence in LICENCES.items():
        if package.startswith(prefix):
            return licence
    raise SystemExit(f"package: say the licence of {package} in tools/packaging/parts.py")


def package_of(library: Path) -> tuple[str, str]:
    """Name and version of the distribution's package that has this file."""
    real = library.resolve()
    for path in (
        real,
        Path("/usr") / real.relative_to("/"),
        Path("/") / real.relative_to("/usr") if real.is_relative_to("/usr") else real,
    ):
        found = re.match(r"([^:,]+)", run("sh", "-c", f"dpkg-query -S {path} 2>/dev/null || true"))
        if found:
            name = found[1].strip()
            return name, run("dpkg-query", "-W", "-f", "${Version}\n", name).split()[0]
    raise SystemExit(f"package: no package has {library}")


def from_debian(path: str, source: Path, staged: Path) -> Part:
    name, version = package_of(source)
    return Part(path, source.name, version, licence_of(name), "Debian", sha256(staged),
                purl=f"pkg:deb/debian/{name}@{version}?arch=amd64")  # fmt: skip


def wheel_version(name: str) -> str:
    folder = next((ROOT / ".deps/venv/lib").glob(f"python3*/site-packages/{name}-*.dist-info"))
    return folder.name.removesuffix(".dist-info").removeprefix(f"{name}-")


def from_wheel(path: str, wheel: str, licence: str, supplier: str, staged: Path) -> Part:
    version = wheel_version(wheel)
    return Part(path, Path(path).name, version, licence, supplier, sha256(staged), purl=f"pkg:pypi/{wheel}@{version}")
