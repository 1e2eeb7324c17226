// Where the CPU time of this process goes, in pprof's format.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace sluice {

// What somebody gets who asks for a profile without saying of how long, and the most that anybody gets.
inline constexpr unsigned kProfileSecondsUsual = 5, kProfileSecondsMax = 30;

// A serialised perftools.profiles.Profile of what ran during `time`; the calling thread waits that long, or until
// `stop` is requested: then it is of what ran so far. A hundred samples for each second of CPU time, at most 30,000.
// OVERLOADED while another thread is inside.
absl::StatusOr<std::string> ProfileCpu(Duration time, const std::stop_token& stop = {});

}  // namespace sluice
