#include "door/server.h"

#include <prometheus/registry.h>

#include <atomic>
#include <future>
#include <stop_token>
#include <thread>
#include <utility>

#include "api/health/service.h"
#include "base/asio_loop.h"
#include "base/config/cache_dir.h"
#include "base/config/watched_files.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/log/access_log.h"
#include "base/log/log.h"
#include "base/open_files.h"
#include "base/random.h"
#include "base/redis/client.h"
#include "base/service/loop_watch.h"
#include "base/strings.h"
#include "base/task_thread.h"
#include "call/telemetry.h"
#include "door/debug_sources.h"
#include "door/http_options.h"
#include "door/lists.h"
#include "door/pages.h"
#include "door/scrape.h"
#include "door/tracing.h"
#include "pipeline/breakers.h"
#include "transport/codec_dispatcher.h"
#include "transport/http/server.h"

namespace sluice {
namespace {

// Beyond drain.timeout_ms: for connections that are cut to go, for the log's reader, for all that ends.
constexpr Duration kLookTime = std::chrono::milliseconds(20);  // what is to be cut is still there
constexpr Duration kCutTime = std::chrono::seconds(1);
constexpr Duration kFlushTime = std::chrono::milliseconds(500);
constexpr Duration kLookAtFiles = std::chrono::seconds(1);  // that may change while it runs
constexpr Duration kEndTime = std::chrono::seconds(3);

void ConfigureLog(const config::Logs& logs) {
  SetLogLevel(logs.level() == config::Logs::ERROR     ? LogLevel::kError
              : logs.level() == config::Logs::WARNING ? LogLevel::kWarning
                                                      : LogLevel::kInfo);
  LogInBackground();
}

AccessLog::Options AccessLogOptionsOf(const config::Logs& logs) {
  return {.patience = std::chrono::milliseconds(logs.block_ms()), .waits = logs.on_full() == config::Logs::BLOCK};
}

// Loops move bytes and are seldom busy: one for every four cores.
size_t LoopCount(const config::Server& options) {
  if (options.loops().count() > 0) return options.loops().count();
  return static_cast<size_t>(std::max(1, AvailableCpus() / 4));
}

// What the process is allowed goes before what the file says.
config::Server WithinLimits(config::Server options) {
  const size_t files = RaiseOpenFiles(), connections = ConnectionsFor(files);
  if (connections >= options.http().connections_max()) return options;
  LogWarning("http.connections_cut", {{"configured", options.http().connections_max()},
                                      {"connections_max", connections},
                                      {"open_files", files},
                                      {"hint", "raise the hard limit of open files (ulimit -Hn)"}});
  options.mutable_http()->set_connections_max(static_cast<uint32_t>(connections));
  return options;
}

void LogModels(const Repository& repository) {
  const std::vector<ModelInfo> models = repository.List();
  for (const ModelInfo& model : models) {
    if (model.state == ModelState::kServing) {
      LogInfo("model.serving", {{"model", model.id},
                                {"version", model.version},
                                {"task", model.task},
                                {"engine", model.engine},
                                {"why", model.reason}});
    } else if (!model.fetchable) {
      LogWarning("model.not_serving", {{"model", model.id}, {"version", model.version}, {"reason", model.reason}});
    }
  }
  if (const std::string ids = FetchableIn(models); !ids.empty())
    LogInfo("models.not_fetched", {{"models", ids}, {"hint", "python3 tools/get_models.py ID fetches one"}});
}

}  // namespace

// Members are destroyed from the last to the first: that is the order of teardown.
struct Server::Parts {
  explicit Parts(const config::Server& options, Reread reread = {})
      : options(options),
        reread(std::move(reread)),
        metrics(std::make_shared<prometheus::Registry>()),
        budget(options.http().inflight_bytes_max(), options.http().connections_max()),
        tasks(MakeTasks(options)),
        engines(MakeEngines(options.models())) {}

