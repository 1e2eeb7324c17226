#!/bin/sh
# Trains the face detector: run.sh --data FOLDER --out FOLDER [--eval FOLDER] [--teacher FILE] [more options for
# train.py] Resumable: run it again with the same --out and it goes on. Set PYTHON to use another interpreter than the
# one made here, NICE for another priority than 19.
set -eu
. "$(dirname "$0")/setup.sh"
nice -n "${NICE:-19}" "$PYTHON" prepare.py --data "$data" --work "$out" --teacher "$teacher" --eval "$eval"
nice -n "${NICE:-19}" "$PYTHON" train.py --work "$out" --teacher "$teacher" --resume "$here/resume/checkpoint.pt" "$@"
nice -n "${NICE:-19}" "$PYTHON" finish.py --work "$out" --eval "$eval"
