#!/usr/bin/env bash
# Installs what is missing: system packages, Python packages into .deps/venv, models, test tools.
#
#   tools/setup.sh [run|test|bench]     run (the default) is what `make run` needs; each level includes the ones before
#   tools/setup.sh cluster              run, and what `make cluster` starts around the server
#   tools/setup.sh package              run, and what `make package` and `make image` pack with
#   tools/setup.sh package-test         test and package, and what `make package-test` tries packages with
#
# May be interrupted and repeated. What is in place already is recognised, so a second run takes about a second.
# Debian 12 or later, Ubuntu 24.04 or later; elsewhere, install what tools/packages.txt names and run it again.
set -euo pipefail

level=${1:-run}
case $level in
  run) levels=run ;;
  test) levels='run|test' ;;
  bench) levels='run|test|bench' ;;
  cluster) levels='run|cluster' ;;
  package) levels='run|package' ;;
  package-test) levels='run|test|package|package-test' ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
cd "$(dirname "$0")/.."
deps=.deps
. tools/lib.sh
mkdir -p $deps/stamps $deps/bin && [ -w $deps/stamps ] && [ -w . ] ||
  fail "cannot write to $PWD: setup and build need a folder of their own; copy it to one that you may write to"
log=$deps/setup.log

# A stamp remembers the contents that a step was done with.
stamp_of() { cat "$@" | sha256sum; }
is_stamped() { [ "$(cat "$deps/stamps/$1" 2>/dev/null)" = "$2" ]; }
put_stamp() { echo "$2" >"$deps/stamps/$1"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "not root and no sudo; as root: $*"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@"
}

check_release() {
  local id='' version=''
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  local oldest
  case $id in
    debian) oldest=12 ;;
    ubuntu) oldest=24.04 ;;
    *) return 0 ;;
  esac
  [ -z "$version" ] || [ "$(printf '%s\n' $oldest "$version" | sort -V | head -n 1)" = $oldest ] ||
    fail "$id $version is too old (its protobuf, Abseil and CMake are); Sluice builds on Debian 12+ and Ubuntu 24.04+"
}

# Lines "first second ..." of alternatives that this level needs.
package_needs() { sed -nE "s/^($levels): *//p" tools/packages.txt | sed 's/|/ /g'; }

missing_needs() {
  local installed need name found
  installed=$(dpkg-query -W -f '${Status}\t${Package}\n' | sed -n 's/^install ok installed\t//p')
  while read -r need; do
    found=
    for name in $need; do
      if grep -qxF -- "$name" <<<"$installed"; then found=1; break; fi
    done
    [ -n "$found" ] || echo "$need"
  done < <(package_needs)
}

# The first of the alternatives that this distribution has.
pick_package() {
  local name policy
  for name in "$@"; do
    # Not in a pipe: grep -q closes it at the first hit, and apt-cache fails.
    policy=$(apt-cache policy "$name" 2>/dev/null) || true
    if grep -q '^  Candidate: [^(]' <<<"$policy"; then
      echo "$name"
      return
    fi
  done
  fail "this distribution has no package for: $*"
}

system_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "no apt here: install the packages of tools/packages.txt by hand, unless they are there"
    return
  fi
  local missing names=() need
  missing=$(missing_needs)
  [ -n "$missing" ] || return 0
  check_release
  # What an interrupted installation left half done.
  if [ -n "$(dpkg --audit)" ]; then logged $log "finishing an interrupted installation" as_root dpkg --configure -a; fi
  logged $log "package lists" apt_get update
  while read -r need; do
    # shellcheck disable=SC2086
    names+=("$(pick_package $need)")
  done <<<"$missing"
  say "missing: ${names[*]}"
  logged $log "${#names[@]} system packages" apt_get install --no-install-recommends "${names[@]}"
}

