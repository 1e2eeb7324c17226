#include "scheduler/ratios.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace sluice {
namespace {

constexpr double kStepsPerOctave = 8;
constexpr double kLowestOctave = -2;  // a quarter of the prediction
constexpr uint32_t kEnoughSamples = 100;
constexpr uint32_t kFadeSamples = 1024;  // then all that came before counts half

}  // namespace

void Ratios::Add(double ratio) {
  const double step = (std::log2(std::max(1e-6, ratio)) - kLowestOctave) * kStepsPerOctave;
  ++counts_[static_cast<size_t>(std::clamp(step, 0.0, kSteps - 1.0))];
  if (++total_ < kEnoughSamples) return;
  // From above, to where that part begins.
  uint32_t above = 0;
  size_t i = kSteps - 1;
  while (i > 0 && (above + counts_[i]) * one_in_ <= total_) above += counts_[i--];
  bound_ = std::max(1.0, std::exp2(static_cast<double>(i + 1) / kStepsPerOctave + kLowestOctave));
  if (total_ < kFadeSamples) return;
  total_ = 0;
  for (uint16_t& count : counts_) total_ += count /= 2;
}

}  // namespace sluice
