// What /metrics shows beyond the calls: queues, workers, connections. Read from their owners at each scrape, so nothing
// is counted twice and the hot path pays nothing.
//
//   ai_model_utilization{model_id,version}                share of all workers' time in the last 10 s, 0 to 1
//   ai_inference_queue_depth, _queue_wait_seconds{…}      items waiting now; predicted wait of the next one
//   ai_inference_queue_refused_total, _expired_total, _cancelled_total, _batches_total, _items_total{…}
//   ai_inference_worker_utilization{worker}               busy share of the last 10 s
//   ai_inference_connections, _inflight_bytes, ai_inference_network_bytes_total{direction}
//   ai_inference_loop_turn_seconds{loop}                  histogram: how long a loop was busy with one event and what
//   followed
//   ai_inference_shed_total{class,rule}                   queue_full, share, deadline, slo, early
//   ai_inference_shed_followed_total, ai_inference_shed_wrong_total
//   ai_inference_chores_waiting
//   ai_inference_log_lines_dropped_total{log}             access, server
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/turn.h"
#include "door/utilisation.h"
#include "scheduler/scheduler.h"

namespace sluice {

struct NetworkNumbers {
  double connections = 0, inflight_bytes = 0, bytes_in = 0, bytes_out = 0;
  std::vector<TurnTimes::Numbers> loops = {};
  double access_lines_lost = 0;
};

class Scrape final : public prometheus::Collectable {
 public:
  // All outlive this object; `network` is thread-safe.
  Scrape(const Scheduler& scheduler, std::function<NetworkNumbers()> network)
      : scheduler_(scheduler), network_(std::move(network)) {}

  // The utilisation follows these: one each Utilisation::kInterval. Any thread, in order.
  void Sample(TimePoint now);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Scheduler& scheduler_;
  const std::function<NetworkNumbers()> network_;
  Utilisation utilisation_;
};

}  // namespace sluice
