#include "cli/bench/arrivals.h"

#include <cmath>

namespace sluice::cli::bench {

Duration Arrivals::Next() {
  if (spacing_ == Spacing::kConstant) {
    at_s_ = static_cast<double>(made_++) * gap_s_;  // a product: sums would drift
  } else {
    at_s_ -= std::log1p(-random_.Uniform()) * gap_s_;  // gaps of a Poisson process are exponential
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at_s_));
}

}  // namespace sluice::cli::bench
