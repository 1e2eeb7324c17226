// Spans as OTLP's protobuf: opentelemetry-proto 1.x, of which tests/proto/opentelemetry holds what is used.
#include "base/trace/proto_writer.h"
#include "base/trace/spans.h"

namespace sluice {
namespace {

// Field numbers, by message.
namespace request {
constexpr uint32_t kResourceSpans = 1;
}
namespace resource_spans {
constexpr uint32_t kResource = 1, kScopeSpans = 2;
}
namespace resource_message {
constexpr uint32_t kAttributes = 1;
}
namespace scope_spans {
constexpr uint32_t kScope = 1, kSpans = 2;
}
namespace scope {
constexpr uint32_t kName = 1, kVersion = 2;
}
namespace key_value {
constexpr uint32_t kKey = 1, kValue = 2;
}
namespace any_value {
constexpr uint32_t kString = 1, kBool = 2, kInt = 3, kDouble = 4;
}
namespace span_message {
constexpr uint32_t kTraceId = 1, kSpanId = 2, kTraceState = 3, kParentSpanId = 4, kName = 5, kKind = 6, kStart = 7,
                   kEnd = 8, kAttributes = 9, kLinks = 13, kStatus = 15;
constexpr uint64_t kInternal = 1, kServer = 2;  // SpanKind
}  // namespace span_message
namespace link {
constexpr uint32_t kTraceId = 1, kSpanId = 2;
}
namespace status {
constexpr uint32_t kMessage = 2, kCode = 3;
constexpr uint64_t kError = 2;  // StatusCode
}  // namespace status

// Ids are bytes, the highest first.
struct IdBytes {
  explicit IdBytes(uint64_t id) : size(8) { Put(id, bytes); }
  IdBytes(uint64_t high, uint64_t low) : size(16) {
    Put(high, bytes);
    Put(low, bytes + 8);
  }
  std::string_view view() const { return {bytes, size}; }

 private:
  static void Put(uint64_t id, char* to) {
    for (int i = 0; i < 8; ++i) to[i] = static_cast<char>(id >> (56 - 8 * i));
  }
  char bytes[16];
  size_t size;
};

uint64_t Nanoseconds(WallTime time) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

class OtlpWriter {
 public:
  explicit OtlpWriter(std::string& out) : to_(out) {}

  void Put(std::span<const Span> spans, const Resource& resource) {
    to_.Nested(request::kResourceSpans, [&] {
      to_.Nested(resource_spans::kResource, [&] {
        for (const auto& [name, value] : resource) {
          PutAttribute(resource_message::kAttributes, name, std::string_view(value));
        }
      });
      to_.Nested(resource_spans::kScopeSpans, [&] {
        to_.Nested(scope_spans::kScope, [&] {
          to_.Text(scope::kName, "sluice");
          to_.Text(scope::kVersion, SLUICE_VERSION);
        });
        for (const Span& span : spans) to_.Nested(scope_spans::kSpans, [&] { PutSpan(span); });
      });
    });
  }

 private:
  void PutAttribute(uint32_t field, std::string_view name, const Span::Value& value) {
    to_.Nested(field, [&] {
      to_.Text(key_value::kKey, name);
      to_.Nested(key_value::kValue, [&] { PutValue(value); });
    });
  }

  void PutValue(const Span::Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return to_.Text(any_value::kString, *text);
    if (const auto* number = std::get_if<double>(&value)) return to_.Double(any_value::kDouble, *number);
    if (const auto* yes = std::get_if<bool>(&value)) return to_.Varint(any_value::kBool, *yes ? 1 : 0);
    to_.Varint(any_value::kInt, static_cast<uint64_t>(std::get<int64_t>(value)));
  }

  void PutSpan(const Span& span) {
    to_.Bytes(span_message::kTraceId, IdBytes(span.trace_high, span.trace_low).view());
    to_.Bytes(span_message::kSpanId, IdBytes(span.id).view());
    if (!span.trace_state.empty()) to_.Text(span_message::kTraceState, span.trace_state);
    if (span.parent != 0) to_.Bytes(span_message::kParentSpanId, IdBytes(span.parent).view());
    to_.Text(span_message::kName, span.name);
    to_.Varint(span_message::kKind, span.server ? span_message::kServer : span_message::kInternal);
    to_.Fixed64(span_message::kStart, Nanoseconds(span.began));
    to_.Fixed64(span_message::kEnd, Nanoseconds(span.ended));
    for (const auto& [name, value] : span.attributes) PutAttribute(span_message::kAttributes, name, value);
    for (const Span::Link& one : span.links) {
      to_.Nested(span_message::kLinks, [&] {
        to_.Bytes(link::kTraceId, IdBytes(one.trace_high, one.trace_low).view());
        to_.Bytes(link::kSpanId, IdBytes(one.span_id).view());
      });
    }
    if (!span.error) return;
    to_.Nested(span_message::kStatus, [&] {
      to_.Text(status::kMessage, span.message);
      to_.Varint(status::kCode, status::kError);
    });
  }

  ProtoWriter to_;
};

}  // namespace

std::string ToOtlp(std::span<const CallRecordPtr> calls, const Resource& resource) {
  std::string out;
  OtlpWriter(out).Put(SpansOf(calls), resource);
  return out;
}

}  // namespace sluice
