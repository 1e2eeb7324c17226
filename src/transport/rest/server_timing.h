// Where a call's time went, for the developer tools of a browser (W3C Server Timing).
#pragma once

#include "base/headers.h"
#include "call/call.h"

namespace sluice::rest {

// server-timing: queue;dur=0.004, decode;dur=2.760, infer;dur=2.053, post;dur=0.027, total;dur=5.601 (ms): the stages
// that the call got to, the longest of each where models ran side by side; total is its latency. Nothing for a stream.
void AddServerTiming(Call& call, Headers& headers);

}  // namespace sluice::rest
