// A layer of the admission chain: may this model version take this piece of work now, and what instead if not?
//
// Like the call chain's layers: what Enter takes, Leave gives back, in reverse order, exactly once, on any ending.
// Enter and Leave run on the loop of the call; a layer serves all loops, so its own state must be thread-safe.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "admission/model_use.h"

namespace sluice {

class AdmissionLayer {
 public:
  virtual ~AdmissionLayer() = default;
  virtual std::string_view name() const = 0;
  // Not OK: the use is refused with that status, and the layers entered so far are left. May change what is decided
  // (another model as fallback).
  virtual absl::Status Enter(ModelUse& use) = 0;
  virtual void Leave(ModelUse& use, const absl::Status& outcome) noexcept {}
};

}  // namespace sluice
