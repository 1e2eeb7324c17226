#include "door/server.h"

#include <future>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/open_files.h"
#include "door/pages.h"
#include "door/server_parts.h"

namespace sluice {
namespace {

// Beyond drain.timeout_ms: for connections that are cut to go, for the log's reader, for all that ends.
constexpr Duration kLookTime = std::chrono::milliseconds(20);  // what is to be cut is still there
constexpr Duration kCutTime = std::chrono::seconds(1);
constexpr Duration kFlushTime = std::chrono::milliseconds(500);
constexpr Duration kEndTime = std::chrono::seconds(3);

void ConfigureLog(const config::Logs& logs) {
  SetLogLevel(logs.level() == config::Logs::ERROR     ? LogLevel::kError
              : logs.level() == config::Logs::WARNING ? LogLevel::kWarning
                                                      : LogLevel::kInfo);
  LogInBackground();
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

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Server& options, Reread reread) {
  ConfigureLog(options.logs());
  auto parts = std::make_unique<Parts>(WithinLimits(options), std::move(reread));
  RETURN_IF_ERROR(parts->MakeModels());
  RETURN_IF_ERROR(parts->LoadModels());
  parts->MakeLoops();
  RETURN_IF_ERROR(parts->MakeCalls());
  RETURN_IF_ERROR(parts->StartNetwork());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

absl::StatusOr<std::string> Server::OpenApiDocument(const config::Server& options) {
  Parts parts(options);
  RETURN_IF_ERROR(parts.MakeModels());
  parts.MakeLoops();
  RETURN_IF_ERROR(parts.MakeCalls());
  parts.scheduler->Shutdown();
  return OpenApiText(parts.methods);
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  parts_->Stop();
  parts_.reset();
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

void Server::Parts::Stop() {
  if (trial) trial->Stop();
  model_changes->Stop();
  scrapes->Stop();
  debug->Stop();
  scheduler->Shutdown();                        // results of running jobs are posted to their loops
  for (const auto& loop : loops) loop->Stop();  // the posts run
  http.reset();
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
  telemetry.load.busy = scrape->Busy();
  const uint64_t before = std::exchange(exchanges_sampled, http->stats().exchanges);
  telemetry.load.calls_per_s = static_cast<double>(exchanges_sampled - before) / (ToMs(Utilisation::kInterval) / 1000);
  loop.At(loop.Now() + Utilisation::kInterval, [this] { SampleUse(); });
}

NetworkNumbers Server::Parts::Network() const {
  const http::ServerStats stats = http->stats();
  std::vector<TurnTimes::Numbers> turns;
  for (const auto& loop : loops) turns.push_back(loop->turns());
  return {.connections = static_cast<double>(stats.connections_open),
          .inflight_bytes = static_cast<double>(stats.inflight_bytes),
          .inflight_bytes_max = static_cast<double>(budget.bytes_max()),
          .bytes_in = static_cast<double>(stats.bytes_in),
          .bytes_out = static_cast<double>(stats.bytes_out),
          .loops = std::move(turns),
          .access_lines_lost = static_cast<double>(access_log->lost())};
}

void Server::Parts::LogCut() const {
  uint64_t items = 0;
  for (const QueueStats& queue : scheduler->Queues()) items += queue.depth + queue.running;
  LogWarning(
      "server.drain_cut",
      {{"connections", http->stats().connections_open}, {"items", items}, {"chores", scheduler->waiting_chores()}});
}

}  // namespace sluice
