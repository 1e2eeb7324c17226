#!/usr/bin/env bash
# Packages, in dist. The same sources give the same bytes, wherever and whenever they are packed.
#
#   tools/package.sh                  sluice_VERSION_amd64.deb, sluice-openvino_VERSION_amd64.deb and
#                                     sluice-VERSION-linux-amd64.tar.gz, and what they consist of (SPDX, CycloneDX)
#   tools/package.sh image [OPTION]   the container image (tools/packaging/image.py)
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
tools/setup.sh package
tools/build.sh sluice_packaged
python=.deps/venv/bin/python
logs=dist/log
logged $logs/stage.log "files" $python tools/packaging/stage.py
logged $logs/sbom.log "bill of materials" $python tools/packaging/sbom.py
if [ "${1:-}" = image ]; then
  shift
  exec $python tools/packaging/image.py "$@"
fi
logged $logs/archive.log "archive" $python tools/packaging/archive.py
logged $logs/deb.log "Debian packages, a few minutes of xz" $python tools/packaging/deb.py
(cd dist && sha256sum sluice*.deb sluice*.tar.gz sluice*.json >SHA256SUMS && ls -l -- *.deb *.tar.gz)
