// So many a second, and a burst. Pure.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace sluice::http {

class TokenBucket {
 public:
  TokenBucket(double per_second, double burst, TimePoint now)
      : per_second_(per_second), burst_(burst), tokens_(burst), at_(now) {}
  // False when empty.
  bool Take(TimePoint now) {
    tokens_ = std::min(burst_, tokens_ + per_second_ * std::chrono::duration<double>(now - at_).count());
    at_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_, burst_, tokens_;
  TimePoint at_;
};

}  // namespace sluice::http
