// The spans of kept calls: one for the call, one for each of its stages, and one for each run of a model that several
// of them shared, with links both ways. Pure; the ids follow from the call's own, and the texts are the records'.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/trace/call_record.h"

namespace sluice {

struct Span {
  struct Link {
    uint64_t trace_high, trace_low, span_id;
  };
  using Value = std::variant<std::string_view, int64_t, double, bool>;

  uint64_t trace_high = 0, trace_low = 0, id = 0, parent = 0;  // no parent: 0
  std::string_view trace_state;                                // W3C's
  bool server = false;                                         // the kind: else internal
  std::string_view name;
  WallTime began{}, ended{};
  std::vector<std::pair<std::string_view, Value>> attributes;  // names are literals
  std::vector<Link> links;
  bool error = false;
  std::string_view message;  // of the error
};

// `calls` outlive them.
std::vector<Span> SpansOf(std::span<const CallRecordPtr> calls);

// Of whom the spans are: service.name first, then more.
using Resource = std::vector<std::pair<std::string, std::string>>;

// opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest, serialised.
std::string ToOtlp(std::span<const CallRecordPtr> calls, const Resource& resource);
// A JSON list of Zipkin v2.
std::string ToZipkin(std::span<const CallRecordPtr> calls, const Resource& resource);

}  // namespace sluice
