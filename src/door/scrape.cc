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

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// A metric that every queue has.
struct QueueColumn {
  const char* name;
  MetricType type;
  const char* help;
  double (*value)(const QueueStats& queue, const Utilisation& use);
};

constexpr QueueColumn kQueueColumns[] = {
    {"ai_model_utilization", MetricType::Gauge, "Fraction of the workers' time that the model used in the last 10 s.",
     [](const QueueStats& queue, const Utilisation& use) { return use.OfQueue(queue.id); }},
    {"ai_inference_queue_depth", MetricType::Gauge, "Items waiting in the queue.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.depth); }},
    {"ai_inference_queue_wait_seconds", MetricType::Gauge, "Predicted wait of an item that arrives now.",
     [](const QueueStats& queue, const Utilisation&) { return Seconds(queue.predicted_wait); }},
    {"ai_inference_queue_items_total", MetricType::Counter, "Items computed.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.done); }},
    {"ai_inference_queue_batches_total", MetricType::Counter, "Runs; items divided by batches is the mean batch size.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.batches); }},
    {"ai_inference_queue_refused_total", MetricType::Counter, "Items that the queue refused.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.refused); }},
    {"ai_inference_queue_expired_total", MetricType::Counter, "Items whose deadline passed while they were waiting.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.expired); }},
    {"ai_inference_queue_cancelled_total", MetricType::Counter, "Items cancelled while they were waiting.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.cancelled); }},
};

struct Numbers {
  const NetworkNumbers& network;
  size_t chores;
};

// A metric of the whole process. Rows of one name stand together, and differ in their label.
struct Row {
  const char* name;
  MetricType type;
  const char* help;
  double (*value)(const Numbers& numbers);
  const char* label = nullptr;
  const char* label_value = nullptr;
};

constexpr Row kRows[] = {
    {"ai_inference_connections", MetricType::Gauge, "Open connections.",
     [](const Numbers& numbers) { return numbers.network.connections; }},
    {"ai_inference_inflight_bytes", MetricType::Gauge, "Bytes held by calls: headers, bodies, unread responses.",
     [](const Numbers& numbers) { return numbers.network.inflight_bytes; }},
    {"ai_inference_network_bytes_total", MetricType::Counter, "Bytes read from and written to sockets.",
     [](const Numbers& numbers) { return numbers.network.bytes_in; }, "direction", "in"},
    {"ai_inference_network_bytes_total", MetricType::Counter, "Bytes read from and written to sockets.",
     [](const Numbers& numbers) { return numbers.network.bytes_out; }, "direction", "out"},
    {"ai_inference_chores_waiting", MetricType::Gauge, "Decoding and encoding jobs that are waiting.",
     [](const Numbers& numbers) { return static_cast<double>(numbers.chores); }},
    {"ai_inference_log_lines_dropped_total", MetricType::Counter, "Lines dropped because a log's reader was too slow.",
     [](const Numbers& numbers) { return numbers.network.access_lines_lost; }, "log", "access"},
    {"ai_inference_log_lines_dropped_total", MetricType::Counter, "Lines dropped because a log's reader was too slow.",
     [](const Numbers&) { return static_cast<double>(LogLinesLost()); }, "log", "server"},
};

MetricFamily Family(std::string_view name, std::string_view help, MetricType type) {
  return {.name = std::string(name), .help = std::string(help), .type = type, .metric = {}};
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

void AddSheds(const ShedCounts& sheds, std::vector<MetricFamily>& out) {
  MetricFamily& counts = out.emplace_back(Family(
      "ai_inference_shed_total",
      "Work refused because it would not have been done in time (deadline, slo; early: before its body was read) "
      "or had no room (queue_full; share: its client's part of the queue).",
      MetricType::Counter));
  for (size_t i = 0; i < kWorkClasses; ++i) {
    for (size_t rule = 0; rule < kShedRules; ++rule) {
      Add(counts,
          {{"class", std::string(ToString(static_cast<WorkClass>(i)))},
           {"rule", std::string(ToString(static_cast<ShedRule>(rule)))}},
          static_cast<double>(sheds.by_class[i][rule]));
    }
  }
  MetricFamily& followed = out.emplace_back(Family(
      "ai_inference_shed_followed_total",
      "Work refused for its deadline or slo whose turn has come since: whether it would have been in time is known.",
      MetricType::Counter));
  Add(followed, {}, static_cast<double>(sheds.followed));
  MetricFamily& wrong = out.emplace_back(
      Family("ai_inference_shed_wrong_total", "Of those, what would have been in time.", MetricType::Counter));
  Add(wrong, {}, static_cast<double>(sheds.wrong));
}

void AddRows(const Numbers& numbers, std::vector<MetricFamily>& out) {
  for (const Row& row : kRows) {
    if (out.empty() || out.back().name != row.name) out.push_back(Family(row.name, row.help, row.type));
    Add(out.back(), row.label == nullptr ? Labels() : Labels{{row.label, row.label_value}}, row.value(numbers));
  }
}

}  // namespace

void Scrape::Sample(TimePoint now) {
  std::vector<Duration> workers;
  for (const auto& worker : scheduler_.Workers()) workers.push_back(worker.busy);
  utilisation_.Sample(now, scheduler_.Queues(), std::move(workers));
}

std::vector<MetricFamily> Scrape::Collect() const {
  std::vector<MetricFamily> out;
  const std::vector<QueueStats> queues = scheduler_.Queues();
  for (const QueueColumn& column : kQueueColumns) {
    MetricFamily& family = out.emplace_back(Family(column.name, column.help, column.type));
    for (const QueueStats& queue : queues) Add(family, ModelLabels(queue.name), column.value(queue, utilisation_));
  }
  MetricFamily& workers = out.emplace_back(Family(
      "ai_inference_worker_utilization", "Fraction of the last 10 s in which the worker was busy.", MetricType::Gauge));
  for (int i = 0; i < scheduler_.workers(); ++i) {
    Add(workers, {{"worker", std::to_string(i)}}, utilisation_.OfWorker(static_cast<size_t>(i)));
  }
  AddSheds(scheduler_.Sheds(), out);
  const NetworkNumbers network = network_();
  AddRows({.network = network, .chores = scheduler_.waiting_chores()}, out);
  MetricFamily& turns =
      out.emplace_back(Family("ai_inference_loop_turn_seconds", "Turns of the network loops.", MetricType::Histogram));
  for (size_t i = 0; i < network.loops.size(); ++i) AddTurns(turns, network.loops[i], i);
  return out;
}

}  // namespace sluice
