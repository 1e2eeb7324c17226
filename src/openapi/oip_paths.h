// The Open Inference Protocol in the document: paths and bodies that no google.api.http rule says, because its JSON is
// not the proto3 form of its messages (transport/oip).
#pragma once

#include <span>
#include <string_view>

#include "call/method.h"
#include "openapi/comments.h"
#include "openapi/json_out.h"

namespace sluice::openapi {

// A path as the server accepts it: "/v2/models/{model_name}/infer", "POST", and the rpc of the protocol's gRPC service.
struct OipPath {
  std::string_view path, verb, rpc;
};

bool HasOip(const MethodTable& methods);

// An element of tags; members of paths; members of components.schemas.
void WriteOipTag(JsonOut& out);
void WriteOipPaths(std::span<const OipPath> paths, const Comments& comments, JsonOut& out);
void WriteOipSchemas(JsonOut& out);

}  // namespace sluice::openapi
