// How busy the workers are: for those who refuse work before they have read it, and who tell clients.
#pragma once

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/principal.h"
#include "base/work_class.h"

namespace sluice {

// Who crowds others is told to come back after so long at least, and what it sends before that need not be read.
inline constexpr Duration kCrowdingPause = std::chrono::milliseconds(100);

struct LoadVerdict {
  absl::Status status;
  bool crowds = false;  // it is refused because most of what comes is its own, while others come, too
};

// Any thread.
class LoadProbe {
 public:
  virtual ~LoadProbe() = default;
  // Until work that comes now and is treated like any other starts. Costs next to nothing.
  virtual Duration Backlog() const = 0;
  // A status that is not OK: work of this class and principal would not even start before `deadline`. OVERLOADED, with
  // a retry-after; it is counted as refused.
  virtual LoadVerdict Judge(WorkClass work_class, Principal principal, TimePoint deadline) = 0;
};

}  // namespace sluice
