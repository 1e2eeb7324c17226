// A run's progress as one line for a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice::cli {

struct Progress {
  uint64_t done = 0;     // of total, also those of earlier runs
  uint64_t resumed = 0;  // of done: by earlier runs
  uint64_t total = 0;
  uint64_t rejected = 0;
  Duration elapsed{};  // of this run
};

// "[############------------]  50%  500/1000, 250/s, 2 s left, 3 rejected"
std::string ProgressLine(const Progress& progress);

}  // namespace sluice::cli
