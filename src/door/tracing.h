// Makes the exporter that the configuration asks for.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "base/random.h"
#include "base/trace/exporter.h"

namespace sluice {

// Null: none. The error is for operators.
absl::StatusOr<std::unique_ptr<TraceExporter>> MakeTraceExporter(const ai::inference::config::Tracing& options,
                                                                 const Random& random);

}  // namespace sluice
