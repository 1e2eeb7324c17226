// What tells the calls of one class and principal from the others'.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/bench/client.h"
#include "cli/bench/options.h"

namespace sluice::cli::bench {

struct Lane {
  size_t source = 0;  // of Lanes::sources
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Lanes {
  std::vector<std::string> sources;  // addresses that connections come from; "": any
  std::vector<Lane> lanes;           // class by class
  size_t principals = 1;

  const Lane& Of(const Call& call) const { return lanes[call.work_class * principals + call.principal]; }
};

// A class without a name says none.
absl::StatusOr<Lanes> MakeLanes(const std::vector<Share>& classes, const std::vector<Share>& principals);

}  // namespace sluice::cli::bench
