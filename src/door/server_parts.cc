#include "door/server_parts.h"

#include <utility>

#include "base/config/cache_dir.h"
#include "base/config/config.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "door/debug_sources.h"
#include "door/http_options.h"
#include "door/pages.h"
#include "door/tracing.h"
#include "door/weights.h"

namespace sluice {
namespace {

constexpr Duration kLookAtFiles = std::chrono::seconds(1);  // that may change while it runs

AccessLog::Options AccessLogOptionsOf(const config::Logs& logs) {
  return {.patience = std::chrono::milliseconds(logs.block_ms()), .waits = logs.on_full() == config::Logs::BLOCK};
}

// Loops move bytes and are seldom busy: one for every four cores.
size_t LoopCount(const config::Server& options) {
  if (options.loops().count() > 0) return options.loops().count();
  return static_cast<size_t>(std::max(1, AvailableCpus() / 4));
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

absl::Status Server::Parts::MakeModels() {
  ASSIGN_OR_RETURN(Weights weights, WeightsOf(options.overload()));
  scheduler = std::make_unique<Scheduler>(Scheduler::Options{.workers = static_cast<int>(options.workers().count()),
                                                             .nice = static_cast<int>(options.workers().nice()),
                                                             .chores_max = options.workers().chores_max(),
                                                             .weights = std::move(weights)});
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
  return absl::OkStatus();
}

absl::Status Server::Parts::LoadModels() {
  RETURN_IF_ERROR(repository->Load());
  LogModels(*repository);
  return absl::OkStatus();
}

void Server::Parts::MakeLoops() {
  for (size_t i = 0; i < LoopCount(options); ++i) loops.push_back(std::make_unique<AsioLoop>(StrCat("loop-", i)));
}

absl::Status Server::Parts::MakeCalls() {
  RETURN_IF_ERROR(MakeRedis());
  RETURN_IF_ERROR(MakeRecords());
  RETURN_IF_ERROR(MakeChains());
  RegisterMethods();
  MakeDispatcher();
  return absl::OkStatus();
}

absl::Status Server::Parts::MakeRedis() {
  if (!options.redis().address().empty()) {
    ASSIGN_OR_RETURN(redis, RedisClient::Create(options.redis(), {loops, random, *metrics}));
  } else if (options.idempotency().store() == config::Idempotency::REDIS) {
    return absl::InvalidArgumentError("idempotency.store is redis, but redis.address is not set");
  }
  return absl::OkStatus();
}

absl::Status Server::Parts::MakeRecords() {
  ASSIGN_OR_RETURN(access_log, AccessLog::Open(options.logs().access(), AccessLogOptionsOf(options.logs())));
  ASSIGN_OR_RETURN(traces, MakeTraceExporter(options.tracing(), Random::FromDevice()));
  telemetry.spans = traces.get();
  telemetry.sample_ratio = options.tracing().sample_ratio();
  if (traces != nullptr) telemetry.metrics.push_back(traces.get());
  return absl::OkStatus();
}

absl::Status Server::Parts::MakeChains() {
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
  admission = std::make_unique<Admission>(MakeAdmissionLayers({layers, *repository}));
  RETURN_IF_ERROR(admission->Prepare());
  pipeline = std::make_unique<Pipeline>(*admission, *scheduler);
  return absl::OkStatus();
}

void Server::Parts::RegisterMethods() {
  model_changes = std::make_unique<TaskThread>("models", kWorkerNice);
  debug = std::make_unique<TaskThread>("debug", kWorkerNice);
  catalog = std::make_unique<ModelCatalog>(*repository, *model_changes);
  if (auto* const layer = admission->Find<BreakerLayer>()) breakers = std::make_unique<Breakers>(*layer);
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
                                                    .profile = Profile(),
                                                    .slow = *debug})});
}

void Server::Parts::MakeDispatcher() {
  scrapes = std::make_unique<TaskThread>("scrapes", kLoopNice);
  scrape = std::make_unique<Scrape>(Scrape::Sources{.scheduler = *scheduler,
                                                    .network = [this] { return Network(); },
                                                    .models = [this] { return repository->List(); },
                                                    .files = files,
                                                    .config_hash = HashOfConfig(options)},
                                    SystemClock().WallNow());
  std::vector<const MetricSource*> sources = telemetry.metrics;
  sources.insert(sources.begin(), &telemetry.live);
  sources.push_back(scrape.get());
  const PagesContext pages{.metrics = std::move(sources),
                           .registry = *metrics,
                           .methods = methods,
                           .not_ready = [this] { return NotReady(); },
                           .models = [this] { return repository->List(); },
                           .show_metrics = options.metrics().enabled(),
                           .scrapes = scrapes.get(),
                           .profile = Profile(),
                           .slow = debug.get()};
  const transport::Context transport{.methods = methods,
                                     .chain = chain,
                                     .chores = scheduler->chores(),
                                     .budget = budget,
                                     .options = TransportOptionsOf(options)};
  dispatcher = std::make_unique<transport::CodecDispatcher>(MakeCodecs(transport, MakePages(pages)));
}

std::function<absl::StatusOr<std::string>(Duration)> Server::Parts::Profile() const {
  return [stop = drain_began.get_token()](Duration time) { return PackedProfile(time, stop); };
}

absl::Status Server::Parts::StartNetwork() {
  std::vector<AsioLoop*> pointers;
  for (const auto& loop : loops) {
    loop->Start();
    pointers.push_back(loop.get());
  }
  if (redis) redis->Start();
  ASSIGN_OR_RETURN(auto http_options, HttpOptionsOf(options));
  http = std::make_unique<http::HttpServer>(std::move(http_options), pointers, *dispatcher, budget, files,
                                            Random::FromDevice());
  RETURN_IF_ERROR(http->Start());
  files.Start(kLookAtFiles);
  loops[0]->Post([this] { SampleUse(); });
  return absl::OkStatus();
}

}  // namespace sluice
