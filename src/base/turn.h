// How long the turns of a loop take, and what they did.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace sluice {

// Says what this thread's current turn does, for the log line of one that takes too long: the last name counts. `what`
// stays as long as the program (a literal, the name of a method).
void NameTurn(std::string_view what);
std::string_view TurnName();

// A histogram that one thread adds to and any thread reads.
class TurnTimes {
 public:
  static constexpr std::array<double, 19> kBounds = {10e-6,  25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3,
                                                     2.5e-3, 5e-3,  10e-3, 25e-3,  50e-3,  0.1,    0.25,
                                                     0.5,    1,     2.5,   5,      10};  // s
  struct Numbers {
    std::array<uint64_t, kBounds.size() + 1> counts{};  // up to each bound, and above
    double seconds = 0;
  };

  void Add(Duration time);
  Numbers Get() const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<int64_t> total_ns_{0};
};

}  // namespace sluice
