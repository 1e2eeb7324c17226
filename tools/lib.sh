# Shared by the scripts of this folder: sourced, after `cd` to the root of the repository.
# shellcheck shell=bash

program=$(basename "$0" .sh)
say() { echo "$program: $*"; }
fail() { echo "$program: $*" >&2; exit 1; }

# logged LOG WHAT COMMAND...: a line when it starts and one when it ends; its output goes to LOG, whose end is shown when it fails.
logged() {
  local log=$1 what=$2 began=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  say "$what ..."
  if ! "$@" >"$log" 2>&1; then
    tail -n "${LOG_LINES:-25}" "$log" >&2
    say "$what: FAILED after $((SECONDS - began)) s, all of it in $log"
    return 1
  fi
  say "$what: done in $((SECONDS - began)) s"
}

# How many compilers at once: one per core, and 1.5 GB of memory for each.
jobs_count() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  if [ "$memory_gb" -lt 1 ]; then memory_gb=1; fi
  echo "${SLUICE_JOBS:-$((memory_gb < cores ? memory_gb : cores))}"
}
