// What the raw pipelines share: CPU seconds of this process, and work spread over threads without queue or network.
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"

namespace sluice::bench {

inline double CpuSeconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

inline int Fail(const char* program, const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", program, std::string(status.message()).c_str());
  return 1;
}

// `make(thread)` gives a thread its step; the steps of all threads together run `count` times.
inline void RunSteps(int count, int threads, const std::function<std::function<void()>(int)>& make) {
  std::atomic<int> left{count};
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      const std::function<void()> step = make(t);
      while (left.fetch_sub(1) > 0) step();
    });
  }
  for (auto& thread : pool) thread.join();
}

// Prints {"count":…,"cpu_s":…,"wall_s":…} of `count` steps.
inline void Measure(int count, int threads, const std::function<std::function<void()>(int)>& make) {
  RunSteps(20 * threads, threads, make);  // buffers grow, caches warm
  const double cpu = CpuSeconds();
  const auto start = SystemClock().Now();
  RunSteps(count, threads, make);
  std::printf("{\"count\":%d,\"cpu_s\":%.6f,\"wall_s\":%.6f}\n", count, CpuSeconds() - cpu,
              ToMs(SystemClock().Now() - start) / 1000);
}

}  // namespace sluice::bench
