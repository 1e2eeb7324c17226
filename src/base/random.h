// Randomness: injected, so that a test can replay it.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>

namespace sluice {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  static Random FromDevice() { return Random(std::random_device{}() * 0x9e3779b97f4a7c15ull ^ std::random_device{}()); }

  uint64_t Next() { return engine_(); }
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

 private:
  std::mt19937_64 engine_;
};

// One Random for several threads.
class SharedRandom {
 public:
  explicit SharedRandom(const Random& random) : random_(random) {}

  // What `use` makes of it. Nobody else has it meanwhile.
  template <typename Use>
  auto With(Use use) {
    std::lock_guard lock(mutex_);
    return use(random_);
  }

 private:
  std::mutex mutex_;
  Random random_;  // guarded by mutex_
};

}  // namespace sluice