# Installing a service would start it. The tests want the program alone: its package is unpacked, and what it has in
# */bin and */sbin is linked in .deps/bin.
unpack_package() {
  local to=$PWD/$deps/unpacked/$1
  rm -rf "$to" && mkdir -p "$to" &&
    (cd "$to" && { apt-get -q download "$1" || { apt_get update && apt-get -q download "$1"; }; } &&
      dpkg-deb -x ./*.deb . && rm ./*.deb) &&
    find "$to" -path '*bin/*' -type f -exec ln -srf -t "$PWD/$deps/bin" {} +
}

unpacked_packages() {
  local name
  mkdir -p $deps/bin
  while read -r name; do
    if is_stamped "unpacked-$name" 1; then continue; fi
    if ! command -v apt-get >/dev/null; then
      say "no apt here: the tests that use $name are skipped unless it is installed"
    elif logged $log "$name" unpack_package "$name"; then
      put_stamp "unpacked-$name" 1
    else
      say "$name could not be had; its tests will be skipped"
    fi
  done < <(sed -n 's/^unpack: *//p' tools/packages.txt)
}

# The first Python that is new enough and can make virtual environments.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  return 1
}

virtual_environment() {
  if $deps/venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
  if ! find_python >/dev/null; then
    logged $log "package lists" apt_get update
    logged $log "python3-venv" apt_get install --no-install-recommends python3-venv
  fi
  logged $log "virtual environment" "$(find_python)" -m venv --clear $deps/venv
  rm -f $deps/stamps/python-*
}

# python_packages NAME ABOUT PIP_ARGUMENT...: the last argument is the list.
python_packages() {
  local name=$1 about=$2 stamp
  shift 2
  stamp=$(stamp_of "${!#}")
  if is_stamped "python-$name" "$stamp" &&
    compgen -G "$deps/venv/lib/python3*/site-packages/openvino/cmake" >/dev/null; then return; fi
  virtual_environment
  logged $log "Python packages, $about" $deps/venv/bin/python -m pip install --disable-pip-version-check "$@"
  put_stamp "python-$name" "$stamp"
}

# KServe's clients pull half of Kubernetes; what they want of protobuf and numpy is theirs alone.
kserve_clients() {
  local stamp
  stamp=$(stamp_of tools/requirements-kserve.txt)
  if is_stamped kserve "$stamp" && [ -x $deps/kserve/bin/python ]; then return; fi
  logged $log "virtual environment of KServe's clients" "$(find_python)" -m venv --clear $deps/kserve
  logged $log "KServe's clients, about 100 MB" \
    $deps/kserve/bin/python -m pip install --disable-pip-version-check -r tools/requirements-kserve.txt
  put_stamp kserve "$stamp"
}

models() {
  $deps/venv/bin/python tools/get_models.py --for "$1" || fail "some models are missing; run it again"
  local picture=$deps/samples/astronaut
  if [ ! -s $picture.jpg ] || [ $picture.png -nt $picture.jpg ]; then
    $deps/venv/bin/python - $picture <<'PYTHON'
import sys
from PIL import Image
Image.open(sys.argv[1] + ".png").convert("RGB").save(sys.argv[1] + ".part", "JPEG", quality=92)
PYTHON
    mv $picture.part $picture.jpg
  fi
}

has_go() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' go1.24 "$version" | sort -V | head -n 1)" = go1.24 ]
}

