// Who crowds others: most of what comes is its own, while others come, too. Its refusals cost what the others could
// have, so it is told to come back after a moment, and what its connection sends before that is not read.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace sluice {

inline constexpr Duration kCrowdingPause = std::chrono::milliseconds(100);

namespace internal {
inline constexpr const char* kCrowdingUrl = "sluice/crowding";
}

// `refusal` is for such a one: its retry-after becomes that of a pause at least.
inline void SetCrowding(absl::Status& refusal) {
  refusal.SetPayload(internal::kCrowdingUrl, {});
  const absl::Duration after = RetryAfterOf(refusal).value_or(absl::ZeroDuration());
  SetRetryAfter(refusal, std::max(absl::FromChrono(kCrowdingPause), after));
}

inline bool IsCrowding(const absl::Status& refusal) {
  return !refusal.ok() && refusal.GetPayload(internal::kCrowdingUrl).has_value();
}

}  // namespace sluice
