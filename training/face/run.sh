#!/bin/sh
# Trains the face detector: run.sh --data FOLDER --out FOLDER [--eval FOLDER] [--teacher FILE] [more options for train.py]
# Resumable: run it again with the same --out and it goes on. Set PYTHON to use another interpreter than the one made here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data='' out='' eval='' teacher=''
while [ $# -gt 0 ]; do
  case "$1" in
    --data) data=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --eval) eval=$2; shift 2 ;;
    --teacher) teacher=$2; shift 2 ;;
    *) break ;;
  esac
done
[ -n "$data" ] && [ -n "$out" ] || { sed -n 2,3p "$0"; exit 2; }
data=$(realpath "$data")
mkdir -p "$out"
out=$(realpath "$out")
shared=$(dirname "$(dirname "$data")")
: "${teacher:=$shared/models/yunet_n_dynamic.onnx}"
: "${eval:=$(dirname "$data")/faces}"
teacher=$(realpath "$teacher") eval=$(realpath -m "$eval")
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$out/venv/bin/python
  [ -x "$PYTHON" ] || python3 -m venv "$out/venv"
  "$PYTHON" -m pip install -q -r "$here/requirements.txt"
fi
export OMP_NUM_THREADS=1
cd "$here"
nice -n 19 "$PYTHON" prepare.py --data "$data" --work "$out" --teacher "$teacher" --eval "$eval"
nice -n 19 "$PYTHON" train.py --work "$out" --teacher "$teacher" --resume "$here/resume/checkpoint.pt" "$@"
nice -n 19 "$PYTHON" finish.py --work "$out" --eval "$eval"
