// The trace that a call is part of: W3C Trace Context, or B3.
#pragma once

#include <string>

namespace sluice {

struct TraceContext {
  std::string trace_id;  // 32 or 16 hex digits; empty: none
};

}  // namespace sluice
