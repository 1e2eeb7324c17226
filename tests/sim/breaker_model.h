// The breaker's rule once more, written from docs/resilience.md and without a look at the breaker: it opens when, at
// the end of a call, more than half of at least 5 calls of the last second (in tenths of a second) failed; it rests for
// 10 s; then one probe decides.
#pragma once

#include <deque>
#include <utility>

#include "base/clock.h"

namespace sluice::sim {

class BreakerModel {
 public:
  // Whether the next call is let in; 0: it is not. Else what its end is told with.
  int Enter(TimePoint now) {
    if (rests_ && now < until_) return 0;
    if (rests_ && probing_) return 0;
    if (rests_ && !half_open_) {
      half_open_ = true;
      ++age_;
    }
    probing_ = rests_;
    return age_;
  }
  void Leave(int age, bool counts, bool fault, TimePoint now) {
    if (age != age_) return;
    const bool probed = std::exchange(probing_, false);
    if (!counts) return;
    if (probed) return fault ? Rest(now) : Close();
    calls_.emplace_back(now.time_since_epoch() / kTenth, fault);
    int all = 0, faults = 0;
    for (const auto& [tenth, failed] : calls_) {
      if (tenth <= now.time_since_epoch() / kTenth - 10) continue;
      ++all;
      faults += failed;
    }
    if (all >= 5 && 2 * faults > all) Rest(now);
  }

 private:
  static constexpr Duration kTenth = std::chrono::milliseconds(100);
  void Rest(TimePoint now) {
    Close();
    rests_ = true;
    until_ = now + std::chrono::seconds(10);
  }
  void Close() {
    rests_ = half_open_ = probing_ = false;
    calls_.clear();
    ++age_;
  }

  std::deque<std::pair<int64_t, bool>> calls_;
  bool rests_ = false, half_open_ = false, probing_ = false;
  TimePoint until_{};
  int age_ = 1;
};

}  // namespace sluice::sim
