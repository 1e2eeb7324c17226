// Those who were refused together must not come back together.
#pragma once

#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace sluice {

// Its retry-after (if it has one) grows by up to a half.
inline absl::Status WithRetryJitter(absl::Status status, SharedRandom& random) {
  if (const auto after = RetryAfterOf(status)) {
    SetRetryAfter(status, *after * (1 + random.With([](Random& r) { return r.Uniform(); }) / 2));
  }
  return status;
}

}  // namespace sluice
