// What a model version did since it was loaded, in the terms of the Open Inference Protocol's statistics.
#pragma once

#include <cstdint>
#include <mutex>

#include "admission/job_times.h"
#include "base/clock.h"
#include "base/metrics/histogram.h"

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
    Sum success, fail, queue, decode, infer, post;  // decode: with pre
    WallTime last{};                                // of the last success
  };

  // How long the stages took, of every use that reached them.
  struct Stages {
    OwnHistogram queue{CoarseSeconds()}, decode{CoarseSeconds()}, pre{CoarseSeconds()}, infer{CoarseSeconds()},
        post{CoarseSeconds()};
  };

  void Record(bool ok, const JobTimes& times, WallTime now);
  Numbers Get() const;
  const Stages& stages() const { return stages_; }

 private:
  mutable std::mutex mutex_;
  Numbers numbers_;
  Stages stages_;  // written with mutex_ held, so by one thread at a time; read without
};

}  // namespace sluice
