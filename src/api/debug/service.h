// ai.inference.Debug: what this server does, and what became of a call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ai/inference/debug.pb.h"
#include "base/clock.h"
#include "base/executor.h"
#include "call/method.h"
#include "call/telemetry.h"

namespace sluice {

struct DebugContext {
  const Telemetry& telemetry;
  // Names in the order of lists.cc.
  std::vector<std::string> call_layers, admission_layers;
  // Thread-safe; fast enough for a loop.
  std::function<ai::inference::ListQueuesResponse()> queues;
  std::function<ai::inference::ListModelsResponse()> models;
  // Reads a file; on `slow`.
  std::function<ai::inference::GetConfigResponse()> config;
  // Takes as long as it is told; on `slow`.
  std::function<absl::StatusOr<std::string>(Duration)> profile;
  Executor& slow;
};

void RegisterDebug(MethodTable& methods, DebugContext context);

}  // namespace sluice
