#!/usr/bin/env python3
"""dist/sluice_VERSION_amd64.deb and dist/sluice-openvino_VERSION_amd64.deb, of dist/stage and deploy/debian."""

from __future__ import annotations

import os
import shutil
import sys
from email.utils import formatdate

from common import DIST, EPOCH, ROOT, VERSION, run

CHANGELOG = """sluice ({version}) unstable; urgency=medium

  * Release {version}; CHANGELOG.md of the sources has what changed.

 -- Sluice developers <sluice@example.org>  {date}
"""


def main() -> None:
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    work = DIST / "deb"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(ROOT / "deploy/debian", work / "debian")
    (work / "debian/changelog").write_text(CHANGELOG.format(version=version, date=formatdate(EPOCH)))
    for path in (work / "debian").iterdir():  # later times than this are cut by dpkg, earlier ones are not
        os.utime(path, (EPOCH, EPOCH))
    run("dpkg-buildpackage", "-b", "-us", "-uc", "-ui", "-d", cwd=work,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "DEB_BUILD_OPTIONS": "noautodbgsym"})  # fmt: skip
    for name in ("sluice", "sluice-openvino"):
        print(DIST / f"{name}_{version}_amd64.deb")
    for extra in (*DIST.glob("sluice_*.changes"), *DIST.glob("sluice_*.buildinfo")):
        extra.unlink()
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
