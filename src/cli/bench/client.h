// Who carries calls to the server. All of it belongs to one loop.
#pragma once

#include "absl/functional/any_invocable.h"
#include "cli/bench/outcome.h"

namespace sluice::cli::bench {

// One call of the run; what all calls have in common is the client's.
struct Call {
  size_t work_class = 0;  // of the run's classes
  size_t principal = 0;   // of the run's principals
  Duration left{};        // of the deadline, which the server is told; zero: none
  TimePoint give_up_at = kNever;
};

class Client {
 public:
  using Done = absl::AnyInvocable<void(const Answer&)>;

  virtual ~Client() = default;
  // `done` runs once, later. False: every connection is busy; then `done` is as it was, and nothing happens.
  virtual bool Send(const Call& call, Done& done) = 0;
  // Ends calls whose time to give up has come, without an answer.
  virtual void Sweep(TimePoint now) = 0;
};

}  // namespace sluice::cli::bench
