#include "scheduler/service_time.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

constexpr double kWeight = 1.0 / 8;   // of the newest batch
constexpr double kOutlierFactor = 8;  // a sample further away than this counts as this

constexpr double kStepsPerOctave = 8;
constexpr double kLowestOctave = -2;  // a quarter of the prediction
constexpr uint32_t kEnoughSamples = 100;
constexpr uint32_t kFadeSamples = 1024;  // then all that came before counts half

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

void ServiceTime::Ratios::Add(double ratio) {
  const double step = (std::log2(std::max(1e-6, ratio)) - kLowestOctave) * kStepsPerOctave;
  ++counts_[static_cast<size_t>(std::clamp(step, 0.0, kSteps - 1.0))];
  if (++total_ < kEnoughSamples) return;
  // From above: where the hundredth part begins.
  uint32_t above = 0;
  int i = kSteps - 1;
  while (i > 0 && (above + counts_[static_cast<size_t>(i)]) * 100 <= total_) above += counts_[static_cast<size_t>(i--)];
  p99_ = std::max(1.0, std::exp2((i + 1) / kStepsPerOctave + kLowestOctave));
  if (total_ < kFadeSamples) return;
  total_ = 0;
  for (uint16_t& count : counts_) total_ += count /= 2;
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

Duration ServiceTime::P99(double cost) const { return ToDuration(per_cost_.seconds * cost * ratios_.p99()); }

}  // namespace sluice
