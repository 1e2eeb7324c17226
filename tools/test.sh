#!/usr/bin/env bash
# Builds and runs the tests; ends with 0 when every stage passed.
#
#   tools/test.sh            levels, unit, sim, e2e, fuzz (make test); asan and tsan are stages of make check
#   tools/test.sh --quick    levels and the unit tests of the release build
#   tools/test.sh STAGE...   some of: levels unit sim asan tsan fuzz e2e
#
# FUZZ_SECONDS: how long each fuzz target runs (10). SIM_ARGS: what the simulation runs with (--seconds 60).
set -uo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

case ${1:-} in
  '') stages='levels unit sim e2e fuzz' ;;
  --quick) stages='levels unit' ;;
  -*) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
  *) stages=$* ;;
esac
jobs=$(jobs_count)
python=.deps/venv/bin/python

# Sanitizers want their shadow memory where address randomisation may have put something else.
fixed_addresses=()
if setarch -R true 2>/dev/null; then fixed_addresses=(setarch -R); fi
sanitizers=$PWD/tools/sanitizers
export ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:suppressions=$sanitizers/ubsan.supp
export LSAN_OPTIONS=suppressions=$sanitizers/lsan.supp:print_suppressions=0
# TBB loads its parts with a flag that AddressSanitizer refuses, unless told.
export TBB_ENABLE_SANITIZERS=1
export TSAN_OPTIONS=suppressions=$sanitizers/tsan.supp:second_deadlock_stack=1

# build PRESET FOLDER TARGET...
build() {
  local preset=$1 folder=$2
  shift 2
  logged "$folder/configure.log" "configure $preset" cmake --preset "$preset" &&
    logged "$folder/build.log" "build $preset" cmake --build "$folder" --parallel "$jobs" --target "$@"
}

stage_levels() { $python tools/levels_test.py && $python tools/levels.py; }

stage_unit() {
  build test build all unit_tests test_servers && ctest --test-dir build --output-on-failure -j "$jobs"
}

# A server below the codecs in simulated time.
stage_sim() {
  # shellcheck disable=SC2086
  build test build sims && build/tests/sim ${SIM_ARGS:---seconds 60}
}

stage_asan() { build asan build-asan unit_tests && sanitized build-asan; }

stage_tsan() { build tsan build-tsan unit_tests && sanitized build-tsan; }

sanitized() { "${fixed_addresses[@]}" ctest --test-dir "$1" --output-on-failure -j "$jobs"; }

stage_e2e() {
  [ -x build/sluice ] || build test build all test_servers || return 1
  $python -m pytest -q -rsfE tests/e2e tests/chaos clients/python/tests
}

# One short run of a fuzz target: what it finds goes to build-fuzz/found, seeds come from tests/fuzz/corpus/NAME.
fuzz_one() {
  local name=$1 log=build-fuzz/log/$1.log seeds=tests/fuzz/corpus/$1 dictionary=tests/fuzz/$1.dict
  local arguments=(-max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=2048)
  arguments+=(-artifact_prefix="build-fuzz/found/$name-")
  mkdir -p "build-fuzz/corpus/$name" build-fuzz/found build-fuzz/log
  if [ -f "$dictionary" ]; then arguments+=(-dict="$dictionary"); fi
  arguments+=("build-fuzz/corpus/$name")
  if [ -d "$seeds" ]; then arguments+=("$seeds"); fi
  if ! "${fixed_addresses[@]}" "build-fuzz/fuzz/$name" "${arguments[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    say "fuzz $name: FAILED; full output in $log"
    return 1
  fi
  say "fuzz $name: $(grep -E '^Done ' "$log" | tail -n 1)"
}

stage_fuzz() {
  command -v clang++ >/dev/null || { say "fuzz: skipped: no clang"; return 0; }
  compgen -G 'tests/fuzz/*_fuzz.cc' >/dev/null || { say "fuzz: no targets yet"; return 0; }
  build fuzz build-fuzz fuzz_targets || return 1
  local file failed=0
  for file in tests/fuzz/*_fuzz.cc; do
    fuzz_one "$(basename "$file" _fuzz.cc)" || failed=1
  done
  return $failed
}

tools/setup.sh test || exit 1
began=$SECONDS
failed=()
for stage in $stages; do
  declare -F "stage_$stage" >/dev/null || fail "no stage '$stage'; see the head of $0"
  echo
  say "== $stage"
  "stage_$stage" || failed+=("$stage")
done

echo
if [ ${#failed[@]} -gt 0 ]; then fail "FAILED after $((SECONDS - began)) s: ${failed[*]}"; fi
say "all passed in $((SECONDS - began)) s: $stages"
