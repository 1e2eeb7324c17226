#include "base/trace_context.h"

#include <algorithm>
#include <string_view>

namespace sluice {
namespace {

// W3C, version 00: "00-<trace 32>-<span 16>-<flags 2>"; later ones may go on after that with another '-'.
constexpr size_t kTraceAt = 3, kSpanAt = 36, kFlagsAt = 53, kW3cBytes = 55;

bool IsHex(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view s) { return IsHex(s) && s.find_first_not_of('0') != std::string_view::npos; }
bool IsSpanId(std::string_view s) { return s.size() == 16 && IsId(s); }
bool IsTraceId(std::string_view s) { return (s.size() == 32 || s.size() == 16) && IsId(s); }

TraceContext FromW3c(std::string_view text) {
  if (text.size() < kW3cBytes || text[2] != '-' || text[kSpanAt - 1] != '-' || text[kFlagsAt - 1] != '-') return {};
  const std::string_view version = text.substr(0, 2), flags = text.substr(kFlagsAt, 2);
  if (!IsHex(version) || version == "ff" || !IsHex(flags)) return {};
  if (text.size() > kW3cBytes && (version == "00" || text[kW3cBytes] != '-')) return {};
  const std::string_view trace = text.substr(kTraceAt, 32), span = text.substr(kSpanAt, 16);
  if (!IsTraceId(trace) || !IsSpanId(span)) return {};
  const char last = flags[1];
  const int low = last <= '9' ? last - '0' : last - 'a' + 10;
  return {.trace_id = std::string(trace), .parent_id = std::string(span), .sampled = (low & 1) != 0};
}

bool IsSampled(std::string_view b3) { return b3 == "1" || b3 == "d" || b3 == "true"; }

TraceContext FromB3(std::string_view trace, std::string_view span, std::string_view sampled) {
  if (!IsTraceId(trace)) return {};
  return {.trace_id = std::string(trace),
          .parent_id = IsSpanId(span) ? std::string(span) : std::string(),
          .sampled = IsSampled(sampled)};
}

// "<trace>-<span>-<sampled>-<parent>", from the second on each may be missing.
TraceContext FromB3(std::string_view text) {
  std::string_view parts[3];
  for (std::string_view& part : parts) {
    const size_t end = std::min(text.find('-'), text.size());
    part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return FromB3(parts[0], parts[1], parts[2]);
}

}  // namespace

TraceContext TraceContextOf(const Headers& headers) {
  TraceContext context = FromW3c(headers.Get("traceparent"));
  if (context.trace_id.empty()) context = FromB3(headers.Get("b3"));
  if (!context.trace_id.empty()) return context;
  return FromB3(headers.Get("x-b3-traceid"), headers.Get("x-b3-spanid"),
                headers.Get("x-b3-flags") == "1" ? "d" : headers.Get("x-b3-sampled"));
}

}  // namespace sluice
