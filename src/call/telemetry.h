// Where what happens to calls goes, beside the access log: metrics, the ring of notable calls, spans. The layers write,
// the door and the admin APIs read.
#pragma once

#include <atomic>
#include <vector>

#include "base/metrics/text.h"
#include "base/trace/notable_calls.h"
#include "call/layers/observe/live_calls.h"

namespace sluice {

// How loaded the process was in the last seconds. Any thread.
struct RecentLoad {
  std::atomic<double> busy{0};         // share of the workers' time, 0 to 1
  std::atomic<double> calls_per_s{0};  // over all protocols
};

struct Telemetry {
  // Of a layer, which adds itself when it is made; they live as long as the chain.
  std::vector<const MetricSource*> metrics;
  NotableCalls notable;
  LiveCalls live;
  RecentLoad load;  // set once a second
  // Where records go to become spans; null: nowhere. Set before the server serves.
  CallRecordSink* spans = nullptr;
  // Of the calls that end well, in time and undisturbed, this share is kept all the same: 0 to 1.
  double sample_ratio = 0.01;
};

}  // namespace sluice
