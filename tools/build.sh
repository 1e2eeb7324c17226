#!/usr/bin/env bash
# tools/build.sh [TARGET...]: configures build/ when needed and builds; without targets everything but the benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

# Configure again after a setup that may have brought packages; Ninja itself sees changed CMake files.
if [ ! -f build/build.ninja ] || [ -n "$(find .deps/stamps -newer build/build.ninja -name 'python-*')" ]; then
  logged build/configure.log "configure" cmake --preset release
  touch build/build.ninja
fi
exec cmake --build --preset release --parallel "$(jobs_count)" --target "${@:-all}"
