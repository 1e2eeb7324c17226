#!/usr/bin/env bash
# What a change must pass before it is sent: format, layering, headers that compile alone, clang-tidy, no path of one
# machine.
#
#   tools/check.sh [--all] [BASE]    C++ files that differ from BASE (default: the last commit but one), or all of them
set -uo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

all=
if [ "${1:-}" = --all ]; then all=1; shift; fi
base=${1:-HEAD~1}
if [ -n "$all" ] || ! git rev-parse -q --verify "$base^{commit}" >/dev/null; then
  mapfile -t files < <(git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' 'bench/*.cc' 'bench/*.h')
else
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } |
    grep -E '^(src|tests|bench)/.*\.(cc|h)$' | sort -u)
fi
failed=()
step() {
  local name=$1
  shift
  if "$@"; then say "$name: ok"; else say "$name: FAILED"; failed+=("$name"); fi
}

check_format() { [ ${#files[@]} = 0 ] || clang-format --dry-run -Werror "${files[@]}"; }

check_levels() { python3 tools/levels_test.py -q 2>/dev/null && python3 tools/levels.py; }

check_headers() {
  logged build/configure.log "configure" cmake --preset test &&
    logged build/headers.log "headers alone" \
      cmake --build build --parallel "$(jobs_count)" --target all_verify_interface_header_sets
}

# clang-tidy takes no precompiled header of g++: the commands without it.
tidy_commands() {
  mkdir -p build/tidy &&
    sed -E 's/ -include [^ ]*cmake_pch.hxx//; s/ -Winvalid-pch| -fpch-preprocess//g' \
      build/compile_commands.json >build/tidy/compile_commands.json
}

tidy() { xargs -r -P "$(jobs_count)" -n 4 clang-tidy -p build/tidy --quiet --warnings-as-errors='*' "$@" 2>/dev/null; }

# Only files that the build knows; headers are seen through them. Tests may be wasteful.
check_tidy() {
  local known ok=0
  tidy_commands || return 1
  known=$(printf '%s\n' "${files[@]}" | grep '^src/.*\.cc$' || true)
  { grep -v '_test\.cc$' <<<"$known" || true; } | tidy || ok=1
  { grep '_test\.cc$' <<<"$known" || true; } | tidy '--checks=-performance-*' || ok=1
  return $ok
}

# Folders of one machine have no place in what everybody clones.
check_paths() { ! git grep -nIE '(^|[^[:alnum:]._/-])/(root|work|Users|home/[a-z]+)/' -- . ':!LICENSE'; }

check_scripts() { git ls-files 'tools/*.sh' .ci/run | xargs -n 1 bash -n; }

say "${#files[@]} C++ files"
step format check_format
step levels check_levels
step scripts check_scripts
step paths check_paths
step headers check_headers
step clang-tidy check_tidy
if [ ${#failed[@]} -gt 0 ]; then fail "FAILED: ${failed[*]}"; fi
