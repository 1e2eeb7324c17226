#!/usr/bin/env bash
# make bench: builds the programs of bench/ and runs bench/run.py; arguments go to it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

tools/setup.sh bench
logged build/configure.log "configure" cmake --preset bench
logged build/build.log "build" cmake --build build --parallel "$(jobs_count)" --target sluice bench_programs
exec .deps/venv/bin/python bench/run.py "$@"
