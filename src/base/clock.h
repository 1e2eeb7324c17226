// Time. Code takes a Clock& and never asks the operating system itself, so tests run in simulated time.
#pragma once

#include <chrono>

namespace sluice {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

inline double ToMs(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;     // monotonic
  virtual WallTime WallNow() const = 0;  // UTC, for logs
};

// The machine's clocks.
const Clock& SystemClock();

}  // namespace sluice
