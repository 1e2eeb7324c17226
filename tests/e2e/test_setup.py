"""tools/setup.sh on a machine that has nothing yet: what it asks apt for. apt and dpkg are stand-ins that print as they
do."""

from __future__ import annotations

import os
import shutil
import subprocess

from conftest import ROOT

STAND_INS = {
    "dpkg-query": "true",
    "dpkg": "true",
    "sudo": 'exec "$@"',
    # More than a pipe holds: who stops reading early ends it with a signal.
    "apt-cache": r"""
        case $2 in
          libboost1.81-dev) printf '%s:\n  Installed: (none)\n  Candidate: (none)\n' "$2" ;;
          *) printf '%s:\n  Installed: (none)\n  Candidate: 1.0\n' "$2"; seq 100000 ;;
        esac""",
    "apt-get": r"""
        case " $* " in
          *' update '*) ;;
          *' install '*) echo "$*" >"$ASKED"; exit 7 ;;
        esac""",
}


def test_a_bare_machine_gets_the_packages_of_this_level(tmp_path):
    tools, programs = tmp_path / "tools", tmp_path / "programs"
    tools.mkdir()
    programs.mkdir()
    for name in ("setup.sh", "lib.sh", "packages.txt"):
        shutil.copy(ROOT / "tools" / name, tools / name)
    for name, body in STAND_INS.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    asked = tmp_path / "asked"
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "ASKED": str(asked)}
    done = subprocess.run([str(tools / "setup.sh"), "run"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and asked.exists(), (
        done.stdout + done.stderr
    )  # ends with the stand-in that installs nothing
    names = asked.read_text().split()
    needs = [line.split()[1:] for line in (tools / "packages.txt").read_text().splitlines() if line.startswith("run:")]
    wanted = [need[2] if need[0] == "libboost1.81-dev" else need[0] for need in needs]
    assert names[-len(wanted) :] == wanted and "g++" in wanted
