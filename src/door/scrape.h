// What /metrics shows beyond the calls: stages, models, queues, workers, connections, the process. Read from their
// owners at each scrape, so nothing is counted twice and the hot path pays nothing.
//
//   ai_inference_stage_seconds{model_id,stage,version}    histograms of queue, decode, pre, infer, post; CallMetrics
//                                                         adds body and write
//   ai_model_utilization{model_id,version}                share of all workers' time in the last 10 s, 0 to 1
//   ai_model_memory_bytes{device,model_id,version}, ai_model_slo_seconds{model_id,version}
//   ai_model_info{engine,model_id,state,task,version}
//   ai_inference_queue_*{model_id,version}                depth, predicted wait, batches, refusals
//   ai_inference_batch_size{model_id,version}             histogram: items of a run
//   ai_inference_worker_utilization{worker}               busy share of the last 10 s
//   ai_inference_principal_share{rank}                    of the busiest clients, and all others, in the last 10 s
//   ai_inference_connections, _inflight_bytes, _inflight_limit_bytes, _network_bytes_total{direction}, _chores_waiting
//   ai_inference_loop_turn_seconds{loop}                  histogram: how long a loop was busy with one event
//   ai_inference_shed_total{class,rule}                   queue_full, share, deadline, slo, early
//   ai_inference_shed_followed_total, ai_inference_shed_wrong_total
//   ai_inference_log_lines_dropped_total{log}             access, server
//   ai_inference_config_*{file}                           which content is in force, and did the last change fail?
//   ai_inference_build_info{version}, process_*
//
// docs/metrics.md lists them all; tools/metrics_md.py makes it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config/watched_files.h"
#include "base/metrics/text.h"
#include "base/turn.h"
#include "door/utilisation.h"
#include "repository/live_set.h"
#include "scheduler/scheduler.h"

namespace sluice {

struct NetworkNumbers {
  double connections = 0, inflight_bytes = 0, inflight_bytes_max = 0, bytes_in = 0, bytes_out = 0;
  std::vector<TurnTimes::Numbers> loops = {};
  double access_lines_lost = 0;
};

class Scrape final : public MetricSource {
 public:
  // Where it reads. All outlive this object and are thread-safe.
  struct Sources {
    Scheduler& scheduler;
    std::function<NetworkNumbers()> network;
    std::function<std::vector<ModelInfo>()> models;
    const WatchedFiles& files;
    uint64_t config_hash = 0;  // HashOfConfig
  };
  Scrape(Sources sources, WallTime started) : sources_(std::move(sources)), started_(started) {}

  // The utilisation follows these: one each Utilisation::kInterval. Any thread, in order.
  void Sample(TimePoint now);
  // Of all workers' time, over the same window.
  double Busy() const;

  void Collect(MetricsText& out) const override;

 private:
  void CollectModels(MetricsText& out) const;
  void CollectQueues(MetricsText& out) const;
  void CollectPrincipals(MetricsText& out) const;
  void CollectFiles(MetricsText& out) const;

  const Sources sources_;
  const WallTime started_;
  Utilisation utilisation_;
  mutable std::mutex mutex_;
  TopPrincipals principals_;  // guarded by mutex_
};

}  // namespace sluice
