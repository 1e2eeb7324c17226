// The circuit breakers as an API shows and sets them.
#pragma once

#include "admission/breaker/breaker.h"

namespace sluice {

// Thread-safe.
class Breakers {
 public:
  // `layer` outlives it.
  explicit Breakers(BreakerLayer& layer) : layer_(layer) {}
  std::vector<BreakerInfo> List() const { return layer_.List(); }
  // See BreakerLayer::Force.
  std::vector<BreakerInfo> Force(std::string_view method, std::string_view model_id, std::string_view version,
                                 std::optional<BreakerState> state) {
    return layer_.Force(method, model_id, version, state);
  }

 private:
  BreakerLayer& layer_;
};

}  // namespace sluice
