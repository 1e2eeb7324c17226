// How far reality exceeds prediction: a quantile of actual ÷ predicted, over what came lately.
#pragma once

#include <array>
#include <cstdint>

namespace sluice {

// Counts in steps of an eighth of an octave; what is old fades.
class Ratios {
 public:
  // One in `one_in` is to exceed the bound; `until_known` is the bound before there are enough samples.
  Ratios(uint32_t one_in, double until_known) : one_in_(one_in), bound_(until_known) {}

  void Add(double ratio);
  // At least 1.
  double bound() const { return bound_; }

 private:
  static constexpr int kSteps = 64;

  const uint32_t one_in_;
  double bound_;
  std::array<uint16_t, kSteps> counts_{};
  uint32_t total_ = 0;
};

}  // namespace sluice
