// A queue as the rooms above the scheduler know it: its name, its options, its figures.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice {

using Ticket = uint64_t;   // of one offered item; never 0, never reused
using QueueId = uint64_t;  // never 0, never reused

struct QueueOptions {
  std::string name;                                         // "face_detection_v2@1"
  size_t max_items = 256;                                   // waiting; more are OVERLOADED. One principal: ¾ of them
  size_t max_batch = 1;                                     // items of one batch
  Duration batch_time_max = std::chrono::milliseconds(10);  // predicted; a batch of one may take longer
  Duration patience = std::chrono::milliseconds(250);  // an item is overtaken by what comes so much later, not more
  bool judges_time = true;                             // refuses what could not be in time
  Duration slo{};  // of live work, from its arrival to its end; 0: only its deadline counts
};

// Runs by their number of items: one, two, up to four, eight …
inline constexpr size_t kBatchSizes = 9;
inline constexpr std::array<double, kBatchSizes - 1> kBatchSizeBounds = {1, 2, 4, 8, 16, 32, 64, 128};

struct QueueStats {
  QueueId id = 0;
  std::string name;
  size_t depth = 0;           // waiting
  size_t running = 0;         // items in batches now
  Duration predicted_wait{};  // until everything that waits now has started
  Duration service_time{};    // measured, per cost of 1; 0 before the first run
  Duration busy{};            // worker time spent on it, finished batches
  uint64_t offered = 0, taken = 0, done = 0, batches = 0, expired = 0, cancelled = 0, refused = 0, dropped = 0;
  std::array<uint64_t, kBatchSizes> batch_sizes{};
};

}  // namespace sluice
