// Who uses the workers: shares of the busiest principals in the last moments, by rank. Bounded, whoever comes. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <deque>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/principal.h"

namespace sluice {

// Time that each principal was given of the workers. Beyond kMost the rest adds up under kOwnWork.
class PrincipalTimes {
 public:
  static constexpr size_t kMost = 4096;

  void Add(Principal principal, Duration time);
  void Add(const PrincipalTimes& more);
  void Subtract(const PrincipalTimes& less);
  const absl::flat_hash_map<Principal, Duration>& times() const { return times_; }

 private:
  absl::flat_hash_map<Principal, Duration> times_;
};

// The last kWindow samples, added up.
class TopPrincipals {
 public:
  static constexpr size_t kWindow = 10, kRanks = 5;
  struct Shares {
    std::array<double, kRanks> ranks{};  // the busiest one first
    double others = 0;
    size_t principals = 0;
  };

  void Add(PrincipalTimes sample);
  // Of all time that was given; zeros when none was. The server's own work has no rank.
  Shares Get() const;

 private:
  std::deque<PrincipalTimes> samples_;
  PrincipalTimes sum_;
};

}  // namespace sluice
