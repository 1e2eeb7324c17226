// How much time a model version may spend on recompiling copies after failed runs.
#pragma once

#include <atomic>
#include <mutex>

#include "base/clock.h"

namespace sluice {

// Half a core in the long run, with two seconds in store: one client's failing requests leave the rest to the others.
// The first kFree of each restore do not count: so long is no longer than a large request, which the order of the queue
// makes its sender's. Thread-safe.
class RestoreBudget {
 public:
  static constexpr Duration kStoreMax = std::chrono::seconds(2);
  static constexpr Duration kFree = std::chrono::milliseconds(100);
  static constexpr int kShare = 2;  // one part in so many of the time that passes

  explicit RestoreBudget(const Clock& clock) : clock_(clock), at_(clock.Now()) {}
  // False: what may fail must wait.
  bool left();
  void Spend(Duration time);
  // How often it was spent.
  int times() const { return times_; }

 private:
  void Refill();  // with mutex_

  const Clock& clock_;
  std::mutex mutex_;
  Duration store_ = kStoreMax;
  TimePoint at_;
  std::atomic<int> times_{0};
};

}  // namespace sluice
