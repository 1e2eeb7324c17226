// How long one unit of a queue's work takes: a moving average that a single outlier cannot move far.
#pragma once

#include "base/clock.h"

namespace sluice {

class ServiceTime {
 public:
  // A batch of `cost` (> 0) took `busy`.
  void Add(double cost, Duration busy);
  bool measured() const { return measured_; }
  // 0 before the first measurement.
  Duration Predict(double cost) const;

 private:
  double seconds_per_cost_ = 0;
  bool measured_ = false;
};

}  // namespace sluice
