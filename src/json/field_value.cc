#include "json/field_value.h"

#include <optional>
#include <utility>

#include "base/strings.h"
#include "base/text.h"
#include "json/base64.h"
#include "json/path.h"
#include "json/reflection.h"
#include "json/scalar_text.h"

namespace sluice::json {
namespace {

constexpr int kEnumNamesMax = 12;

std::string EnumNames(const EnumDescriptor& type) {
  std::string names;
  for (int i = 0; i < type.value_count() && i < kEnumNamesMax; ++i) {
    names += StrCat(i == 0 ? "" : ", ", type.value(i)->name());
  }
  return type.value_count() > kEnumNamesMax ? names + ", …" : names;
}

std::string Mismatch(const FieldEntry& entry, std::string_view text, TextForm form) {
  const char* quote = form == TextForm::kBare ? "" : "\"";
  return StrCat("must be ", Expectation(entry), ", not ", quote, Excerpt(text, 40), quote);
}

// Calls the setter, or the adder of a repeated field, when there is a value.
template <typename T, typename U>
bool Put(Message& message, const FieldEntry& entry, std::optional<T> value,
         void (Reflection::*set)(Message*, const FieldDescriptor*, U) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, U) const) {
  if (!value) return false;
  const Reflection* reflection = message.GetReflection();
  (reflection->*(entry.repeated ? add : set))(&message, entry.field, std::move(*value));
  return true;
}

std::optional<bool> ParseBool(std::string_view text, TextForm form) {
  if (form == TextForm::kString) return std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int> ParseEnum(const EnumDescriptor& type, std::string_view text, TextForm form) {
  if (form != TextForm::kBare) {
    if (const auto* value = type.FindValueByName(std::string(text))) return value->number();
  }
  if (form == TextForm::kString) return std::nullopt;
  return ParseInt32(text);
}

bool PutNumber(Message& message, const FieldEntry& entry, std::string_view text, TextForm form) {
  const bool names = form != TextForm::kBare;
  switch (entry.type) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Put(message, entry, ParseInt32(text), &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Put(message, entry, ParseInt64(text), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Put(message, entry, ParseUint32(text), &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Put(message, entry, ParseUint64(text), &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Put(message, entry, ParseFloat(text, names), &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Put(message, entry, ParseDouble(text, names), &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Put(message, entry, ParseBool(text, form), &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Put(message, entry, ParseEnum(*entry.field->enum_type(), text, form), &Reflection::SetEnumValue,
                 &Reflection::AddEnumValue);
    default: return false;
  }
}

}  // namespace

std::string SetScalar(Message& message, const FieldEntry& entry, std::string_view text, TextForm form) {
  if (entry.type != FieldDescriptor::CPPTYPE_STRING) {
    return PutNumber(message, entry, text, form) ? std::string() : Mismatch(entry, text, form);
  }
  if (form == TextForm::kBare) return Mismatch(entry, text, form);
  std::string value;
  if (entry.bytes) {
    if (std::string problem = DecodeBytes(text, value); !problem.empty()) return problem;
  } else {
    if (form == TextForm::kUrl && !IsUtf8(text)) return "must be UTF-8 text";
    value = text;
  }
  const Reflection* reflection = message.GetReflection();
  if (entry.repeated) {
    reflection->AddString(&message, entry.field, std::move(value));
  } else {
    reflection->SetString(&message, entry.field, std::move(value));
  }
  return {};
}

std::string Expectation(const FieldEntry& entry) {
  switch (entry.type) {
    case FieldDescriptor::CPPTYPE_INT32: return "a whole number from -2147483648 to 2147483647";
    case FieldDescriptor::CPPTYPE_INT64: return "a whole number of 64 bits";
    case FieldDescriptor::CPPTYPE_UINT32: return "a whole number from 0 to 4294967295";
    case FieldDescriptor::CPPTYPE_UINT64: return "a whole number of 64 bits, 0 or more";
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE: return "a number";
    case FieldDescriptor::CPPTYPE_BOOL: return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM: return StrCat("one of ", EnumNames(*entry.field->enum_type()));
    case FieldDescriptor::CPPTYPE_STRING: return entry.bytes ? "a string of base64" : "a string";
    case FieldDescriptor::CPPTYPE_MESSAGE: return "an object";
  }
  return "a value";
}

std::string DecodeBytes(std::string_view text, std::string& out) {
  Base64Error error;
  return Base64Decode(text, out, &error) ? std::string() : error.reason;
}

}  // namespace sluice::json
