// Who comes: whether one principal outnumbers all others, and whether others come at all. Three names and a count,
// whoever comes: a majority vote (Boyer and Moore) in which the others' visits weigh twice and old ones are forgotten.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/principal.h"

namespace sluice {

class Rivals {
 public:
  void Note(Principal principal, TimePoint now) {
    if (principal != last_.principal) before_ = last_;
    last_ = {principal, now};
    if (principal == most_) {
      votes_ = std::min(votes_ + 1, kVotesMax);
    } else if ((votes_ -= 2) <= 0) {
      most_ = principal;
      votes_ = 1;
    }
  }
  // Of those that came lately clearly more than two in three were `principal`.
  bool Most(Principal principal) const { return principal == most_ && votes_ >= kVotesMax / 2; }
  // Another than `principal` came at `since` or later.
  bool Has(Principal principal, TimePoint since) const {
    return (last_.principal != principal ? last_ : before_).at >= since;
  }

 private:
  static constexpr int kVotesMax = 64;
  struct Visit {
    Principal principal = kOwnWork;
    TimePoint at = TimePoint::min();
  };
  Visit last_, before_;
  Principal most_ = kOwnWork;
  int votes_ = 0;
};

}  // namespace sluice
