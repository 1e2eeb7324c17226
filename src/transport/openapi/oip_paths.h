// The Open Inference Protocol in the document: paths and bodies that no google.api.http rule says, because its JSON is not the
// proto3 form of its messages (transport/oip).
#pragma once

#include "call/method.h"
#include "transport/openapi/comments.h"
#include "transport/openapi/json_out.h"

namespace sluice::openapi {

bool HasOip(const MethodTable& methods);

// An element of tags; members of paths; members of components.schemas.
void WriteOipTag(JsonOut& out);
void WriteOipPaths(const Comments& comments, JsonOut& out);
void WriteOipSchemas(JsonOut& out);

}  // namespace sluice::openapi
