#!/usr/bin/env bash
# Builds, from their Go modules, what make test has no time for: Jaeger, VictoriaLogs, the OpenTelemetry Collector; then
# runs the tests that need them. Without Go, or where one cannot be built, its tests say that they are skipped.
#
#   tools/observability.sh [PYTEST_ARGUMENT...]
set -uo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh
deps=$PWD/.deps

# built NAME VERSION COMMAND...: runs COMMAND NAME VERSION in an empty folder, where it leaves a program of that name.
built() {
  local name=$1 version=$2 folder
  shift 2
  if [ -x "$deps/bin/$name" ] && [ "$(cat "$deps/stamps/go-$name" 2>/dev/null)" = "$version" ]; then return; fi
  folder=$(mktemp -d "$deps/go.XXXXXX")
  if logged "$deps/$name.log" "$name $version" env -C "$folder" PATH="$deps/bin:$PATH" bash -euc "$*" &&
    mv "$folder/$name" "$deps/bin/$name"; then
    echo "$version" >"$deps/stamps/go-$name"
  else
    say "$name could not be built; its tests will be skipped"
  fi
  rm -rf "$folder"
}

# A program with a go.mod of its own: what its packages want of others is theirs alone.
module() { echo "go mod init sluice.test/tool && go get -tool $1@$2 && go build -o $3 $1"; }

tools/setup.sh test || exit 1
mkdir -p "$deps/stamps"
if command -v go >/dev/null; then
  built victoria-logs v1.52.1 \
    "$(module github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs v1.52.1 victoria-logs)"
  built builder v0.165.0 "$(module go.opentelemetry.io/collector/cmd/builder v0.165.0 builder)"
  built otelcol v0.165.1 "builder --skip-strict-versioning --config '$PWD/tools/observability/collector-builder.yaml'"
  built jaeger v1.76.0 "$(module github.com/jaegertracing/jaeger/cmd/jaeger v1.76.0 jaeger)"
else
  say "no go: Jaeger, VictoriaLogs and the OpenTelemetry Collector are skipped"
fi
[ -x build/sluice ] || tools/build.sh sluice || exit 1
exec .deps/venv/bin/python -m pytest -q -rsfE tests/e2e/test_observability_tools.py "$@"
