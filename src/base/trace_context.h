// Which trace a call belongs to, as its caller says: W3C Trace Context, else B3 (single header, then the X-B3-* ones),
// else gRPC's binary one (grpc-trace-bin).
#pragma once

#include <cstdint>
#include <string>

#include "base/headers.h"

namespace sluice {

// Numbers, so that it copies at no cost; 0 is no id, in each.
struct TraceContext {
  uint64_t trace_high = 0;  // 0 also for an old B3 client's id of 64 bits
  uint64_t trace_low = 0;
  uint64_t parent_id = 0;  // the caller's span
  uint64_t span_id = 0;    // the call's own
  bool sampled = false;    // the caller records its spans

  bool known() const { return (trace_high | trace_low) != 0; }
  // 32 hex digits, 16 when the caller gave 64 bits; empty when unknown.
  std::string TraceId() const;
  // "00-<trace>-<the call's span>-01": what an answer and what follows a call say of it.
  std::string ToW3c() const;
};

// Invalid headers are as good as none.
TraceContext TraceContextOf(const Headers& headers);
// The tracestate that came with it (base/trace_state.h): it means nothing beside another context than traceparent's.
std::string TraceStateOf(const Headers& headers);

// 16 hex digits.
std::string HexId(uint64_t id);

}  // namespace sluice