  const config::Server options;
  const Reread reread;
  std::atomic<bool> draining{false};
  std::stop_source drain_began;
  std::shared_ptr<prometheus::Registry> metrics;
  Telemetry telemetry;
  SharedRandom random{Random::FromDevice()};
  std::unique_ptr<AccessLog> access_log;
  std::unique_ptr<TraceExporter> traces;
  Budget budget;
  std::unique_ptr<LoopWatch> watch;  // outlives the loops
  std::vector<std::unique_ptr<AsioLoop>> loops;
  std::unique_ptr<RedisClient> redis;  // null: not configured
  std::vector<std::unique_ptr<ModelTask>> tasks;
  std::vector<std::unique_ptr<Engine>> engines;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<Trial> trial;
  std::unique_ptr<Repository> repository;
  std::unique_ptr<ModelCatalog> catalog;
  std::unique_ptr<TaskThread> model_changes;
  std::unique_ptr<TaskThread> scrapes;
  std::unique_ptr<TaskThread> debug;  // what an operator asks for and takes long: files, profiles
  std::unique_ptr<Admission> admission;
  WatchedFiles files;
  std::unique_ptr<Breakers> breakers;
  std::unique_ptr<Pipeline> pipeline;
  HealthRegistry health;
  MethodTable methods;
  Chain chain;
  std::unique_ptr<Scrape> scrape;
  std::unique_ptr<transport::CodecDispatcher> dispatcher;
  std::unique_ptr<http::HttpServer> http;

