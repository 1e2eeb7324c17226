// Spans as Zipkin's JSON, version 2.
#include <algorithm>

#include "base/strings.h"
#include "base/text.h"
#include "base/trace/spans.h"

namespace sluice {
namespace {

std::string TraceIdText(uint64_t high, uint64_t low) {
  return TraceContext{.trace_high = high, .trace_low = low}.TraceId();
}

int64_t Microseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::string TextOf(const Span::Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return StrCat(*number);
  if (const auto* number = std::get_if<double>(&value)) return StrCat(*number);
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  return std::string(std::get<std::string_view>(value));
}

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  AppendJsonString(name, out);
  out.push_back(':');
  AppendJsonString(value, out);
}

void AppendTags(const Span& span, const Resource& resource, std::string& out) {
  out.append(",\"tags\":{");
  for (const auto& [name, value] : span.attributes) AppendMember(name, TextOf(value), out);
  if (span.server) {
    for (const auto& [name, value] : resource) {
      if (name != "service.name") AppendMember(name, value, out);
    }
  }
  // It knows no links.
  for (size_t i = 0; i < span.links.size(); ++i) {
    const Span::Link& link = span.links[i];
    AppendMember(StrCat("link.", i), StrCat(TraceIdText(link.trace_high, link.trace_low), "/", HexId(link.span_id)),
                 out);
  }
  if (span.error) AppendMember("error", span.message.empty() ? "error" : span.message, out);
  out.push_back('}');
}

}  // namespace

std::string ToZipkin(std::span<const CallRecordPtr> calls, const Resource& resource) {
  const std::string service = resource.empty() ? "sluice" : resource.front().second;
  std::string out = "[";
  for (const Span& span : SpansOf(calls)) {
    if (out.size() > 1) out.push_back(',');
    out.push_back('{');
    AppendMember("traceId", TraceIdText(span.trace_high, span.trace_low), out);
    AppendMember("id", HexId(span.id), out);
    if (span.parent != 0) AppendMember("parentId", HexId(span.parent), out);
    AppendMember("name", span.name, out);
    if (span.server) AppendMember("kind", "SERVER", out);
    const int64_t began = Microseconds(span.began);
    out.append(
        StrCat(",\"timestamp\":", began, ",\"duration\":", std::max<int64_t>(1, Microseconds(span.ended) - began)));
    out.append(",\"localEndpoint\":{");
    AppendMember("serviceName", service, out);
    out.push_back('}');
    AppendTags(span, resource, out);
    out.push_back('}');
  }
  out.push_back(']');
  return out;
}

}  // namespace sluice
