#!/usr/bin/env bash
# make run: sets up what is missing, builds, starts build/sluice and prints a curl line. Arguments go to `sluice serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

tools/setup.sh run
tools/build.sh sluice

# Copies the server's output and adds the addresses to try once it is ready. Ends with the server, not before it.
announce() {
  trap '' INT TERM
  local line address=
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
      'listening on '*) address=${address:-${line#listening on }} ;;
      ready) break ;;
    esac
  done
  if [ -n "$address" ]; then
    cat <<END

  front page   http://$address/
  try the API  http://$address/docs
  metrics      http://$address/metrics
  health       http://$address/healthz

Paste this into another terminal, in this folder:

  curl -s -X POST --data-binary @.deps/samples/astronaut.jpg -H 'Content-Type: image/jpeg' http://$address/api/v1/recognize

Ctrl-C stops the server.
END
  fi
  exec cat
}

# The server takes the place of this script, so signals reach it and its exit status is ours.
exec build/sluice serve "$@" > >(announce)
