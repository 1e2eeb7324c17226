// A clock that a test moves by hand.
#pragma once

#include "base/clock.h"

namespace sluice {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)) + (now_ - TimePoint{}); }
  void Advance(Duration by) { now_ += by; }
  void Set(TimePoint to) { now_ = to; }

 private:
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
};

}  // namespace sluice
