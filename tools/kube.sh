#!/usr/bin/env bash
# make k8s: builds kube-apiserver, kube-controller-manager and prometheus-adapter into .deps/kube/bin (once; ten CPU
# minutes or more, at the lowest priority), then runs tests/kube with them.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

kubernetes=1.33.13
adapter=0.12.0
folder=$PWD/.deps/kube
log=$folder/build.log

build() { nice -n 19 env GOFLAGS=-mod=mod go build -trimpath -ldflags '-s -w' -o bin/ "$@"; }

# k8s.io/kubernetes names its parts by folders of its own repository: here each is the module of the same release.
control_plane() {
  cd "$folder"/kubernetes
  local file
  file=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -nE 's/^\s*"GoMod": "(.*)",?$/\1/p')
  {
    echo 'module sluice.test/kubernetes'
    grep -E '^go ' "$file"
    sed -n '/^godebug (/,/^)/p' "$file"
    echo "require k8s.io/kubernetes v$kubernetes"
    echo 'replace ('
    grep -oE 'k8s\.io/[a-z-]+ => \./staging' "$file" | sed -E "s#^(.*) => .*#\t\1 => \1 v0.${kubernetes#1.}#"
    echo ')'
  } >go.mod
  {
    printf '//go:build tools\n\npackage tools\n\nimport (\n'
    printf '\t_ "k8s.io/kubernetes/cmd/%s"\n' kube-apiserver kube-controller-manager
    echo ')'
  } >tools.go
  go mod tidy -e
  build k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager
  mv bin/* ../bin/
}

metrics_adapter() {
  cd "$folder"/adapter
  [ -f go.mod ] || go mod init sluice.test/adapter
  go get -tool "sigs.k8s.io/prometheus-adapter/cmd/adapter@v$adapter"
  build sigs.k8s.io/prometheus-adapter/cmd/adapter
  mv bin/adapter ../bin/prometheus-adapter
}

command -v go >/dev/null || fail "no go: it builds Kubernetes' own programs"
tools/setup.sh test
tools/build.sh sluice
mkdir -p "$folder"/{bin,kubernetes,adapter}
if [ ! -x "$folder"/bin/prometheus-adapter ]; then (logged "$log" "prometheus-adapter $adapter" metrics_adapter); fi
if [ ! -x "$folder"/bin/kube-controller-manager ]; then
  (logged "$log" "Kubernetes $kubernetes, ten minutes or more" control_plane)
fi
exec .deps/venv/bin/python -m pytest -q -s tests/kube "$@"