go_tool() {
  local name=$1 module=$2 folder
  folder=$(mktemp -d "$deps/go.XXXXXX")
  if logged $log "$name" env GOBIN="$PWD/$folder" go install "$module"; then
    mv "$folder"/* "$deps/bin/$name"
    put_stamp "go-$name" "$module"
  else
    say "$name could not be built; its tests will be skipped"
  fi
  rm -rf "$folder"
}

go_tools() {
  local name module
  while read -r name module; do
    if [ -z "$name" ] || [ "${name:0:1}" = '#' ]; then continue; fi
    if is_stamped "go-$name" "$module" && [ -x "$deps/bin/$name" ]; then continue; fi
    if ! has_go; then
      say "no go 1.24 or later: the tests that use grpcurl, h2spec and grpc-go will be skipped"
      return
    fi
    go_tool "$name" "$module"
  done <tools/go-tools.txt
}

# The clients of the browser tests as one script, and the browser itself.
browser() {
  local folder=$deps/browser stamp
  stamp=$(stamp_of tests/browser/package-lock.json tests/browser/clients.js)
  if ! is_stamped browser "$stamp" || [ ! -s $folder/clients.js ]; then
    if ! command -v npm >/dev/null ||
      [ "$(node -p 'process.versions.node.split(".")[0] >= 18' 2>/dev/null)" != true ]; then
      say "no node 18 or later with npm: the browser tests will be skipped"
      return
    fi
    mkdir -p $folder
    cp tests/browser/package.json tests/browser/package-lock.json $folder/
    cp tests/browser/clients.js $folder/source.js
    logged $log "npm packages, about 16 MB" env -C $folder npm ci --no-audit --no-fund &&
      logged $log "clients for browsers" \
        $folder/node_modules/.bin/esbuild $folder/source.js --bundle --format=iife --outfile=$folder/clients.js &&
      put_stamp browser "$stamp"
  fi
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v $name >/dev/null; then return; fi
  done
  if grep -qs '^ID=debian' /etc/os-release; then
    logged $log "Chromium" apt_get install --no-install-recommends chromium && return
  fi
  say "no Chromium: the browser tests will be skipped"
}

# node_packages NAME FOLDER: what FOLDER/package-lock.json names, into .deps/npm/NAME/node_modules.
node_packages() {
  local name=$1 from=$2 to=$deps/npm/$1 stamp
  stamp=$(stamp_of "$from/package-lock.json")
  if is_stamped "npm-$name" "$stamp" && [ -d "$to/node_modules" ]; then return; fi
  if ! command -v npm >/dev/null; then
    say "no npm: the tests that need $from will be skipped"
    return
  fi
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  if logged $log "npm packages, $name" env -C "$to" npm ci --no-audit --no-fund; then put_stamp "npm-$name" "$stamp"; fi
}

# A Zipkin server as one file, from Maven Central.
zipkin() {
  local version=3.6.1 jar=$deps/zipkin/zipkin.jar
  if is_stamped zipkin $version && [ -s $jar ]; then return; fi
  if ! command -v mvn >/dev/null || ! java -version 2>&1 | grep -q 'version "\(1[7-9]\|[2-9][0-9]\)'; then
    say "no Maven with Java 17 or later: the tests that use a real Zipkin will be skipped"
    return
  fi
  mkdir -p $deps/zipkin
  if logged $log "Zipkin, about 135 MB" mvn -q -B dependency:copy \
    -Dartifact=io.zipkin:zipkin-server:$version:jar:exec -DoutputDirectory="$PWD/$deps/zipkin"; then
    mv "$deps/zipkin/zipkin-server-$version-exec.jar" $jar
    put_stamp zipkin $version
  else
    say "Zipkin could not be fetched; its tests will be skipped"
  fi
}

# Two setups at once would step on each other.
if command -v flock >/dev/null; then
  exec 9>$deps/lock
  flock -n 9 || { say "another setup is running; waiting for it"; flock 9; }
fi

system_packages
python_packages run "about 70 MB" --no-deps -r tools/requirements.txt
if [ "$level" = cluster ]; then
  python_packages cluster "about 40 MB" -r tools/requirements-cluster.txt
  unpacked_packages
  models run
  exit
fi
if [ "$level" = package ]; then
  models run
  exit
fi
if [ "$level" != run ]; then
  python_packages test "about 100 MB" -r tools/requirements-test.txt
  python_packages clients "about 40 MB" --no-deps -r tools/requirements-clients.txt
  kserve_clients
fi
if [ "$level" = run ]; then
  models run
else
  models test
  browser
  go_tools
  unpacked_packages
  node_packages typescript clients/typescript
  zipkin
fi
