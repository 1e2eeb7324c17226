#include "json/writer.h"

#include "json/base64.h"
#include "json/print.h"
#include "json/reflection.h"
#include "json/scalar_text.h"
#include "json/text.h"

namespace sluice::json {
namespace {

// Any inside Any could nest without end; beyond this an object is printed as null.
constexpr int kDepthMax = 200;

}  // namespace

void MessageToJson(const Message& message, std::string& out, const WriteOptions& options) {
  JsonPrint(out, options).Print(message, TableOf(*message.GetDescriptor()));
}

void FieldToJson(const Message& message, const FieldDescriptor& field, std::string& out, const WriteOptions& options) {
  const FieldEntry* entry = TableOf(*message.GetDescriptor()).Find(field.name());
  if (entry == nullptr || (field.message_type() != nullptr && !field.is_repeated() &&
                           !message.GetReflection()->HasField(message, &field))) {
    out += "null";
    return;
  }
  JsonPrint(out, options).PrintField(message, *entry);
}

void JsonPrint::Print(const Message& message, const MessageTable& table) {
  if (++depth_ > kDepthMax) {
    out_ += "null";
  } else if (table.well_known != WellKnown::kMessage) {
    PrintWellKnown(message, table);
  } else {
    out_.push_back('{');
    PrintMembers(message, table, /*first=*/true);
    out_.push_back('}');
  }
  --depth_;
}

void JsonPrint::PrintMembers(const Message& message, const MessageTable& table, bool first) {
  for (const FieldEntry& entry : table.fields) {
    if (!IsPrinted(message, entry)) continue;
    if (!first) out_.push_back(',');
    first = false;
    out_ += entry.key;
    PrintField(message, entry);
  }
}

bool JsonPrint::IsPrinted(const Message& message, const FieldEntry& entry) const {
  const auto* reflection = message.GetReflection();
  if (entry.field->is_repeated()) {
    return (options_.print_defaults && !entry.omit_empty) || reflection->FieldSize(message, entry.field) > 0;
  }
  if (options_.print_defaults && !entry.field->has_presence()) return true;
  return reflection->HasField(message, entry.field);
}

void JsonPrint::PrintField(const Message& message, const FieldEntry& entry) {
  if (entry.map) {
    PrintMap(message, entry);
  } else if (entry.repeated) {
    PrintRepeated(message, entry);
  } else {
    PrintValue(message, entry, kSingular);
  }
}

void JsonPrint::PrintRepeated(const Message& message, const FieldEntry& entry) {
  out_.push_back('[');
  const int size = message.GetReflection()->FieldSize(message, entry.field);
  for (int i = 0; i < size; ++i) {
    if (i > 0) out_.push_back(',');
    PrintValue(message, entry, i);
  }
  out_.push_back(']');
}

void JsonPrint::PrintMap(const Message& message, const FieldEntry& entry) {
  const FieldEntry& key = entry.message->fields[0];
  const FieldEntry& value = entry.message->fields[1];
  const bool string_key = key.type == FieldDescriptor::CPPTYPE_STRING;
  // 64-bit keys print their own quotes.
  const bool quoted =
      string_key || key.type == FieldDescriptor::CPPTYPE_INT64 || key.type == FieldDescriptor::CPPTYPE_UINT64;
  out_.push_back('{');
  const int size = message.GetReflection()->FieldSize(message, entry.field);
  for (int i = 0; i < size; ++i) {
    const Message& pair = message.GetReflection()->GetRepeatedMessage(message, entry.field, i);
    if (i > 0) out_.push_back(',');
    if (!quoted) out_.push_back('"');
    PrintValue(pair, key, kSingular);
    out_ += quoted ? ":" : "\":";
    PrintValue(pair, value, kSingular);
  }
  out_.push_back('}');
}

void JsonPrint::PrintValue(const Message& message, const FieldEntry& entry, int i) {
  const auto* r = message.GetReflection();
  const FieldDescriptor* f = entry.field;
  const bool one = i == kSingular;
  switch (entry.type) {
    case FieldDescriptor::CPPTYPE_INT32:
      return AppendInteger(int64_t{one ? r->GetInt32(message, f) : r->GetRepeatedInt32(message, f, i)}, out_);
    case FieldDescriptor::CPPTYPE_UINT32:
      return AppendInteger(uint64_t{one ? r->GetUInt32(message, f) : r->GetRepeatedUInt32(message, f, i)}, out_);
    case FieldDescriptor::CPPTYPE_INT64:
      return PrintLong(int64_t{one ? r->GetInt64(message, f) : r->GetRepeatedInt64(message, f, i)});
    case FieldDescriptor::CPPTYPE_UINT64:
      return PrintLong(uint64_t{one ? r->GetUInt64(message, f) : r->GetRepeatedUInt64(message, f, i)});
    case FieldDescriptor::CPPTYPE_FLOAT:
      return AppendFloat(one ? r->GetFloat(message, f) : r->GetRepeatedFloat(message, f, i), out_);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return AppendDouble(one ? r->GetDouble(message, f) : r->GetRepeatedDouble(message, f, i), out_);
    case FieldDescriptor::CPPTYPE_BOOL:
      out_ += (one ? r->GetBool(message, f) : r->GetRepeatedBool(message, f, i)) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      return PrintEnum(entry, one ? r->GetEnumValue(message, f) : r->GetRepeatedEnumValue(message, f, i));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text =
          one ? r->GetStringReference(message, f, &scratch) : r->GetRepeatedStringReference(message, f, i, &scratch);
      return entry.bytes ? PrintBytes(text) : AppendQuoted(text, out_);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Print(one ? r->GetMessage(message, f) : r->GetRepeatedMessage(message, f, i), *entry.message);
  }
}

template <typename T>
void JsonPrint::PrintLong(T value) {
  if (!options_.long_numbers) out_.push_back('"');
  AppendInteger(value, out_);
  if (!options_.long_numbers) out_.push_back('"');
}

void JsonPrint::PrintEnum(const FieldEntry& entry, int number) {
  if (entry.null_value) {
    out_ += "null";
    return;
  }
  const auto* value = entry.field->enum_type()->FindValueByNumber(number);
  if (value == nullptr) return AppendInteger(int64_t{number}, out_);
  out_.push_back('"');
  out_ += value->name();
  out_.push_back('"');
}

void JsonPrint::PrintBytes(std::string_view bytes) {
  out_.push_back('"');
  Base64Encode(bytes, out_);
  out_.push_back('"');
}

}  // namespace sluice::json
