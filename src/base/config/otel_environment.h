// OpenTelemetry's environment variables, which people set for everything that they run: they change the defaults of
// `tracing`, and the configuration file goes before them.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "ai/inference/config/server.pb.h"

namespace sluice {

// `get` is getenv: null for what is not set. An empty value counts as none, as OpenTelemetry has it. The error names
// the variable.
absl::Status ApplyOtelEnvironment(const std::function<const char*(const char*)>& get,
                                  ai::inference::config::Tracing& tracing);

}  // namespace sluice
