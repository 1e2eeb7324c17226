// The pages that this server shows: probes, metrics, API documentation, front page.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics/text.h"
#include "call/method.h"
#include "repository/live_set.h"
#include "transport/pages/codec.h"

namespace prometheus {
class Registry;
}

namespace sluice {

struct PagesContext {
  // All outlive the pages.
  std::vector<const MetricSource*> metrics;
  const prometheus::Registry& registry;  // more of them
  const MethodTable& methods;
  // Why the server is not ready; empty when it is. Thread-safe.
  std::function<std::string()> not_ready;
  // Everything found in the models' folders. Thread-safe.
  std::function<std::vector<ModelInfo>()> models;
  bool show_metrics = true;
  Executor* scrapes = nullptr;  // makes /metrics, whatever the workers do; null: they do
  // A CPU profile of that long, on `slow`; null: none.
  std::function<absl::StatusOr<std::string>(Duration)> profile = {};
  Executor* slow = nullptr;
};

// /openapi.json of such a server.
std::string OpenApiText(const MethodTable& methods);

// /healthz is 200 while the process answers; /readyz is 200 while a model is serving, until it drains.
std::vector<pages::PageEntry> MakePages(const PagesContext& context);

}  // namespace sluice
