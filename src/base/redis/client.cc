#include "base/redis/client.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr Duration kStartPatience = std::chrono::seconds(1);
constexpr Duration kLogEvery = std::chrono::minutes(1);

}  // namespace

absl::StatusOr<std::unique_ptr<RedisClient>> RedisClient::Create(const ai::inference::config::Redis& options,
                                                                 const Context& context) {
  RedisConnection::Options parsed{.user = options.user(),
                                  .password_file = options.password_file(),
                                  .operation = std::chrono::milliseconds(options.operation_ms())};
  auto address = ParseHostPort(options.address(), AddressFor::kDialling);
  if (!address.ok()) return absl::InvalidArgumentError(StrCat("redis.address ", address.status().message()));
  parsed.address = *std::move(address);
  if (options.tls()) {
    absl::StatusOr<std::shared_ptr<ssl_ctx_st>> tls = ClientTlsContext(options.ca_file());
    if (!tls.ok()) return absl::InvalidArgumentError(StrCat("redis.ca_file ", tls.status().message()));
    parsed.tls = *std::move(tls);
  }
  if (const auto password = ReadRedisPassword(parsed.password_file); !password.ok()) {
    return absl::InvalidArgumentError(StrCat("redis.password_file: ", ToStd(password.status().message())));
  }
  return std::unique_ptr<RedisClient>(new RedisClient(std::move(parsed), context));
}

RedisClient::RedisClient(RedisConnection::Options options, const Context& context)
    : options_(std::move(options)), dialler_("redis", kLoopNice) {
  auto& commands = prometheus::BuildCounter()
                       .Name("ai_inference_redis_commands_total")
                       .Help(
                           "Commands to Redis by outcome: answered, failed, late (not answered within "
                           "redis.operation_ms), refused (not sent: not connected).")
                       .Register(context.metrics);
  size_t i = 0;
  for (const char* outcome : {"answered", "failed", "late", "refused"}) {
    outcomes_[i++] = &commands.Add({{"outcome", outcome}});
  }
  ready_ = &prometheus::BuildGauge()
                .Name("ai_inference_redis_connections")
                .Help("Connections to Redis that are ready; one for each network loop when all is well.")
                .Register(context.metrics)
                .Add({});
  RedisEvents& events = *this;
  for (const auto& loop : context.loops) {
    const uint64_t seed = context.random.With([](Random& random) { return random.Next(); });
    connections_.push_back(std::make_unique<RedisConnection>(*loop, options_, dialler_, Random(seed), events));
  }
}

RedisClient::~RedisClient() { dialler_.Stop(); }

void RedisClient::Start() {
  for (const auto& connection : connections_) {
    connection->loop().Post([one = connection.get()] { one->Start(); });
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kStartPatience, [this] { return attempts_ >= connections_.size(); });
}

void RedisClient::Run(Loop& loop, Words words, Done done) {
  const auto it = std::ranges::find_if(connections_, [&loop](const auto& one) { return &one->loop() == &loop; });
  SLUICE_CHECK(it != connections_.end(), "a loop without a connection to Redis");
  (*it)->Run(words, std::move(done));
}

void RedisClient::OnUp() {
  ready_->Increment();
  const std::lock_guard lock(mutex_);
  ++attempts_;
  changed_.notify_all();
  if (!std::exchange(logged_, false)) return;
  LogInfo("redis.back", {{"host", options_.address.host}, {"port", options_.address.port}});
}

void RedisClient::OnDown(const absl::Status& why, bool was_ready) {
  if (was_ready) ready_->Decrement();
  {
    const std::lock_guard lock(mutex_);
    ++attempts_;
    changed_.notify_all();
  }
  Log(why);
}

void RedisClient::OnCommands(Outcome outcome, size_t count) {
  if (count > 0) outcomes_[static_cast<size_t>(outcome)]->Increment(static_cast<double>(count));
}

void RedisClient::OnError(const absl::Status& why) { Log(why); }

void RedisClient::Log(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  const TimePoint now = SystemClock().Now();
  if (now < next_log_) return;
  next_log_ = now + kLogEvery;
  logged_ = true;
  LogWarning("redis.unavailable", {{"host", options_.address.host},
                                   {"port", options_.address.port},
                                   {"error", ToStd(why.message())},
                                   {"hint", "the server continues without it"}});
}

}  // namespace sluice
