// Which trace a call belongs to, as its caller says: W3C Trace Context, else B3 (single header, then the X-B3-* ones).
#pragma once

#include <string>

#include "base/headers.h"

namespace sluice {

struct TraceContext {
  std::string trace_id;   // 32 hex digits, 16 of an old B3 client; empty: the caller has no trace
  std::string parent_id;  // of the caller's span, 16 hex digits; empty: unknown
  bool sampled = false;   // the caller records its spans
};

// Invalid headers are as good as none.
TraceContext TraceContextOf(const Headers& headers);

}  // namespace sluice
