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
  // Samples divided by what was predicted, in steps of an eighth of an octave, the older ones fading.
  class Ratios {
   public:
    void Add(double ratio);
    double p99() const { return p99_; }

   private:
    static constexpr int kSteps = 64;
    std::array<uint16_t, kSteps> counts_{};
    uint32_t total_ = 0;
    double p99_ = 2;  // until there are enough
  };

  Mean per_cost_;
  std::array<Mean, kSizes> per_size_{};
  Ratios ratios_;
};

}  // namespace sluice
