// Spans as OTLP's protobuf.
#include "base/strings.h"
#include "base/trace/spans.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace sluice {
namespace {

namespace otlp = opentelemetry::proto;

std::string Bytes(uint64_t high, uint64_t low) {
  std::string out;
  for (const uint64_t half : {high, low}) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(half >> shift));
  }
  return out;
}

std::string Bytes(uint64_t id) { return Bytes(0, id).substr(8); }

void Set(const Span::Value& value, otlp::common::v1::AnyValue& out) {
  if (const auto* text = std::get_if<std::string>(&value)) out.set_string_value(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) out.set_int_value(*number);
  if (const auto* number = std::get_if<double>(&value)) out.set_double_value(*number);
  if (const auto* yes = std::get_if<bool>(&value)) out.set_bool_value(*yes);
}

uint64_t Nanoseconds(WallTime time) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

void Fill(const Span& span, otlp::trace::v1::Span& out) {
  out.set_trace_id(Bytes(span.trace_high, span.trace_low));
  out.set_span_id(Bytes(span.id));
  if (span.parent != 0) out.set_parent_span_id(Bytes(span.parent));
  out.set_name(span.name);
  out.set_kind(span.server ? otlp::trace::v1::Span::SPAN_KIND_SERVER : otlp::trace::v1::Span::SPAN_KIND_INTERNAL);
  out.set_start_time_unix_nano(Nanoseconds(span.began));
  out.set_end_time_unix_nano(Nanoseconds(span.ended));
  for (const auto& [name, value] : span.attributes) {
    auto& attribute = *out.add_attributes();
    attribute.set_key(std::string(name));
    Set(value, *attribute.mutable_value());
  }
  for (const Span::Link& link : span.links) {
    auto& to = *out.add_links();
    to.set_trace_id(Bytes(link.trace_high, link.trace_low));
    to.set_span_id(Bytes(link.span_id));
  }
  if (span.error) {
    out.mutable_status()->set_code(otlp::trace::v1::Status::STATUS_CODE_ERROR);
    out.mutable_status()->set_message(span.message);
  }
}

}  // namespace

std::string ToOtlp(std::span<const CallRecordPtr> calls, const Resource& resource) {
  otlp::collector::trace::v1::ExportTraceServiceRequest request;
  auto& spans = *request.add_resource_spans();
  for (const auto& [name, value] : resource) {
    auto& attribute = *spans.mutable_resource()->add_attributes();
    attribute.set_key(name);
    attribute.mutable_value()->set_string_value(value);
  }
  auto& scope = *spans.add_scope_spans();
  scope.mutable_scope()->set_name("sluice");
  scope.mutable_scope()->set_version(SLUICE_VERSION);
  for (const Span& span : SpansOf(calls)) Fill(span, *scope.add_spans());
  return request.SerializeAsString();
}

}  // namespace sluice
