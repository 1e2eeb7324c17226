#!/bin/sh
# Trains for some minutes from random weights and compares the losses with short_curve.csv: check.sh --data FOLDER --out
# FOLDER [--teacher FILE] [--write]. Set PYTHON to use another interpreter than the one made in --out.
set -eu
. "$(dirname "$0")/setup.sh"
"$PYTHON" prepare.py --data "$data" --work "$out" --teacher "$teacher" --eval "$eval"
"$PYTHON" check_short.py --work "$out" --teacher "$teacher" "$@"
