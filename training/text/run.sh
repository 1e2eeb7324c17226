#!/bin/sh
# From a label<TAB>text TSV to two model folders:
#   training/text/run.sh --data DIR_OR_TSV --out DIR
# Makes a Python environment of requirements.txt in .venv beside this file (or where SLUICE_TEXT_VENV says) when
# there is none; PyICU needs libicu-dev, pkg-config and a C++ compiler. One thread, so that the same data give the
# same weights.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv=${SLUICE_TEXT_VENV:-$here/.venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r "$here/requirements.txt"
fi
export OMP_NUM_THREADS=1 PYTHONHASHSEED=0
exec nice -n 5 "$venv/bin/python" "$here/run.py" "$@"
