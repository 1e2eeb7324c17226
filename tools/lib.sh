# Shared by the scripts of this folder: sourced, after `cd` to the root of the repository.
# shellcheck shell=bash

program=$(basename "$0" .sh)
say() { echo "$program: $*"; }
fail() { echo "$program: $*" >&2; exit 1; }

# logged LOG WHAT COMMAND...: a line when it starts and one when it ends; its output goes to LOG, whose end is shown
# when it fails.
logged() {
  local log=$1 what=$2 began=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  say "$what ..."
  if ! "$@" >"$log" 2>&1; then
    tail -n "${LOG_LINES:-25}" "$log" >&2
    say "$what: FAILED after $((SECONDS - began)) s; full output in $log"
    return 1
  fi
  say "$what: done in $((SECONDS - began)) s"
}

# cgroup_files ROOT CONTROLLER FILE: FILE of this process's control group and of all above it, where it exists; cgroup
# v2, or v1's CONTROLLER. A container may see the path that the host has for it: then only the top is there, and that is
# its own group.
cgroup_files() {
  local mount=$1/sys/fs/cgroup controller=$2 file=$3 path= id names own folder
  while IFS=: read -r id names own; do
    if [ "$id::$names" = 0:: ]; then
      if [ -e "$1/sys/fs/cgroup/cgroup.controllers" ]; then path=$own; fi
    elif [[ ,$names, == *,$controller,* ]]; then
      path=$own
      for folder in "$names" "$controller"; do
        if [ -d "$1/sys/fs/cgroup/$folder" ]; then mount=$1/sys/fs/cgroup/$folder; fi
      done
    fi
  done < <(cat "$1/proc/self/cgroup" 2>/dev/null)
  while :; do
    if [ -r "$mount$path/$file" ]; then echo "$mount$path/$file"; fi
    [ -n "$path" ] || return 0
    path=${path%/*}
  done
}

# The kilobytes of memory that may still be taken: of the machine, and of each control group around this process, where
# what is cached of files can be given back.
free_memory_kb() {
  local root=$1 names limit stat
  {
    awk '/^MemAvailable/ {print $2}' "$root/proc/meminfo" 2>/dev/null || true
    for names in memory.max:memory.current: memory.limit_in_bytes:memory.usage_in_bytes:total_; do
      cgroup_files "$root" memory "${names%%:*}" | while read -r limit; do
        stat=$(dirname "$limit")/memory.stat
        cat "$limit" "$(dirname "$limit")/$(cut -d: -f2 <<<"$names")" "$stat" |
          awk -v cached="^${names##*:}(in)?active_file$" '
            NR == 1 {limit = $1} NR == 2 {used = $1} $1 ~ cached {used -= $2}
            END {free = limit - used; if (limit != "max") printf "%.0f\n", (free > 0 ? free / 1024 : 0)}'
      done
    done
  } | sort -n | head -n 1
}

# The cores that this process may use: its affinity, and the time that its control groups are given, rounded up.
usable_cores() {
  local root=$1 quota
  {
    nproc
    for quota in $(cgroup_files "$root" cpu cpu.max); do cat "$quota"; done
    for quota in $(cgroup_files "$root" cpu cpu.cfs_quota_us); do
      echo "$(cat "$quota") $(cat "${quota%quota_us}period_us")"
    done
  } | awk '{if (NF == 1) n = $1; else if ($1 + 0 > 0 && $2 + 0 > 0) n = int(($1 + $2 - 1) / $2); else next; print n}' |
    sort -n | head -n 1
}

# How many compilers at once: one per core, and 1.5 GB of memory for each. ROOT: where /proc and /sys are looked for (a
# test's).
jobs_count() {
  local root=${1:-} cores free fitting
  cores=$(usable_cores "$root")
  free=$(free_memory_kb "$root")
  fitting=$((${free:-0} / 1500000))
  if [ "$fitting" -lt 1 ]; then fitting=1; fi
  echo "${SLUICE_JOBS:-$((fitting < cores ? fitting : cores))}"
}
