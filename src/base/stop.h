// Work that may become pointless while it runs: it looks at a token where it has natural points.
#pragma once

#include <stop_token>

#include "absl/status/status.h"
#include "base/error.h"

namespace sluice {

// CANCELLED once the stop was requested.
inline absl::Status CheckStop(const std::stop_token& stop) {
  if (!stop.stop_requested()) return absl::OkStatus();
  return Error(Reason::CANCELLED, "nobody waits for the result any more");
}

}  // namespace sluice
