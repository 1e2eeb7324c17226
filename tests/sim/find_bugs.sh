#!/usr/bin/env bash
# Does the simulation find what it is made for? Plants each of tests/sim/bugs in a copy of the sources and expects that
# the simulation fails within 60 s.
#
#   tests/sim/find_bugs.sh [FOLDER]     FOLDER: where the copy is built and kept (build-sim-bugs)
set -uo pipefail
cd "$(dirname "$0")/../.."
. tools/lib.sh
root=$PWD
copy=$(mkdir -p "${1:-build-sim-bugs}" && cd "${1:-build-sim-bugs}" && pwd)
git ls-files -z | tar --null -T - -cf - | tar -xmf - -C "$copy"
ln -sfn "$root/.deps" "$copy/.deps"
cd "$copy" || exit 1

failed=0
for bug in "$root"/tests/sim/bugs/*.patch; do
  name=$(basename "$bug" .patch)
  patch -s -p1 <"$bug" || fail "$name does not apply: make it anew"
  { cmake --preset test && cmake --build build --parallel "$(jobs_count)" --target sims; } >"$name.log" 2>&1 ||
    fail "$name: see $copy/$name.log"
  if found=$(timeout 300 build/tests/sim --seconds 60); then
    say "$name: NOT found"
    failed=1
  else
    say "$name: $(head -n 1 <<<"$found")"
  fi
  patch -s -R -p1 <"$bug"
done
exit $failed