  void MakeModels();
  absl::Status LoadModels();
  void MakeLoops();
  absl::Status MakeRedis();
  absl::Status StartCalls();
  absl::Status StartNetwork();
  NetworkNumbers Network() const;  // once `http` exists
  void LogCut() const;             // what is still under way
  std::string NotReady() const;
  void TellHealth();
  void SampleUse();
  void Stop();
};

void Server::Parts::MakeModels() {
  scheduler = std::make_unique<Scheduler>(Scheduler::Options{.workers = static_cast<int>(options.workers().count()),
                                                             .nice = static_cast<int>(options.workers().nice()),
                                                             .chores_max = options.workers().chores_max()});
  trial = MakeTrial(options.models());
  std::vector<std::string> roots = {options.models().root()};
  roots.insert(roots.end(), options.models().extra_roots().begin(), options.models().extra_roots().end());
  repository = std::make_unique<Repository>(
      Repository::Options{.roots = std::move(roots),
                          .cache_dir = CacheDir(options.models().cache_dir()),
                          .workers = scheduler->workers(),
                          .prepare = PrepareVersions(*scheduler, tasks, options.overload().predict()),
                          .trial = trial.get(),
                          .loaders = scheduler->workers(),
                          .changed = [this] { TellHealth(); }},
      Pointers(engines));
}

absl::Status Server::Parts::LoadModels() {
  RETURN_IF_ERROR(repository->Load());
  LogModels(*repository);
  return absl::OkStatus();
}

void Server::Parts::MakeLoops() {
  for (size_t i = 0; i < LoopCount(options); ++i) loops.push_back(std::make_unique<AsioLoop>(StrCat("loop-", i)));
}

absl::Status Server::Parts::MakeRedis() {
  if (!options.redis().address().empty()) {
    ASSIGN_OR_RETURN(redis, RedisClient::Create(options.redis(), {loops, random, *metrics}));
  } else if (options.idempotency().store() == config::Idempotency::REDIS) {
    return absl::InvalidArgumentError("idempotency.store is redis, but redis.address is not set");
  }
  return absl::OkStatus();
}

absl::Status Server::Parts::StartCalls() {
  RETURN_IF_ERROR(MakeRedis());
  ASSIGN_OR_RETURN(access_log, AccessLog::Open(options.logs().access(), AccessLogOptionsOf(options.logs())));
  ASSIGN_OR_RETURN(traces, MakeTraceExporter(options.tracing(), Random::FromDevice()));
  telemetry.spans = traces.get();
  telemetry.sample_ratio = options.tracing().sample_ratio();
  if (traces != nullptr) telemetry.metrics.push_back(traces.get());
  const LayerContext layers{.options = options,
                            .clock = SystemClock(),
                            .random = random,
                            .loop = *loops[0],
                            .metrics = *metrics,
                            .log = *access_log,
                            .chores = scheduler->chores(),
                            .load = *scheduler,
                            .files = files,
                            .telemetry = telemetry,
                            .redis = redis.get()};
  chain = MakeCallChain(layers);
  model_changes = std::make_unique<TaskThread>("models", kWorkerNice);
  scrapes = std::make_unique<TaskThread>("scrapes", kLoopNice);
  debug = std::make_unique<TaskThread>("debug", kWorkerNice);
  catalog = std::make_unique<ModelCatalog>(*repository, *model_changes);
  admission = std::make_unique<Admission>(MakeAdmissionLayers({layers, *repository}));
  RETURN_IF_ERROR(admission->Prepare());
  files.Start(kLookAtFiles);
  pipeline = std::make_unique<Pipeline>(*admission, *scheduler);
  if (auto* const layer = admission->Find<BreakerLayer>()) breakers = std::make_unique<Breakers>(*layer);
  const auto profile = [stop = drain_began.get_token()](Duration time) { return PackedProfile(time, stop); };
  RegisterApis(methods, {.options = options,
                         .pipeline = *pipeline,
                         .catalog = *catalog,
                         .health = health,
                         .breakers = breakers.get(),
                         .draining = draining,
                         .debug = MakeDebugContext({.telemetry = telemetry,
                                                    .chain = chain,
                                                    .admission = *admission,
                                                    .scheduler = *scheduler,
                                                    .models = [this] { return repository->List(); },
                                                    .files = files,
                                                    .running = options,
                                                    .reread = [this] { return reread ? reread() : options; },
                                                    .profile = profile,
                                                    .slow = *debug})});
  scrape = std::make_unique<Scrape>(Scrape::Sources{.scheduler = *scheduler,
                                                    .network = [this] { return Network(); },
                                                    .models = [this] { return repository->List(); },
                                                    .files = files,
                                                    .config_hash = HashOf(options.SerializeAsString())},
                                    SystemClock().WallNow());
  std::vector<const MetricSource*> sources = telemetry.metrics;
  sources.push_back(scrape.get());
  const PagesContext pages{.metrics = std::move(sources),
                           .registry = *metrics,
                           .methods = methods,
                           .not_ready = [this] { return NotReady(); },
                           .models = [this] { return repository->List(); },
                           .show_metrics = options.metrics().enabled(),
                           .scrapes = scrapes.get(),
                           .profile = profile,
                           .slow = debug.get()};
  const transport::Context transport{.methods = methods,
                                     .chain = chain,
                                     .chores = scheduler->chores(),
                                     .budget = budget,
                                     .options = TransportOptionsOf(options)};
  dispatcher = std::make_unique<transport::CodecDispatcher>(MakeCodecs(transport, MakePages(pages)));
  return absl::OkStatus();
}

absl::Status Server::Parts::StartNetwork() {
  std::vector<AsioLoop*> pointers;
  for (const auto& loop : loops) {
    loop->Start();
    pointers.push_back(loop.get());
  }
  if (redis) redis->Start();
  ASSIGN_OR_RETURN(auto http_options, HttpOptionsOf(options));
  http =
      std::make_unique<http::HttpServer>(std::move(http_options), pointers, *dispatcher, budget, Random::FromDevice());
  RETURN_IF_ERROR(http->Start());
  loops[0]->Post([this] { SampleUse(); });
  return absl::OkStatus();
}

// Empty when it is ready. Never for load, or for one model.
std::string Server::Parts::NotReady() const {
  if (draining) return "draining";
  return repository->ready() ? "" : "no model is serving; `sluice models` and /v2/repository/index say why";
}

void Server::Parts::TellHealth() {
  if (repository != nullptr) health.SetServing("", repository->ready());
}

// On the first loop, until it stops.
void Server::Parts::SampleUse() {
  AsioLoop& loop = *loops[0];
  scrape->Sample(loop.Now());
  loop.At(loop.Now() + Utilisation::kInterval, [this] { SampleUse(); });
}

NetworkNumbers Server::Parts::Network() const {
  const http::ServerStats stats = http->stats();
  std::vector<TurnTimes::Numbers> turns;
  for (const auto& loop : loops) turns.push_back(loop->turns());
  return {.connections = static_cast<double>(stats.connections_open),
          .inflight_bytes = static_cast<double>(stats.inflight_bytes),
          .bytes_in = static_cast<double>(stats.bytes_in),
          .bytes_out = static_cast<double>(stats.bytes_out),
          .loops = std::move(turns),
          .access_lines_lost = static_cast<double>(access_log->lost())};
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Server& options, Reread reread) {
  ConfigureLog(options.logs());
  auto parts = std::make_unique<Parts>(WithinLimits(options), std::move(reread));
  parts->MakeModels();
  RETURN_IF_ERROR(parts->LoadModels());
  parts->MakeLoops();
  RETURN_IF_ERROR(parts->StartCalls());
  RETURN_IF_ERROR(parts->StartNetwork());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

absl::StatusOr<std::string> Server::OpenApiDocument(const config::Server& options) {
  Parts parts(options);
  parts.MakeModels();
  parts.MakeLoops();
  RETURN_IF_ERROR(parts.StartCalls());
  parts.scheduler->Shutdown();
  return OpenApiText(parts.methods);
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  parts_->Stop();
  parts_.reset();
}

void Server::Parts::Stop() {
  if (trial) trial->Stop();
  model_changes->Stop();
  scrapes->Stop();
  debug->Stop();
  scheduler->Shutdown();                        // results of running jobs are posted to their loops
  for (const auto& loop : loops) loop->Stop();  // the posts run
  http.reset();
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> out;
  for (const auto& bound : parts_->http->bound()) out.push_back(bound.text);
  return out;
}

void Server::Watch(Duration interval, std::function<void()> alive) {
  std::vector<Loop*> loops;
  for (const auto& loop : parts_->loops) loops.push_back(loop.get());
  parts_->watch = std::make_unique<LoopWatch>(std::move(loops), interval, std::move(alive));
  parts_->watch->Start();
}

void Server::Reload() {
  parts_->access_log->Reopen();
  parts_->files.ReloadNow();
}

bool Server::Drain() {
  using std::chrono::milliseconds;
  parts_->draining = true;
  parts_->drain_began.request_stop();        // a profile in progress ends with what it has
  if (parts_->trial) parts_->trial->Stop();  // a load in flight ends with it
  parts_->health.SetAllNotServing();
  const auto& drain = parts_->options.drain();
  const TimePoint deadline = SystemClock().Now() + milliseconds(drain.delay_ms()) + milliseconds(drain.timeout_ms());
  guard_ = std::make_unique<ExitGuard>(deadline + kEndTime);
  std::promise<void> never;  // the delay lets load balancers notice; nothing ends it early
  never.get_future().wait_for(milliseconds(drain.delay_ms()));
  const auto drained = std::make_shared<std::promise<void>>();
  auto ended = drained->get_future();
  parts_->http->Drain(deadline - SystemClock().Now() + kLookTime, [drained] { drained->set_value(); });
  const bool in_time = ended.wait_until(deadline) == std::future_status::ready;
  if (!in_time) {
    parts_->LogCut();
    ended.wait_for(kCutTime);
  }
  if (parts_->traces != nullptr) parts_->traces->Stop(kFlushTime);
  const uint64_t lines = parts_->access_log->Flush(kFlushTime);
  if (lines > 0) LogWarning("server.log_cut", {{"lines", lines}});
  return in_time && lines == 0;
}

void Server::Parts::LogCut() const {
  uint64_t items = 0;
  for (const QueueStats& queue : scheduler->Queues()) items += queue.depth + queue.running;
  LogWarning(
      "server.drain_cut",
      {{"connections", http->stats().connections_open}, {"items", items}, {"chores", scheduler->waiting_chores()}});
}

}  // namespace sluice
