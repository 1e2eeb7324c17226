// Calls of the last interval, in ten slices: the window slides by a tenth of it.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace sluice {

// Not thread-safe.
class CallWindow {
 public:
  static constexpr int kSlices = 10;

  struct Counts {
    uint32_t calls = 0;
    uint32_t faults = 0;
    uint32_t slow = 0;
  };

  // At least kSlices ticks of the clock.
  explicit CallWindow(Duration interval) : slice_(interval / kSlices) {}

  void Add(TimePoint now, bool fault, bool slow) {
    const int64_t number = NumberOf(now);
    Slice& slice = slices_[number % kSlices];
    if (slice.number != number) slice = {.number = number, .counts = {}};
    ++slice.counts.calls;
    slice.counts.faults += fault;
    slice.counts.slow += slow;
  }

  Counts Sum(TimePoint now) const {
    Counts sum;
    const int64_t oldest = NumberOf(now) - kSlices + 1;
    for (const Slice& slice : slices_) {
      if (slice.number < oldest) continue;
      sum.calls += slice.counts.calls;
      sum.faults += slice.counts.faults;
      sum.slow += slice.counts.slow;
    }
    return sum;
  }

  void Clear() { slices_ = {}; }

 private:
  struct Slice {
    int64_t number = -1;
    Counts counts;
  };
  int64_t NumberOf(TimePoint now) const { return now.time_since_epoch() / slice_; }

  Duration slice_;
  std::array<Slice, kSlices> slices_;
};

}  // namespace sluice
