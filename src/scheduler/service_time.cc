#include "scheduler/service_time.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr double kWeight = 1.0 / 8;   // of the newest batch
constexpr double kOutlierFactor = 8;  // a sample further away than this counts as this

}  // namespace

void ServiceTime::Add(double cost, Duration busy) {
  const double sample = std::max(1e-9, std::chrono::duration<double>(busy).count()) / cost;
  if (!measured_) {
    seconds_per_cost_ = sample;
    measured_ = true;
    return;
  }
  const double bounded = std::clamp(sample, seconds_per_cost_ / kOutlierFactor, seconds_per_cost_ * kOutlierFactor);
  seconds_per_cost_ += kWeight * (bounded - seconds_per_cost_);
}

Duration ServiceTime::Predict(double cost) const {
  // An hour is longer than any deadline, and far from overflowing.
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(3600.0, seconds_per_cost_ * cost)));
}

}  // namespace sluice
