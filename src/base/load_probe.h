// How busy the workers are: for those who refuse work before they have read it, and who tell clients.
#pragma once

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/principal.h"
#include "base/work_class.h"

namespace sluice {

struct LoadVerdict {
  absl::Status status;
  // It is refused because of its own work, while others come too: more of it may wait where it costs nothing.
  bool crowds = false;
};

// Any thread.
class LoadProbe {
 public:
  virtual ~LoadProbe() = default;
  // Until work that comes now and is treated like any other starts. Costs next to nothing.
  virtual Duration Backlog() const = 0;
  // Status not OK: work of this class and principal would not even start before `deadline`. OVERLOADED, with a retry-after; it
  // is counted as refused.
  virtual LoadVerdict Judge(WorkClass work_class, Principal principal, TimePoint deadline) = 0;
};

}  // namespace sluice
