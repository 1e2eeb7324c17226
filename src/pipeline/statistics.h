// What a model version did since it was loaded, in the terms of the Open Inference Protocol's statistics.
#pragma once

#include <cstdint>
#include <mutex>

#include "admission/job_times.h"
#include "base/clock.h"

namespace sluice {

// Thread-safe.
class UseStatistics {
 public:
  struct Sum {
    uint64_t count = 0;
    uint64_t ns = 0;
    void Add(Duration took) {
      ++count;
      ns += static_cast<uint64_t>(std::chrono::nanoseconds(took).count());
    }
  };
  struct Numbers {
    Sum success, fail, queue, decode, infer, post;
    WallTime last{};  // of the last success
  };

  void Record(bool ok, const JobTimes& times, WallTime now);
  Numbers Get() const;

 private:
  mutable std::mutex mutex_;
  Numbers numbers_;
};

}  // namespace sluice
