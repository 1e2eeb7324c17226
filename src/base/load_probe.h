// How busy the workers are: for those who refuse work before they have read it, and who tell clients.
#pragma once

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/principal.h"
#include "base/work_class.h"

namespace sluice {

// Any thread.
class LoadProbe {
 public:
  virtual ~LoadProbe() = default;
  // Until work that comes now and is treated like any other starts. Costs next to nothing.
  virtual Duration Backlog() const = 0;
  // Not OK: work of this class and principal would not be done by `deadline` even if it were as cheap as the cheapest
  // of late. OVERLOADED, with a retry-after, and marked for who crowds others (crowding.h); it is counted as refused.
  virtual absl::Status Judge(WorkClass work_class, Principal principal, TimePoint deadline) = 0;
};

}  // namespace sluice
