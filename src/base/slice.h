// How long a thread runs before others that are ready have their turn.
#pragma once

namespace sluice {

// The calling thread does little at a time and wants to do it soon: with a short slice Linux lets it run earlier after
// it wakes, before threads that compute (EEVDF, Linux 6.12 and later; without effect elsewhere). No privilege needed,
// and no more of the processor than before.
void ShortenSlice();

}  // namespace sluice
