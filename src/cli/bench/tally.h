// What became of the calls of one step, one class or one principal.
//
//   offered = sent + unsent        sent = ok + late + refused + failed
#pragma once

#include <cstdint>
#include <vector>

#include "cli/bench/histogram.h"
#include "cli/bench/outcome.h"

namespace sluice::cli::bench {

struct Tally {
  uint64_t offered = 0;  // with retries
  uint64_t unsent = 0;   // their deadline passed, or too many waited, before a connection was free
  uint64_t sent = 0;
  uint64_t ok = 0, late = 0, refused = 0, failed = 0;
  uint64_t retries = 0;
  Histogram ok_took, refused_took;  // from the intended start
  Histogram lag;                    // from the intended start to the sending: what the generator, not the server, cost

  void Count(Outcome outcome, Duration took);
};

// The run in short windows, each with the calls that should have begun in it.
struct Window {
  uint32_t offered = 0, ok = 0, late = 0, refused = 0, failed = 0;
  Duration slowest_ok{};

  void Count(Outcome outcome, Duration took);
};

}  // namespace sluice::cli::bench
