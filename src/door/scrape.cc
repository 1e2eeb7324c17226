#include "door/scrape.h"

#include <string_view>
#include <utility>

#include "base/log/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "call/layers/observe/call_metrics.h"
#include "pipeline/catalog.h"

namespace sluice {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// A metric that every queue has.
struct QueueColumn {
  const char* name;
  MetricKind kind;
  const char* help;
  double (*value)(const QueueStats& queue, const Utilisation& use);
};

constexpr QueueColumn kQueueColumns[] = {
    {"ai_model_utilization", MetricKind::kGauge,
     "Share of the workers' time that the model version used in the last 10 s, 0 to 1: near 1, it is the bottleneck.",
     [](const QueueStats& queue, const Utilisation& use) { return use.OfQueue(queue.id); }},
    {"ai_inference_queue_depth", MetricKind::kGauge, "Items waiting in the model version's queue now.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.depth); }},
    {"ai_inference_queue_running", MetricKind::kGauge, "Items of the model version that workers compute now.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.running); }},
    {"ai_inference_queue_wait_seconds", MetricKind::kGauge,
     "How long an item that arrives now will wait, as predicted: what admission decides by.",
     [](const QueueStats& queue, const Utilisation&) { return Seconds(queue.predicted_wait); }},
    {"ai_inference_queue_items_total", MetricKind::kCounter, "Items computed.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.done); }},
    {"ai_inference_queue_batches_total", MetricKind::kCounter,
     "Runs of the model version; items divided by batches is the mean batch size.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.batches); }},
    {"ai_inference_queue_refused_total", MetricKind::kCounter,
     "Items that the queue refused: it was full, or they could not have been in time.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.refused); }},
    {"ai_inference_queue_expired_total", MetricKind::kCounter, "Items whose deadline passed while they were waiting.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.expired); }},
    {"ai_inference_queue_cancelled_total", MetricKind::kCounter, "Items cancelled while they were waiting.",
     [](const QueueStats& queue, const Utilisation&) { return static_cast<double>(queue.cancelled); }},
};

struct Numbers {
  const NetworkNumbers& network;
  size_t chores;
  WallTime started;
};

// A metric of the whole process. Rows of one name stand together, and differ in their label.
struct Row {
  const char* name;
  MetricKind kind;
  const char* help;
  double (*value)(const Numbers& numbers);
  const char* labels = "";
};

constexpr Row kRows[] = {
    {"ai_inference_connections", MetricKind::kGauge, "Open connections.",
     [](const Numbers& numbers) { return numbers.network.connections; }},
    {"ai_inference_inflight_bytes", MetricKind::kGauge,
     "Bytes held by calls: headers, bodies, what is parsed from them, unread responses. Bounded by "
     "http.inflight_bytes_max; near it, calls are refused.",
     [](const Numbers& numbers) { return numbers.network.inflight_bytes; }},
    {"ai_inference_inflight_limit_bytes", MetricKind::kGauge, "http.inflight_bytes_max.",
     [](const Numbers& numbers) { return numbers.network.inflight_bytes_max; }},
    {"ai_inference_network_bytes_total", MetricKind::kCounter, "Bytes read from and written to sockets.",
     [](const Numbers& numbers) { return numbers.network.bytes_in; }, "direction=\"in\""},
    {"ai_inference_network_bytes_total", MetricKind::kCounter, "Bytes read from and written to sockets.",
     [](const Numbers& numbers) { return numbers.network.bytes_out; }, "direction=\"out\""},
    {"ai_inference_chores_waiting", MetricKind::kGauge, "Decoding and encoding jobs that are waiting for a worker.",
     [](const Numbers& numbers) { return static_cast<double>(numbers.chores); }},
    {"ai_inference_log_lines_dropped_total", MetricKind::kCounter,
     "Lines lost because what reads the log was too slow, or its disk was full.",
     [](const Numbers& numbers) { return numbers.network.access_lines_lost; }, "log=\"access\""},
    {"ai_inference_log_lines_dropped_total", MetricKind::kCounter,
     "Lines lost because what reads the log was too slow, or its disk was full.",
     [](const Numbers&) { return static_cast<double>(LogLinesLost()); }, "log=\"server\""},
    {"ai_inference_build_info", MetricKind::kGauge, "Always 1; its label says which version runs.",
     [](const Numbers&) { return 1.0; }, "version=\"" SLUICE_VERSION "\""},
    {"process_cpu_seconds_total", MetricKind::kCounter, "CPU time of all threads.",
     [](const Numbers&) { return Seconds(ProcessCpuTime()); }},
    {"process_resident_memory_bytes", MetricKind::kGauge, "Memory of the process that is resident.",
     [](const Numbers&) { return static_cast<double>(ResidentBytes()); }},
    {"process_virtual_memory_bytes", MetricKind::kGauge, "Address space of the process.",
     [](const Numbers&) { return static_cast<double>(AddressSpaceBytes()); }},
    {"process_open_fds", MetricKind::kGauge, "Open files and sockets.",
     [](const Numbers&) { return static_cast<double>(OpenFiles()); }},
    {"process_max_fds", MetricKind::kGauge, "How many files and sockets the process may open.",
     [](const Numbers&) { return static_cast<double>(OpenFilesMax()); }},
    {"process_threads", MetricKind::kGauge, "Threads of the process.",
     [](const Numbers&) { return static_cast<double>(ThreadCount()); }},
    {"process_start_time_seconds", MetricKind::kGauge, "When the server started, in seconds since 1970.",
     [](const Numbers& numbers) { return std::chrono::duration<double>(numbers.started.time_since_epoch()).count(); }},
};

std::string ModelLabels(std::string_view id, std::string_view version) {
  return LabelText({{"model_id", id}, {"version", version}});
}

// "face_detection_v2@1"
std::string QueueLabels(std::string_view name) {
  const size_t at = name.rfind('@');
  return ModelLabels(name.substr(0, at), at == std::string_view::npos ? std::string_view() : name.substr(at + 1));
}

void AddStage(const ModelInfo& model, std::string_view stage, const OwnHistogram& histogram, MetricsText& out) {
  HistogramSum sum;
  sum.Add(histogram);
  out.Histogram(LabelText({{"model_id", model.id}, {"stage", stage}, {"version", model.version}}), sum.bounds,
                sum.counts, sum.sum);
}

void AddSheds(const ShedCounts& sheds, MetricsText& out) {
  out.Family(
      "ai_inference_shed_total", MetricKind::kCounter,
      "Work refused because it would not have been done in time (deadline, slo; early: before its body was read) "
      "or had no room (queue_full; share: its client's part of the queue).");
  for (size_t i = 0; i < kWorkClasses; ++i) {
    for (size_t rule = 0; rule < kShedRules; ++rule) {
      out.Sample(
          LabelText({{"class", ToString(static_cast<WorkClass>(i))}, {"rule", ToString(static_cast<ShedRule>(rule))}}),
          static_cast<double>(sheds.by_class[i][rule]));
    }
  }
  out.Family(
      "ai_inference_shed_followed_total", MetricKind::kCounter,
      "Work refused for its deadline or slo whose turn has come since: whether it would have been in time is known.");
  out.Sample({}, static_cast<double>(sheds.followed));
  out.Family("ai_inference_shed_wrong_total", MetricKind::kCounter, "Of those, what would have been in time.");
  out.Sample({}, static_cast<double>(sheds.wrong));
}

void AddRows(const Numbers& numbers, MetricsText& out) {
  for (const Row& row : kRows) {
    out.Family(row.name, row.kind, row.help);
    out.Sample(row.labels, row.value(numbers));
  }
}

void AddTurns(const std::vector<TurnTimes::Numbers>& loops, MetricsText& out) {
  out.Family("ai_inference_loop_turn_seconds", MetricKind::kHistogram,
             "How long a network loop was busy with one event and what followed; above 1 ms, all others wait for it.");
  for (size_t i = 0; i < loops.size(); ++i) {
    out.Histogram(LabelText({{"loop", std::to_string(i)}}), TurnTimes::kBounds, loops[i].counts, loops[i].seconds);
  }
}

}  // namespace

double Scrape::Busy() const {
  const size_t workers = sources_.scheduler.Workers().size();
  double busy = 0;
  for (size_t i = 0; i < workers; ++i) busy += utilisation_.OfWorker(i);
  return workers == 0 ? 0 : busy / static_cast<double>(workers);
}

void Scrape::Sample(TimePoint now) {
  std::vector<Duration> workers;
  for (const auto& worker : sources_.scheduler.Workers()) workers.push_back(worker.busy);
  utilisation_.Sample(now, sources_.scheduler.Queues(), std::move(workers));
  PrincipalTimes times = sources_.scheduler.TakePrincipals();
  const std::lock_guard lock(mutex_);
  principals_.Add(std::move(times));
}

void Scrape::CollectModels(MetricsText& out) const {
  std::vector<ModelInfo> models = sources_.models();
  std::erase_if(models, [](const ModelInfo& model) { return !model.alias_of.empty() || model.fetchable; });
  out.Family(kStageMetric, MetricKind::kHistogram, kStageHelp);
  for (const ModelInfo& model : models) {
    const auto* const stages = model.handle == nullptr ? nullptr : ModelCatalog::StagesOf(*model.handle);
    if (stages == nullptr) continue;
    AddStage(model, "queue", stages->queue, out);
    AddStage(model, "decode", stages->decode, out);
    AddStage(model, "pre", stages->pre, out);
    AddStage(model, "infer", stages->infer, out);
    AddStage(model, "post", stages->post, out);
  }
  out.Family(
      "ai_model_memory_bytes", MetricKind::kGauge,
      "Memory that the loaded model version holds on its device, as measured when its file was tried; at least the "
      "size of its files.");
  for (const ModelInfo& model : models) {
    if (model.handle == nullptr) continue;
    out.Sample(LabelText({{"device", "cpu"}, {"model_id", model.id}, {"version", model.version}}),
               static_cast<double>(model.handle->memory_bytes()));
  }
  out.Family(
      "ai_model_slo_seconds", MetricKind::kGauge,
      "What the model promises (slo_ms in model.yaml): the latency above which a call counts as slow; 0: nothing.");
  for (const ModelInfo& model : models) {
    if (model.handle == nullptr) continue;
    out.Sample(ModelLabels(model.id, model.version), model.handle->manifest().slo_ms() / 1000.0);
  }
  out.Family("ai_model_info", MetricKind::kGauge, "Always 1; says of each model version how it is served, or why not.");
  for (const ModelInfo& model : models) {
    out.Sample(LabelText({{"engine", model.engine},
                          {"model_id", model.id},
                          {"state", ToString(model.state)},
                          {"task", model.task},
                          {"version", model.version}}),
               1);
  }
}

void Scrape::CollectQueues(MetricsText& out) const {
  const std::vector<QueueStats> queues = sources_.scheduler.Queues();
  for (const QueueColumn& column : kQueueColumns) {
    out.Family(column.name, column.kind, column.help);
    for (const QueueStats& queue : queues) out.Sample(QueueLabels(queue.name), column.value(queue, utilisation_));
  }
  out.Family("ai_inference_batch_size", MetricKind::kHistogram,
             "Items of one run of the model version: 1 on an idle server; more where max_batch allows it and work has "
             "queued.");
  for (const QueueStats& queue : queues) {
    out.Histogram(QueueLabels(queue.name), kBatchSizeBounds, queue.batch_sizes, static_cast<double>(queue.taken));
  }
  out.Family("ai_inference_worker_utilization", MetricKind::kGauge,
             "Share of the last 10 s in which the worker was busy, 0 to 1; all near 1: the server is at its capacity.");
  for (int i = 0; i < sources_.scheduler.workers(); ++i) {
    out.Sample(LabelText({{"worker", std::to_string(i)}}), utilisation_.OfWorker(static_cast<size_t>(i)));
  }
}

// Ranks, no names: whoever comes, the series are the same.
void Scrape::CollectPrincipals(MetricsText& out) const {
  TopPrincipals::Shares shares;
  {
    const std::lock_guard lock(mutex_);
    shares = principals_.Get();
  }
  out.Family(
      "ai_inference_principal_share", MetricKind::kGauge,
      "Share of the work of the last 10 s that was done for the busiest clients, by rank (1 is the busiest), and for "
      "all others together. Who they are: /debug/requests.");
  for (size_t i = 0; i < shares.ranks.size(); ++i) {
    out.Sample(LabelText({{"rank", std::to_string(i + 1)}}), shares.ranks[i]);
  }
  out.Sample(LabelText({{"rank", "other"}}), shares.others);
  out.Family("ai_inference_principals", MetricKind::kGauge, "Clients for whom work was done in the last 10 s.");
  out.Sample({}, static_cast<double>(shares.principals));
}

void Scrape::CollectFiles(MetricsText& out) const {
  const std::vector<WatchedFiles::State> files = sources_.files.states();
  const auto each = [&](std::string_view name, MetricKind kind, std::string_view help, auto value) {
    out.Family(name, kind, help);
    for (const WatchedFiles::State& file : files) {
      out.Sample(LabelText({{"file", file.name}}), static_cast<double>(value(file)));
    }
  };
  each("ai_inference_config_reload_success", MetricKind::kGauge,
       "1 when the file as it lies there is in force; 0 when its last change was refused and the old content is kept.",
       [](const auto& file) { return file.error.empty() ? 1 : 0; });
  each("ai_inference_config_reloads_total", MetricKind::kCounter, "Changes of the file that were taken.",
       [](const auto& file) { return file.reloads; });
  each("ai_inference_config_reload_failures_total", MetricKind::kCounter, "Changes of the file that were refused.",
       [](const auto& file) { return file.failures; });
  each("ai_inference_config_hash", MetricKind::kGauge,
       "Of the content in force; file server is the configuration itself, without addresses of listeners and resource "
       "attributes of spans. Replicas that differ here are configured differently.",
       [](const auto& file) { return file.hash; });
  out.Sample(LabelText({{"file", "server"}}), static_cast<double>(sources_.config_hash));
}

void Scrape::Collect(MetricsText& out) const {
  CollectModels(out);
  CollectQueues(out);
  CollectPrincipals(out);
  AddSheds(sources_.scheduler.Sheds(), out);
  const NetworkNumbers network = sources_.network();
  AddRows({.network = network, .chores = sources_.scheduler.waiting_chores(), .started = started_}, out);
  AddTurns(network.loops, out);
  CollectFiles(out);
}

}  // namespace sluice
