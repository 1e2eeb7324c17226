// Which finished calls are worth keeping, and what is kept of them. Pure.
#pragma once

#include <optional>

#include "base/trace/call_record.h"
#include "call/call.h"

namespace sluice {

// The moment that a call ended, on both clocks.
struct CallEnd {
  TimePoint at;
  WallTime wall;
};

// Nothing: the call is like the others. Tail sampling: the ending decides, so that nothing of interest is missed.
// `sample_ratio` by the trace's id, as others along the trace decide, too.
std::optional<CallRecord::Kept> KeptOf(Call& call, double sample_ratio);

CallRecordPtr RecordOf(Call& call, CallRecord::Kept kept, const CallEnd& end);

// Of an error: the server did not take the work, whatever the reason (overload, breaker, limits, drain).
bool IsRefusal(const absl::Status& outcome);

}  // namespace sluice
