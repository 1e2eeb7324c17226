// Ends the process when its end takes too long: a library that computes on, a write that hangs.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/thread.h"

namespace sluice {

// At `deadline` the process exits with 0 and a line in the log, unless the guard was destroyed before.
class ExitGuard {
 public:
  explicit ExitGuard(TimePoint deadline);
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;

 private:
  void Wait(TimePoint deadline);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;  // guarded by mutex_
  Thread thread_;      // last: starts when the others are there
};

}  // namespace sluice
