// Whose work counts for more: while everybody wants more than there is, a client of weight 3 is given three times the
// workers' time that one of weight 1 gets. Immutable, any thread.
#pragma once

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/principal.h"

namespace sluice {

class Weights {
 public:
  using Weight = uint32_t;  // 1 or more
  static constexpr Weight kMax = 1000;

  Weights() = default;
  explicit Weights(absl::flat_hash_map<Principal, Weight> of) : of_(std::move(of)) {}

  // 1 of whom nothing is said.
  Weight Of(Principal principal) const {
    const auto it = of_.find(principal);
    return it == of_.end() ? 1 : it->second;
  }

 private:
  absl::flat_hash_map<Principal, Weight> of_;
};

}  // namespace sluice
