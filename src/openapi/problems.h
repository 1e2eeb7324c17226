// The error model of the document: the Problem schema and one response for each HTTP status of errors.proto.
#pragma once

#include "openapi/comments.h"
#include "openapi/json_out.h"

namespace sluice::openapi {

// Members of components.schemas: "Problem".
void WriteProblemSchema(JsonOut& out);

// Members of components.responses: "Problem400" …, and "Problem" for any other.
void WriteProblemResponses(const Comments& comments, JsonOut& out);

// Members of an operation's responses.
void WriteProblemReferences(bool has_body, JsonOut& out);

}  // namespace sluice::openapi
