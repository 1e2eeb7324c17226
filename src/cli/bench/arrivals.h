// When calls begin in an open loop: by a schedule of their own, however slow the server is.
#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace sluice::cli::bench {

enum class Spacing { kConstant, kPoisson };

class Arrivals {
 public:
  // `per_second` > 0. `random` outlives this.
  Arrivals(Spacing spacing, double per_second, Random& random)
      : spacing_(spacing), gap_s_(1 / per_second), random_(random) {}

  // The next arrival, counted from the beginning; never before the last one.
  Duration Next();

 private:
  const Spacing spacing_;
  const double gap_s_;
  Random& random_;
  uint64_t made_ = 0;
  double at_s_ = 0;
};

}  // namespace sluice::cli::bench
