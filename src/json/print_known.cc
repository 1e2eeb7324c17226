#include <memory>

#include "base/strings.h"
#include "json/base64.h"
#include "json/print.h"
#include "json/reflection.h"
#include "json/scalar_text.h"
#include "json/text.h"
#include "json/well_known_text.h"

namespace sluice::json {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr int kDepthMax = 200;

// Calls `print` with the generated class of `message`; a dynamic message is copied into one first.
template <typename T, typename Print>
void AsGenerated(const Message& message, Print print) {
  if (const T* generated = google::protobuf::DynamicCastToGenerated<T>(&message)) return print(*generated);
  T copy;
  copy.ParseFromString(message.SerializeAsString());
  print(copy);
}

// The message an Any holds; null when its type is unknown or its bytes are not of it.
std::unique_ptr<Message> Unpack(const std::string& url, const std::string& bytes) {
  const size_t slash = url.rfind('/');
  if (slash == std::string::npos) return nullptr;
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(slash + 1));
  if (descriptor == nullptr) return nullptr;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  std::unique_ptr<Message> message(prototype == nullptr ? nullptr : prototype->New());
  if (message == nullptr || !message->ParsePartialFromString(bytes)) return nullptr;
  return message;
}

}  // namespace

void JsonPrint::PrintWellKnown(const Message& message, const MessageTable& table) {
  switch (table.well_known) {
    case WellKnown::kTimestamp:
    case WellKnown::kDuration: return PrintTimes(message, table);
    case WellKnown::kFieldMask: return PrintFieldMask(message, table);
    case WellKnown::kAny: return PrintAny(message, table);
    case WellKnown::kStruct: return AsGenerated<Struct>(message, [this](const Struct& s) { PrintStruct(s); });
    case WellKnown::kListValue: return AsGenerated<ListValue>(message, [this](const ListValue& l) { PrintList(l); });
    case WellKnown::kValue: return AsGenerated<Value>(message, [this](const Value& v) { PrintAnyValue(v); });
    case WellKnown::kWrapper: return PrintValue(message, table.fields[0], kSingular);
    case WellKnown::kMessage: return;
  }
}

void JsonPrint::PrintTimes(const Message& message, const MessageTable& table) {
  const auto* reflection = message.GetReflection();
  const SecondsNanos value{reflection->GetInt64(message, table.fields[0].field),
                           reflection->GetInt32(message, table.fields[1].field)};
  std::string text;
  const bool printable =
      table.well_known == WellKnown::kTimestamp ? AppendTimestamp(value, text) : AppendDuration(value, text);
  if (printable) {
    out_ += StrCat("\"", text, "\"");
  } else {
    out_ += "null";
  }
}

void JsonPrint::PrintFieldMask(const Message& message, const MessageTable& table) {
  const auto* reflection = message.GetReflection();
  std::string paths;
  std::string scratch;
  for (int i = 0; i < reflection->FieldSize(message, table.fields[0].field); ++i) {
    const std::string& path = reflection->GetRepeatedStringReference(message, table.fields[0].field, i, &scratch);
    if (i > 0) paths.push_back(',');
    paths += FieldPathToJson(path).value_or(path);
  }
  AppendQuoted(paths, out_);
}

void JsonPrint::PrintAny(const Message& message, const MessageTable& table) {
  const auto* reflection = message.GetReflection();
  std::string url_scratch, bytes_scratch;
  const std::string& url = reflection->GetStringReference(message, table.fields[0].field, &url_scratch);
  const std::string& bytes = reflection->GetStringReference(message, table.fields[1].field, &bytes_scratch);
  if (url.empty() && bytes.empty()) {
    out_ += "{}";
    return;
  }
  out_ += "{\"@type\":";
  AppendQuoted(url, out_);
  if (const auto value = Unpack(url, bytes)) {
    const MessageTable& inner = TableOf(*value->GetDescriptor());
    if (inner.well_known == WellKnown::kMessage) {
      PrintMembers(*value, inner, /*first=*/false);
    } else {
      out_ += ",\"value\":";
      Print(*value, inner);
    }
  } else {
    out_ += ",\"value\":";
    PrintBytes(bytes);
  }
  out_.push_back('}');
}

void JsonPrint::PrintStruct(const Struct& value) {
  out_.push_back('{');
  bool first = true;
  for (const auto& [key, field] : value.fields()) {
    if (!first) out_.push_back(',');
    first = false;
    AppendQuoted(key, out_);
    out_.push_back(':');
    PrintAnyValue(field);
  }
  out_.push_back('}');
}

void JsonPrint::PrintList(const ListValue& value) {
  out_.push_back('[');
  for (int i = 0; i < value.values_size(); ++i) {
    if (i > 0) out_.push_back(',');
    PrintAnyValue(value.values(i));
  }
  out_.push_back(']');
}

void JsonPrint::PrintAnyValue(const Value& value) {
  if (depth_ > kDepthMax) {
    out_ += "null";
    return;
  }
  ++depth_;
  switch (value.kind_case()) {
    case Value::kNumberValue: AppendDouble(value.number_value(), out_); break;
    case Value::kStringValue: AppendQuoted(value.string_value(), out_); break;
    case Value::kBoolValue: out_ += value.bool_value() ? "true" : "false"; break;
    case Value::kStructValue: PrintStruct(value.struct_value()); break;
    case Value::kListValue: PrintList(value.list_value()); break;
    case Value::kNullValue:
    case Value::KIND_NOT_SET: out_ += "null"; break;
  }
  --depth_;
}

}  // namespace sluice::json
