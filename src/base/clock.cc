#include "base/clock.h"

namespace sluice {
namespace {

class MachineClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
};

}  // namespace

const Clock& SystemClock() {
  static const auto* const clock = new MachineClock;  // never deleted: threads that nobody waits for still ask it
  return *clock;
}

}  // namespace sluice
