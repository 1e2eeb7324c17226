// The OpenAPI 3.1 document of every method that has a REST path, made at start from the same descriptors that serve it.
#pragma once

#include <string>
#include <string_view>

#include "call/method.h"

namespace sluice::openapi {

// JSON, indented; the same bytes for the same table. `version` is the server's. Takes a few milliseconds.
std::string MakeDocument(const MethodTable& methods, std::string_view version);

}  // namespace sluice::openapi
