# Sourced by run.sh and check.sh: reads --data, --out, --eval and --teacher, leaves the other arguments in "$@", makes
# the Python environment, and goes to this folder. Sets here, data, out, eval, teacher, PYTHON.
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
