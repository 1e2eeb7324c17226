// How long a queue's work takes: a moving average that a single outlier cannot move far, and how far above it one in a
// hundred runs gets.
//
// Time need not be proportional to cost: a picture of twice the bytes does not take twice as long. So every size of
// item (SizeClassOf) has its own mean, and a cost is weighed by it: weighed costs add up, and all cost the same time
// per unit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "scheduler/ratios.h"

namespace sluice {

class ServiceTime {
 public:
  static constexpr size_t kSizes = 32;

  // `cost` of an item of that size in the unit that all sizes share.
  double Weigh(double cost, uint8_t size) const;
  // A batch of weighed `cost` (> 0) took `busy`.
  void Add(double cost, Duration busy);
  // All items of the batch had one size, and `cost` (> 0) before it was weighed.
  void AddOfSize(double cost, uint8_t size, Duration busy);

  bool measured() const { return per_cost_.measured; }
  // The mean, for a weighed cost; 0 before the first measurement.
  Duration Predict(double cost) const;
  // What all but one in a hundred stay within.
  Duration P99(double cost) const;

 private:
  struct Mean {
    double seconds = 0;
    bool measured = false;
    void Add(double sample);
  };
  Mean per_cost_;
  std::array<Mean, kSizes> per_size_{};
  Ratios ratios_{100, 2};
};

}  // namespace sluice
