// A deadline of less than half of what the model promises (its slo_ms) is the client's mistake when it passes: nobody
// needs to be woken for it, as for a model that is slow. Models without an slo_ms promise nothing. A refusal as
// OVERLOADED tells so by its mark; calls that end with DEADLINE_EXCEEDED need none (call/outcome.h).
#pragma once

#include "absl/status/status.h"
#include "base/clock.h"

namespace sluice {

namespace internal {
inline constexpr const char* kShortDeadlineUrl = "sluice/short_deadline";
}

// What a client has to allow a model at least, and what a run of it may take without a word; zero without an slo.
constexpr Duration LeastTime(Duration slo) { return slo / 2; }
inline bool IsShortDeadline(Duration allowed, Duration slo) { return allowed < LeastTime(slo); }

// Of `late`, whose deadline was so short.
inline void MarkShortDeadline(absl::Status& late) { late.SetPayload(internal::kShortDeadlineUrl, {}); }
inline bool HadShortDeadline(const absl::Status& status) {
  return !status.ok() && status.GetPayload(internal::kShortDeadlineUrl).has_value();
}

}  // namespace sluice
