// What layers are given in tests: the default configuration, numbers that repeat, a log to nowhere.
#pragma once

#include <prometheus/registry.h>

#include <optional>

#include "base/config/config.h"
#include "base/config/watched_files.h"
#include "base/executor.h"
#include "base/load_probe.h"
#include "base/log/access_log.h"
#include "base/random.h"
#include "base/testing/held_chores.h"
#include "call/layer.h"
#include "call/telemetry.h"

namespace sluice {

// Workers that are as busy as a test says.
struct FakeLoad final : LoadProbe {
  Duration Backlog() const override { return backlog; }
  absl::Status Judge(WorkClass work_class, Principal, TimePoint deadline) override {
    asked = work_class;
    return verdict;
  }
  Duration backlog{};
  absl::Status verdict;
  std::optional<WorkClass> asked;  // what it was asked about last
};

struct TestLayerContext {
  LayerContext On(Loop& loop) { return On(loop, nowhere); }
  LayerContext On(Loop& loop, AccessLog& log) { return On(loop, log, chores, load); }
  LayerContext On(Loop& loop, AccessLog& log, Chores& its_chores, LoadProbe& its_load) {
    return {.options = options,
            .clock = loop.clock(),
            .random = random,
            .loop = loop,
            .metrics = metrics,
            .log = log,
            .chores = its_chores,
            .load = its_load,
            .files = files,
            .telemetry = telemetry};
  }

  config::Server options = DefaultConfig();
  SharedRandom random{Random(1)};
  prometheus::Registry metrics;
  AccessLog nowhere;
  HeldChores chores;
  FakeLoad load;
  WatchedFiles files;
  Telemetry telemetry;

  // What /metrics would show of the layers.
  std::string Scrape() const {
    MetricsText text(MetricsText::Format::kPlain);
    for (const MetricSource* source : telemetry.metrics) source->Collect(text);
    return text.Finish();
  }
};

}  // namespace sluice
