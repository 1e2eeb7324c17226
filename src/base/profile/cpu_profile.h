// Where the CPU time of this process goes, in pprof's format.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace sluice {

// A serialised perftools.profiles.Profile of what ran during `time`; the calling thread waits that long. A hundred
// samples for each second of CPU time, at most 30,000. OVERLOADED while another thread is inside.
absl::StatusOr<std::string> ProfileCpu(Duration time);

}  // namespace sluice
