// What ai.inference.Debug shows, from those who know it.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "admission/admission.h"
#include "ai/inference/config/server.pb.h"
#include "api/debug/service.h"
#include "base/config/watched_files.h"
#include "call/layer.h"
#include "repository/live_set.h"
#include "scheduler/scheduler.h"

namespace sluice {

// All outlive the methods.
struct DebugSources {
  const Telemetry& telemetry;
  const Chain& chain;
  const Admission& admission;
  const Scheduler& scheduler;
  std::function<std::vector<ModelInfo>()> models;
  const WatchedFiles& files;
  const ai::inference::config::Server& running;
  std::function<absl::StatusOr<ai::inference::config::Server>()> reread;  // what a restart would take
  std::function<absl::StatusOr<std::string>(Duration)> profile;
  Executor& slow;
};

DebugContext MakeDebugContext(const DebugSources& sources);

// ProfileCpu's, gzip-compressed, as tools expect it.
absl::StatusOr<std::string> PackedProfile(Duration time, const std::stop_token& stop);

}  // namespace sluice
