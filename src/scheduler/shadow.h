// Was it right to refuse it? Follows refused work as a ghost in the order that it would have waited in: when its turn
// would have come, it is known whether it would have been in time. Pure; one per class of work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <vector>

#include "base/clock.h"

namespace sluice {

class Shadow {
 public:
  struct Judged {
    uint64_t followed = 0;
    uint64_t wrong = 0;  // would have been in time
  };

  // Refused work whose turn comes when the one in front has used as much as `clock` (scheduler/fair_order.h), which is
  // in time when it starts at `latest`, and which keeps all workers from other work for `run`. Not followed while too
  // many are.
  void Add(Duration clock, TimePoint latest, Duration run);
  // A worker is free and its next turn is of one who used so much: the ghosts before it would have started now.
  Judged Turn(Duration clock, TimePoint now);
  // A worker is free and nothing waits.
  Judged Idle(TimePoint now);

 private:
  static constexpr size_t kGhostsMax = 256;
  struct Ghost {
    Duration clock;
    TimePoint latest;
    Duration run;
    bool operator<(const Ghost& other) const { return clock > other.clock; }  // the least on top
  };
  std::priority_queue<Ghost> ghosts_;
  Duration late_{};  // what the ghosts that started would have cost those behind them, since the last idle moment
};

}  // namespace sluice
