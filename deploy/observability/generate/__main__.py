"""python3 deploy/observability/generate [--check]: writes what is derived from slo.py and dashboards.py; --check only
says which files are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import dashboards
import panels
import slo

FOLDER = HERE.parent


def files() -> dict[Path, str]:
    out = {
        FOLDER / "prometheus/rules/slo.yml": slo.rules(),
        FOLDER / "perses/overview.json": panels.perses(dashboards.OVERVIEW),
    }
    for one in dashboards.ALL:
        out[FOLDER / f"grafana/dashboards/{one.uid.removeprefix('sluice-')}.json"] = panels.grafana(one)
    return out


def main(arguments: list[str]) -> int:
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        for path in stale:
            print(
                f"{path.relative_to(FOLDER)} is out of date: run python3 deploy/observability/generate", file=sys.stderr
            )
        return 1 if stale else 0
    for path in stale:
        path.write_text(files()[path], encoding="utf-8")
        print(path.relative_to(FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
