#!/bin/sh
# Trains for some minutes from random weights and compares the losses with short_curve.csv: check.sh --data FOLDER --out FOLDER
# [--teacher FILE] [--write]. Set PYTHON to use another interpreter than the one made in --out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data='' out='' teacher=''
while [ $# -gt 0 ]; do
  case "$1" in
    --data) data=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --teacher) teacher=$2; shift 2 ;;
    *) break ;;
  esac
done
[ -n "$data" ] && [ -n "$out" ] || { sed -n 2,3p "$0"; exit 2; }
data=$(realpath "$data")
mkdir -p "$out"
out=$(realpath "$out")
: "${teacher:=$(dirname "$(dirname "$data")")/models/yunet_n_dynamic.onnx}"
teacher=$(realpath "$teacher")
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$out/venv/bin/python
  [ -x "$PYTHON" ] || python3 -m venv "$out/venv"
  "$PYTHON" -m pip install -q -r "$here/requirements.txt"
fi
export OMP_NUM_THREADS=1
cd "$here"
"$PYTHON" prepare.py --data "$data" --work "$out" --teacher "$teacher" --eval "$(dirname "$data")/faces"
"$PYTHON" check_short.py --work "$out" --teacher "$teacher" "$@"
