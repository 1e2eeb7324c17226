// Latencies in buckets whose width grows with the value: any quantile to within 2 %, in 20 kB, however many there are.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace sluice::cli::bench {

class Histogram {
 public:
  void Add(Duration value);
  uint64_t count() const { return count_; }
  // 0 < share <= 1; zero when nothing was added.
  Duration Quantile(double share) const;
  Duration max() const { return max_; }

 private:
  // Microseconds: each doubling is cut into 64 buckets; the last one, from 2^36 µs, takes what is longer.
  static constexpr int kBits = 6, kDoublings = 31;
  static size_t BucketOf(uint64_t us);
  static uint64_t UpperOf(size_t bucket);

  std::array<uint64_t, (kDoublings + 1) << kBits> buckets_{};
  uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace sluice::cli::bench
