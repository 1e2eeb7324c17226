// OpenTelemetry's environment variables, which people set for everything that they run: they change the defaults of
// `tracing`, and the configuration file goes before them.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "ai/inference/config/server.pb.h"

namespace sluice {

// getenv: null for what is not set. An empty value counts as none, as OpenTelemetry has it.
using GetEnvironment = std::function<const char*(const char*)>;

// The error names the variable.
absl::Status ApplyOtelEnvironment(const GetEnvironment& get, ai::inference::config::Tracing& tracing);

// `tracing` is what the file has made of it. An error if it sends OTLP, and the environment asks for a protocol of OTLP
// that there is none of here: the collector's port for that one takes nothing that is sent to it.
absl::Status CheckOtlpProtocol(const GetEnvironment& get, const ai::inference::config::Tracing& tracing);

}  // namespace sluice
