#include "base/trace_context.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/hex.h"
#include "base/trace_state.h"

namespace sluice {
namespace {

// W3C, version 00: "00-<trace 32>-<span 16>-<flags 2>"; later ones may go on after that with another '-'.
constexpr size_t kTraceAt = 3, kSpanAt = 36, kFlagsAt = 53, kW3cBytes = 55;

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool IsHex(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return Digit(c) >= 0; });
}

// 16 digits at most, all of them hex.
uint64_t Number(std::string_view digits) {
  uint64_t number = 0;
  for (const char c : digits) number = number << 4 | static_cast<uint64_t>(Digit(c));
  return number;
}

// 0 when it is none.
uint64_t SpanOf(std::string_view text) { return text.size() == 16 && IsHex(text) ? Number(text) : 0; }

// Unknown when it is none.
TraceContext TraceOf(std::string_view text) {
  if ((text.size() != 32 && text.size() != 16) || !IsHex(text)) return {};
  const std::string_view low = text.substr(text.size() - 16);
  return {.trace_high = Number(text.substr(0, text.size() - 16)), .trace_low = Number(low)};
}

TraceContext FromW3c(std::string_view text) {
  if (text.size() < kW3cBytes || text[2] != '-' || text[kSpanAt - 1] != '-' || text[kFlagsAt - 1] != '-') return {};
  const std::string_view version = text.substr(0, 2), flags = text.substr(kFlagsAt, 2);
  if (!IsHex(version) || version == "ff" || !IsHex(flags)) return {};
  if (text.size() > kW3cBytes && (version == "00" || text[kW3cBytes] != '-')) return {};
  TraceContext context = TraceOf(text.substr(kTraceAt, 32));
  context.parent_id = SpanOf(text.substr(kSpanAt, 16));
  context.sampled = (Digit(flags[1]) & 1) != 0;
  return context.parent_id == 0 ? TraceContext() : context;
}

bool IsSampled(std::string_view b3) { return b3 == "1" || b3 == "d" || b3 == "true"; }

TraceContext FromB3(std::string_view trace, std::string_view span, std::string_view sampled) {
  TraceContext context = TraceOf(trace);
  context.parent_id = SpanOf(span);
  context.sampled = IsSampled(sampled);
  return context.known() ? context : TraceContext();
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

// Version 0 and three fields, each behind its number: the trace, the span, the flags.
constexpr size_t kBinaryBytes = 29, kBinaryTraceAt = 2, kBinarySpanAt = 19, kBinaryFlagsAt = 28;

// Base64 of exactly so many bytes, with or without padding.
std::optional<std::array<uint8_t, kBinaryBytes>> FromBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() != (kBinaryBytes * 8 + 5) / 6) return std::nullopt;
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<uint8_t, kBinaryBytes> bytes{};
  uint32_t bits = 0;
  size_t held = 0, made = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (made < bytes.size()) bytes[made++] = static_cast<uint8_t>(bits >> held);
  }
  return bytes;
}

TraceContext FromBinary(std::string_view text) {
  if (text.empty()) return {};
  const auto bytes = FromBase64(text);
  if (!bytes || (*bytes)[0] != 0 || (*bytes)[1] != 0 || (*bytes)[18] != 1 || (*bytes)[27] != 2) return {};
  const auto number = [&bytes](size_t at) {
    uint64_t value = 0;
    for (size_t i = at; i < at + 8; ++i) value = value << 8 | (*bytes)[i];
    return value;
  };
  TraceContext context{.trace_high = number(kBinaryTraceAt),
                       .trace_low = number(kBinaryTraceAt + 8),
                       .parent_id = number(kBinarySpanAt),
                       .sampled = ((*bytes)[kBinaryFlagsAt] & 1) != 0};
  return context.known() && context.parent_id != 0 ? context : TraceContext();
}

// Most calls have none: one look at each name.
bool MayHaveOne(const Headers& headers) {
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string_view name = headers[i].name;
    if (name == "traceparent" || name == "b3" || name == "x-b3-traceid" || name == "grpc-trace-bin") return true;
  }
  return false;
}

}  // namespace

std::string HexId(uint64_t id) {
  std::string out(kIdDigits, '0');
  PutHex(id, out.data());
  return out;
}

std::string TraceContext::TraceId() const {
  if (!known()) return {};
  std::string out((trace_high != 0 ? 2 : 1) * kIdDigits, '0');
  PutHex(trace_low, trace_high != 0 ? PutHex(trace_high, out.data()) : out.data());
  return out;
}

std::string TraceContext::ToW3c() const {
  std::string out = "00-00000000000000000000000000000000-0000000000000000-00";
  PutHex(trace_low, PutHex(trace_high, out.data() + kTraceAt));
  PutHex(span_id, out.data() + kSpanAt);
  out.back() = sampled ? '1' : '0';
  return out;
}

TraceContext TraceContextOf(const Headers& headers) {
  if (!MayHaveOne(headers)) return {};
  TraceContext context = FromW3c(headers.Get("traceparent"));
  if (!context.known()) context = FromB3(headers.Get("b3"));
  if (!context.known()) {
    context = FromB3(headers.Get("x-b3-traceid"), headers.Get("x-b3-spanid"),
                     headers.Get("x-b3-flags") == "1" ? "d" : headers.Get("x-b3-sampled"));
  }
  return context.known() ? context : FromBinary(headers.Get("grpc-trace-bin"));
}

std::string TraceStateOf(const Headers& headers) {
  return FromW3c(headers.Get("traceparent")).known() ? TraceStateIn(headers) : std::string();
}

}  // namespace sluice
