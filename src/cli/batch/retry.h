// When to try a failed call again: after 1, 2, 4 and 8 seconds, spread by a quarter either way, and never before the
// server asked to.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "base/random.h"

namespace sluice::cli {

inline constexpr int kTriesMax = 5;
inline constexpr absl::Duration kRetryAfterMax = absl::Seconds(60);  // a server that asks for more waits no longer

// `failures` so far (1 or more) of one call. Nothing: enough.
inline std::optional<absl::Duration> RetryDelay(int failures, std::optional<absl::Duration> retry_after,
                                                Random& random) {
  if (failures >= kTriesMax) return std::nullopt;
  const absl::Duration delay = absl::Seconds(1 << (failures - 1)) * (0.75 + 0.5 * random.Uniform());
  return std::max(delay, std::min(retry_after.value_or(absl::ZeroDuration()), kRetryAfterMax));
}

}  // namespace sluice::cli
