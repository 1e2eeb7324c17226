#include "scheduler/service_time.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr double kWeight = 1.0 / 8;   // of the newest batch
constexpr double kOutlierFactor = 8;  // a sample further away than this counts as this

double SampleOf(double cost, Duration busy) {
  return std::max(1e-9, std::chrono::duration<double>(busy).count()) / cost;
}

// An hour is longer than any deadline, and far from overflowing.
Duration ToDuration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(3600.0, seconds)));
}

}  // namespace

void ServiceTime::Mean::Add(double sample) {
  if (!measured) {
    seconds = sample;
    measured = true;
    return;
  }
  seconds += kWeight * (std::clamp(sample, seconds / kOutlierFactor, seconds * kOutlierFactor) - seconds);
}

double ServiceTime::Weigh(double cost, uint8_t size) const {
  const Mean& own = per_size_[size % kSizes];
  return own.measured && per_cost_.measured ? cost * own.seconds / per_cost_.seconds : cost;
}

void ServiceTime::Add(double cost, Duration busy) {
  const double sample = SampleOf(cost, busy);
  if (per_cost_.measured) ratios_.Add(sample / per_cost_.seconds);
  per_cost_.Add(sample);
}

void ServiceTime::AddOfSize(double cost, uint8_t size, Duration busy) {
  per_size_[size % kSizes].Add(SampleOf(cost, busy));
}

Duration ServiceTime::Predict(double cost) const { return ToDuration(per_cost_.seconds * cost); }

Duration ServiceTime::P99(double cost) const { return ToDuration(per_cost_.seconds * cost * ratios_.bound()); }

}  // namespace sluice
