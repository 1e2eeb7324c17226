#include "door/scrape.h"

#include <prometheus/metric_family.h>

#include <limits>
#include <string_view>
#include <utility>

#include "base/log/log.h"

namespace sluice {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily Family(std::string name, std::string help, MetricType type) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

void Add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

// "face_detection_v2@1"
Labels ModelLabels(std::string_view name) {
  const size_t at = name.rfind('@');
  return {{"model_id", std::string(name.substr(0, at))},
          {"version", at == std::string_view::npos ? std::string() : std::string(name.substr(at + 1))}};
}

void AddTurns(MetricFamily& family, const TurnTimes::Numbers& turns, size_t loop) {
  ClientMetric metric;
  metric.label = {{"loop", std::to_string(loop)}};
  uint64_t count = 0;
  for (size_t i = 0; i < turns.counts.size(); ++i) {
    count += turns.counts[i];
    const bool last = i == TurnTimes::kBounds.size();
    metric.histogram.bucket.push_back(
        {.cumulative_count = count,
         .upper_bound = last ? std::numeric_limits<double>::infinity() : TurnTimes::kBounds[i]});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = turns.seconds;
  family.metric.push_back(std::move(metric));
}

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

void Scrape::Sample(TimePoint now) {
  std::vector<Duration> workers;
  for (const auto& worker : scheduler_.Workers()) workers.push_back(worker.busy);
  utilisation_.Sample(now, scheduler_.Queues(), std::move(workers));
}

std::vector<MetricFamily> Scrape::Collect() const {
  auto use = Family("ai_model_utilization", "Share of the workers' time in the last 10 s.", MetricType::Gauge);
  auto depth = Family("ai_inference_queue_depth", "Items waiting.", MetricType::Gauge);
  auto wait = Family("ai_inference_queue_wait_seconds", "Predicted wait of an item that comes now.", MetricType::Gauge);
  auto items = Family("ai_inference_queue_items_total", "Items that ran.", MetricType::Counter);
  auto batches =
      Family("ai_inference_queue_batches_total", "Runs; items / batches is the batch size.", MetricType::Counter);
  auto refused = Family("ai_inference_queue_refused_total", "Items refused at the queue.", MetricType::Counter);
  auto expired =
      Family("ai_inference_queue_expired_total", "Items whose deadline passed while they waited.", MetricType::Counter);
  auto cancelled =
      Family("ai_inference_queue_cancelled_total", "Items cancelled while they waited.", MetricType::Counter);
  for (const QueueStats& queue : scheduler_.Queues()) {
    const Labels labels = ModelLabels(queue.name);
    Add(use, labels, utilisation_.OfQueue(queue.id));
    Add(depth, labels, static_cast<double>(queue.depth));
    Add(wait, labels, Seconds(queue.predicted_wait));
    Add(items, labels, static_cast<double>(queue.done));
    Add(batches, labels, static_cast<double>(queue.batches));
    Add(refused, labels, static_cast<double>(queue.refused));
    Add(expired, labels, static_cast<double>(queue.expired));
    Add(cancelled, labels, static_cast<double>(queue.cancelled));
  }

  auto worker =
      Family("ai_inference_worker_utilization", "Busy share of a worker in the last 10 s.", MetricType::Gauge);
  for (int i = 0; i < scheduler_.workers(); ++i) {
    Add(worker, {{"worker", std::to_string(i)}}, utilisation_.OfWorker(static_cast<size_t>(i)));
  }

  const NetworkNumbers network = network_();
  auto connections = Family("ai_inference_connections", "Open connections.", MetricType::Gauge);
  Add(connections, {}, network.connections);
  auto inflight = Family("ai_inference_inflight_bytes", "Bytes held by calls: headers, bodies, answers not read yet.",
                         MetricType::Gauge);
  Add(inflight, {}, network.inflight_bytes);
  auto bytes = Family("ai_inference_network_bytes_total", "Bytes on the sockets.", MetricType::Counter);
  Add(bytes, {{"direction", "in"}}, network.bytes_in);
  Add(bytes, {{"direction", "out"}}, network.bytes_out);
  auto turns = Family("ai_inference_loop_turn_seconds", "Turns of the loops that move bytes.", MetricType::Histogram);
  for (size_t i = 0; i < network.loops.size(); ++i) AddTurns(turns, network.loops[i], i);
  auto chores = Family("ai_inference_chores_waiting", "Decoding and printing jobs that wait.", MetricType::Gauge);
  Add(chores, {}, static_cast<double>(scheduler_.waiting_chores()));
  auto lost = Family("ai_inference_log_lines_dropped_total", "Lines lost to a log's slow reader.", MetricType::Counter);
  Add(lost, {{"log", "access"}}, network.access_lines_lost);
  Add(lost, {{"log", "server"}}, static_cast<double>(LogLinesLost()));
  return {use,    depth,       wait,     items, batches, refused, expired, cancelled,
          worker, connections, inflight, bytes, turns,   chores,  lost};
}

}  // namespace sluice
