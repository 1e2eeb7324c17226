// W3C tracestate: what the systems along a trace say of it to each other. Kept as it came and passed on, never read.
#pragma once

#include <string>

#include "base/headers.h"

namespace sluice {

// All its lines as one, without empty members. Empty when there is none, or it is none: a member that is not
// key=value, a key that comes twice, more than 32 members or 512 bytes. Half of one would tell something else.
std::string TraceStateIn(const Headers& headers);

}  // namespace sluice
