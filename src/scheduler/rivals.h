// Whether anybody else came lately: of all that come, the last one and the last one before that is another.
#pragma once

#include "base/clock.h"
#include "base/principal.h"

namespace sluice {

class Rivals {
 public:
  void Note(Principal principal, TimePoint now) {
    if (principal != last_.principal) before_ = last_;
    last_ = {principal, now};
  }
  // Another than `principal` came at `since` or later.
  bool Has(Principal principal, TimePoint since) const {
    const Visit& other = last_.principal != principal ? last_ : before_;
    return other.at != TimePoint::min() && other.at >= since;
  }

 private:
  struct Visit {
    Principal principal = kOwnWork;
    TimePoint at = TimePoint::min();
  };
  Visit last_, before_;
};

}  // namespace sluice
