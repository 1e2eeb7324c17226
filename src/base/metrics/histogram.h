// Counters and histograms for hot paths: each is written by one thread, without a lock or a locked instruction, and
// read by any. What several threads count is kept once for each of them, and added up by whoever reads.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace sluice {

// Of one writer.
class OwnCounter {
 public:
  void Add(uint64_t by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Rising upper bounds, inclusive.
using Bounds = std::vector<double>;

// For what takes 1 to 500 ms: quantiles are true to a tenth there, and coarser below and above.
const Bounds& FineSeconds();
// A few for the same range.
const Bounds& CoarseSeconds();
// With one more, unless it is there or `bound` is 0.
Bounds With(Bounds bounds, double bound);

// The bucket that a value falls into, found from its magnitude: a search of eighty bounds costs as much as all the rest
// of an observation.
class BucketIndex {
 public:
  // At most 255 bounds.
  explicit BucketIndex(const Bounds& bounds);

  size_t Find(double value, const Bounds& bounds) const {
    if (bounds.empty() || !(value > bounds.front())) return 0;
    size_t at = first_[std::min(CellOf(value) - base_, first_.size() - 1)];
    while (at < bounds.size() && bounds[at] < value) ++at;
    return at;
  }

 private:
  // Eight for each power of two. Of positive numbers.
  static size_t CellOf(double value) { return std::bit_cast<uint64_t>(value) >> 49; }

  size_t base_ = 0;             // the first bound's cell
  std::vector<uint8_t> first_;  // by cell: where to begin
};

// Of one writer.
class OwnHistogram {
 public:
  explicit OwnHistogram(Bounds bounds) : bounds_(std::move(bounds)), index_(bounds_), counts_(bounds_.size() + 1) {}

  // Returns the bucket that it fell into.
  size_t Observe(double value) {
    const size_t at = index_.Find(value, bounds_);
    counts_[at].Add();
    sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
    return at;
  }
  const Bounds& bounds() const { return bounds_; }
  double sum() const { return sum_.load(std::memory_order_relaxed); }
  uint64_t count(size_t bucket) const { return counts_[bucket].Get(); }

 private:
  const Bounds bounds_;
  const BucketIndex index_;
  std::vector<OwnCounter> counts_;
  std::atomic<double> sum_{0};
};

// What several say together. Histograms of different bounds do not add up: the first one's count.
struct HistogramSum {
  Bounds bounds;
  std::vector<uint64_t> counts;
  double sum = 0;

  void Add(const OwnHistogram& part);
};

}  // namespace sluice
