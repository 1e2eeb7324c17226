// All that a server is made of, and how it is put together.
#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "api/health/service.h"
#include "base/asio_loop.h"
#include "base/budget.h"
#include "base/config/watched_files.h"
#include "base/log/access_log.h"
#include "base/random.h"
#include "base/redis/client.h"
#include "base/service/loop_watch.h"
#include "base/task_thread.h"
#include "base/trace/exporter.h"
#include "call/layer.h"
#include "call/telemetry.h"
#include "door/lists.h"
#include "door/scrape.h"
#include "door/server.h"
#include "pipeline/breakers.h"
#include "transport/codec_dispatcher.h"
#include "transport/http/server.h"

namespace sluice {

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

  // In this order.
  absl::Status MakeModels();
  absl::Status LoadModels();
  void MakeLoops();
  absl::Status MakeCalls();
  absl::Status StartNetwork();

  // Parts of MakeCalls.
  absl::Status MakeRedis();
  absl::Status MakeRecords();
  absl::Status MakeChains();
  void RegisterMethods();
  void MakeDispatcher();
  // Of the CPU; ends early when the server drains.
  std::function<absl::StatusOr<std::string>(Duration)> Profile() const;

  NetworkNumbers Network() const;  // once `http` exists
  void LogCut() const;             // what is still under way
  std::string NotReady() const;
  void TellHealth();
  void SampleUse();
  uint64_t exchanges_sampled = 0;  // of the first loop
  void Stop();
};

}  // namespace sluice
