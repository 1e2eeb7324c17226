// One loop's connection to Redis, which keeps coming back.
//
//   dialling ─► greeting (TLS, AUTH, PING) ─► ready
//       ▲             │ refused, no answer      │ broken, or nothing in time three times in a row
//       └── resting ◄─┴─────────────────────────┘
//
// Only a ready one takes commands; others fail at once. It rests 100 ms, twice as long each time up to 5 s, and from
// the beginning again once a command was answered in time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/asio_loop.h"
#include "base/client_socket.h"
#include "base/lifeline.h"
#include "base/random.h"
#include "base/redis/dial.h"
#include "base/redis/pipeline.h"

namespace sluice {

// What happens to connections; any loop.
class RedisEvents {
 public:
  // Of a command. Failed: answered with an error, or its connection broke. Refused: not sent.
  enum class Outcome { kAnswered, kFailed, kLate, kRefused };

  virtual ~RedisEvents() = default;
  virtual void OnUp() = 0;
  virtual void OnDown(const absl::Status& why, bool was_ready) = 0;
  virtual void OnCommands(Outcome outcome, size_t count) = 0;
  virtual void OnError(const absl::Status& why) = 0;  // that a command was answered with
};

// Made anywhere; then of its loop. Destroyed there, or when the loop has stopped; who waits then hears nothing.
class RedisConnection final : private FdEvents {
 public:
  struct Options {
    HostPort address;
    std::shared_ptr<ssl_ctx_st> tls;  // null: plain
    std::string user;
    std::string password_file;
    Duration operation;
  };

  // All outlive it; `dialler` runs what blocks.
  RedisConnection(AsioLoop& loop, const Options& options, Executor& dialler, Random random, RedisEvents& events);
  ~RedisConnection() override;

  void Start() { Dial(); }
  void Run(Redis::Words words, Redis::Done done);
  AsioLoop& loop() const { return loop_; }

 private:
  enum class State { kDown, kGreeting, kReady };

  void Dial();
  void Dialled(absl::StatusOr<RedisDialled> dialled);
  void Greet(const std::string& password);
  void Ready();
  void Break(const absl::Status& why);
  void OnReadable() override;
  void OnWritable() override;
  void Read();
  bool Take(std::string_view bytes);
  void Flush();
  void FlushSoon();
  void ArmTimer();
  void Expire();

  AsioLoop& loop_;
  const Options& options_;
  Executor& dialler_;
  Random random_;
  RedisEvents& events_;
  State state_ = State::kDown;
  std::optional<ClientSocket> socket_;
  std::unique_ptr<FdWatch> watch_;
  std::unique_ptr<RedisPipeline> pipeline_;  // while there is a socket
  absl::Status refusal_;                     // of the greeting
  Duration rest_;
  size_t late_in_a_row_ = 0;
  bool flushing_ = false;       // a flush is posted
  Loop::TimerId timer_ = 0;     // the earliest deadline's
  Loop::TimerId patience_ = 0;  // of greeting, or the end of the rest
  Lifeline lifeline_;
};

}  // namespace sluice
