// Whole servers below the codecs in simulated time, one after the other, each by its own seed.
//
//   sim [--seconds 60] [--calls N] [--seed S]     --calls: until so many were made, instead of --seconds
//                                                 --seed: that one only, as often as it takes to understand it
//
// What must hold is in journal.h, witness.h, client.h and shares.h. A failure prints its seed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log/log.h"
#include "tests/sim/life.h"
#include "tests/sim/shares.h"

namespace sluice::sim {
namespace {

constexpr size_t kCallsOfOne = 5'000;

struct Sum {
  size_t calls = 0, computed = 0;
};

std::string RunOne(uint64_t seed, Sum& sum) {
  if (seed % 10 == 0) {
    Shares shares(seed);
    std::string broken = shares.Live();
    sum.calls += shares.calls();
    return broken;
  }
  Life life(seed, kCallsOfOne);
  std::string broken = life.Live();
  sum.calls += kCallsOfOne;
  sum.computed += life.computed();
  return broken;
}

bool Passed(uint64_t seed, Sum& sum) {
  const std::string broken = RunOne(seed, sum);
  if (broken.empty()) return true;
  std::printf("sim: seed %llu: %s\nsim: build/tests/sim --seed %llu plays it again\n",
              static_cast<unsigned long long>(seed), broken.c_str(), static_cast<unsigned long long>(seed));
  return false;
}

int Main(int argc, char** argv) {
  SetLogLevel(LogLevel::kError);
  double seconds = 60;
  size_t calls = 0;
  uint64_t only = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seconds") seconds = std::atof(argv[i + 1]);
    if (name == "--calls") calls = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed") only = std::strtoull(argv[i + 1], nullptr, 10);
  }
  Sum sum;
  if (only != 0) return Passed(only, sum) ? 0 : 1;
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  uint64_t seed = 0;
  while (calls > 0 ? sum.calls < calls : passed() < seconds) {
    if (!Passed(++seed, sum)) return 1;
  }
  std::printf("sim: %llu seeds, %zu calls, %zu computations, %.0f s: no invariant broken\n",
              static_cast<unsigned long long>(seed), sum.calls, sum.computed, passed());
  return 0;
}

}  // namespace
}  // namespace sluice::sim

int main(int argc, char** argv) { return sluice::sim::Main(argc, argv); }
