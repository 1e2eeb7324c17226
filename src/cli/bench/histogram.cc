#include "cli/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::cli::bench {

size_t Histogram::BucketOf(uint64_t us) {
  if (us < (1u << kBits)) return us;
  const int shift = std::bit_width(us) - 1 - kBits;
  const size_t bucket = (static_cast<size_t>(shift + 1) << kBits) + ((us >> shift) - (1u << kBits));
  return std::min(bucket, std::tuple_size_v<decltype(buckets_)> - 1);
}

uint64_t Histogram::UpperOf(size_t bucket) {
  if (bucket < (1u << kBits)) return bucket;
  const size_t shift = (bucket >> kBits) - 1;
  return (((bucket & ((1u << kBits) - 1)) + (1u << kBits) + 1) << shift) - 1;
}

void Histogram::Add(Duration value) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  ++buckets_[BucketOf(static_cast<uint64_t>(std::max<int64_t>(us, 0)))];
  ++count_;
  max_ = std::max(max_, value);
}

Duration Histogram::Quantile(double share) const {
  const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size() && count_ > 0; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min<Duration>(std::chrono::microseconds(UpperOf(bucket)), max_);
  }
  return max_;
}

}  // namespace sluice::cli::bench
