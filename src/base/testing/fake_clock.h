// A clock that a test moves by hand, one thread at a time; any thread reads it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sluice {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)) + (Now() - TimePoint{}); }
  void Advance(Duration by) { now_ = now_.load() + by; }
  void Set(TimePoint to) { now_ = to; }

 private:
  std::atomic<TimePoint> now_{TimePoint{} + std::chrono::hours(1)};
};

}  // namespace sluice
