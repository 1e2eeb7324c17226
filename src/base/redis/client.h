// Redis over the network: one connection for each loop, as the configuration says.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "ai/inference/config/server.pb.h"
#include "base/asio_loop.h"
#include "base/redis/connection.h"
#include "base/task_thread.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

namespace sluice {

//   ai_inference_redis_commands_total{outcome="answered"|"failed"|"late"|"refused"}
//   ai_inference_redis_connections      that are ready
//
// While it is not available the log says so once a minute, and once that it is back.
class RedisClient final : public Redis, private RedisEvents {
 public:
  struct Context {
    const std::vector<std::unique_ptr<AsioLoop>>& loops;
    SharedRandom& random;
    prometheus::Registry& metrics;
  };
  // The error is for the operator: what is wrong with the configuration. All of the context outlives it.
  static absl::StatusOr<std::unique_ptr<RedisClient>> Create(const ai::inference::config::Redis& options,
                                                             const Context& context);
  // After the loops have stopped.
  ~RedisClient() override;

  // The loops run. Waits a little for the connections, so that the first calls find them, and goes on without.
  void Start();
  // `loop` is one of the context's.
  void Run(Loop& loop, Words words, Done done) override;

 private:
  RedisClient(RedisConnection::Options options, const Context& context);
  void OnUp() override;
  void OnDown(const absl::Status& why, bool was_ready) override;
  void OnCommands(Outcome outcome, size_t count) override;
  void OnError(const absl::Status& why) override;
  void Log(const absl::Status& why);

  const RedisConnection::Options options_;
  prometheus::Counter* outcomes_[4];
  prometheus::Gauge* ready_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t attempts_ = 0;  // guarded by mutex_, like the next
  TimePoint next_log_{};
  bool logged_ = false;
  TaskThread dialler_;
  std::vector<std::unique_ptr<RedisConnection>> connections_;
};

}  // namespace sluice
