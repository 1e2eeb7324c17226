// How long a turn of a loop may go on with work that can wait. Whoever has many things to do in a row asks between them
// and leaves the rest to a later turn, so that every other descriptor has had its chance meanwhile.
#pragma once

#include "base/executor.h"

namespace sluice {

inline constexpr Duration kTurnMax = std::chrono::microseconds(500);

// Loop::Now() is when the turn began. Costs a look at the clock, about as much as 100 bytes parsed.
inline bool TurnIsLong(const Loop& loop) { return loop.clock().Now() - loop.Now() >= kTurnMax; }

}  // namespace sluice
