#!/usr/bin/env bash
# Go code from the published .proto files, into ./inference. Needs protoc and, in PATH or in ../../.deps/bin,
# protoc-gen-go and protoc-gen-go-grpc:
#   go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
#   go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
set -euo pipefail
cd "$(dirname "$0")"
proto=${PROTO:-../../proto}
out=${OUT:-.}
PATH=$PATH:$PWD/../../.deps/bin

# The files name no Go package; the client's author chooses one.
package=example/inference
options=()
for file in options errors image_recognition text_classification; do
  options+=("--go_opt=Mai/inference/$file.proto=$package" "--go-grpc_opt=Mai/inference/$file.proto=$package")
done
protoc -I"$proto" "${options[@]}" \
  --go_out="$out" --go_opt=module=example --go-grpc_out="$out" --go-grpc_opt=module=example \
  ai/inference/{options,image_recognition,text_classification}.proto
