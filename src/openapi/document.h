// The OpenAPI 3.1 document of every method that has a REST path, made at start from the same descriptors that serve it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "call/method.h"
#include "openapi/oip_paths.h"

namespace sluice::openapi {

// JSON, indented; the same bytes for the same table. `version` is the server's; `oip` counts when the table has the
// protocol's service. Takes a few milliseconds.
std::string MakeDocument(const MethodTable& methods, std::string_view version, std::span<const OipPath> oip = {});

}  // namespace sluice::openapi
