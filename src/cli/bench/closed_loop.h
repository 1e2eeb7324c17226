// A capacity: how many calls a second are answered when so many are always under way.
#pragma once

#include <functional>

#include "base/executor.h"
#include "cli/bench/client.h"

namespace sluice::cli::bench {

class ClosedLoop {
 public:
  struct Plan {
    size_t in_flight = 16;
    Duration warm_up = std::chrono::seconds(1), lasts = std::chrono::seconds(3);
    bool grpc = false;
  };
  // `done` gets good answers per second; nothing of it runs on later. `loop` and `client` outlive it.
  ClosedLoop(Loop& loop, Client& client, const Plan& plan, std::function<void(double)> done)
      : loop_(loop), client_(client), plan_(plan), done_(std::move(done)) {}

  void Start();
  // The last answer that was none; its status is 0 when nothing came, or before one.
  const Answer& last_bad() const { return last_bad_; }

 private:
  void Next();
  void Answered(const Answer& answer);
  void Later(Duration wait);
  void Sweep();

  Loop& loop_;
  Client& client_;
  const Plan plan_;
  const std::function<void(double)> done_;
  TimePoint from_{}, to_{};
  uint64_t ok_ = 0;
  Answer last_bad_;
  size_t running_ = 0;
  Loop::TimerId sweep_ = 0;
};

}  // namespace sluice::cli::bench
