#include "openapi/scalar_schema.h"

#include <limits>

#include "ai/inference/options.pb.h"
#include "json/message_table.h"

namespace sluice::openapi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using json::WellKnown;

constexpr std::string_view kIntegerText = "^(0|-?[1-9][0-9]{0,8})$";
constexpr std::string_view kUnsignedText = "^(0|[1-9][0-9]{0,8})$";
constexpr std::string_view kDecimalText = "^-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?$";
constexpr std::string_view kShareText = "^(0(\\.[0-9]{1,9})?|1(\\.0{1,9})?)$";
constexpr std::string_view kDurationText = "^-?[0-9]{1,9}(\\.[0-9]{1,9})?s$";

const ai::inference::FieldOptions& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(ai::inference::field);
}

// The JSON number itself: {"type": "integer", …}.
template <typename T>
void WriteInteger(std::string_view format, const FieldDescriptor& field, JsonOut& out) {
  const auto& options = OptionsOf(field);
  out.String("type", "integer");
  out.String("format", format);
  if (options.has_minimum()) {
    out.Number("minimum", options.minimum());
  } else {
    out.Raw("minimum", std::to_string(std::numeric_limits<T>::min()));
  }
  if (options.has_maximum()) {
    out.Number("maximum", options.maximum());
  } else {
    out.Raw("maximum", std::to_string(std::numeric_limits<T>::max()));
  }
}

void WriteFloat(std::string_view format, const FieldDescriptor& field, JsonOut& out) {
  const auto& options = OptionsOf(field);
  out.String("type", "number");
  out.String("format", format);
  if (options.has_minimum()) out.Number("minimum", options.minimum());
  if (options.has_maximum()) out.Number("maximum", options.maximum());
  if (format == "float" && !options.has_minimum() && !options.has_maximum()) {
    out.Number("minimum", std::numeric_limits<float>::lowest());
    out.Number("maximum", std::numeric_limits<float>::max());
  }
}

// A number that may also be sent as text, or as null.
template <typename WriteNumber>
void WriteAnyForm(std::string_view text_pattern, bool nullable, JsonOut& out, WriteNumber write_number) {
  out.Array("anyOf", [&] {
    out.Object(write_number);
    out.Object([&] {
      out.String("type", "string");
      out.String("pattern", text_pattern);
    });
    if (nullable) out.Object([&] { out.String("type", "null"); });
  });
}

template <typename T>
void WriteIntegerForms(std::string_view format, const FieldDescriptor& field, Form form, bool nullable, JsonOut& out) {
  constexpr bool wide = sizeof(T) == 8;
  const std::string_view pattern = std::is_signed_v<T> ? kIntegerText : kUnsignedText;
  if (form == Form::kResponse && wide) {
    out.String("type", "string");
    out.String("format", format);
    return;
  }
  if (form != Form::kRequest) return WriteInteger<T>(format, field, out);
  WriteAnyForm(pattern, nullable, out, [&] { WriteInteger<T>(format, field, out); });
}

void WriteFloatForms(std::string_view format, const FieldDescriptor& field, Form form, bool nullable, JsonOut& out) {
  const auto& options = OptionsOf(field);
  if (form == Form::kText) return WriteFloat(format, field, out);
  if (form == Form::kRequest) {
    const bool share = options.has_minimum() && options.minimum() == 0 && options.maximum() == 1;
    return WriteAnyForm(share ? kShareText : kDecimalText, nullable, out, [&] { WriteFloat(format, field, out); });
  }
  if (options.has_minimum() || options.has_maximum()) return WriteFloat(format, field, out);
  out.Array("anyOf", [&] {
    out.Object([&] {
      out.String("type", "number");
      out.String("format", format);
    });
    out.Object([&] { out.Raw("enum", R"(["NaN", "Infinity", "-Infinity"])"); });
  });
}

void WriteEnumNames(const FieldDescriptor& field, JsonOut& out) {
  out.String("type", "string");
  out.Array("enum", [&] {
    for (int i = 0; i < field.enum_type()->value_count(); ++i) out.String(field.enum_type()->value(i)->name());
  });
}

void WriteEnum(const FieldDescriptor& field, Form form, bool nullable, JsonOut& out) {
  if (field.enum_type()->full_name() == "google.protobuf.NullValue") return out.String("type", "null");
  if (form != Form::kRequest) return WriteEnumNames(field, out);
  out.Array("anyOf", [&] {
    out.Object([&] { WriteEnumNames(field, out); });
    out.Object([&] {
      out.String("type", "integer");
      out.String("format", "int32");
      out.Raw("minimum", std::to_string(std::numeric_limits<int32_t>::min()));
      out.Raw("maximum", std::to_string(std::numeric_limits<int32_t>::max()));
    });
    if (nullable) out.Object([&] { out.String("type", "null"); });
  });
}

void WriteText(const FieldDescriptor& field, Form form, bool nullable, JsonOut& out) {
  const auto& options = OptionsOf(field);
  WriteType("string", nullable, out);
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    out.String("format", "byte");
    out.String("contentEncoding", "base64");
  }
  if (form == Form::kResponse) return;
  if (!options.pattern().empty()) out.String("pattern", options.pattern());
  if (options.required() && !field.is_repeated() && !field.has_presence()) out.Int("minLength", 1);
}

}  // namespace

void WriteType(std::string_view type, bool nullable, JsonOut& out) {
  if (!nullable) return out.String("type", type);
  out.Array("type", [&] {
    out.String(type);
    out.String("null");
  });
}

void WriteScalar(const FieldDescriptor& field, Form form, bool nullable, JsonOut& out) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return WriteIntegerForms<int32_t>("int32", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_UINT32: return WriteIntegerForms<uint32_t>("uint32", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_INT64: return WriteIntegerForms<int64_t>("int64", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_UINT64: return WriteIntegerForms<uint64_t>("uint64", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_FLOAT: return WriteFloatForms("float", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_DOUBLE: return WriteFloatForms("double", field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_BOOL: return WriteType("boolean", nullable, out);
    case FieldDescriptor::CPPTYPE_ENUM: return WriteEnum(field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_STRING: return WriteText(field, form, nullable, out);
    case FieldDescriptor::CPPTYPE_MESSAGE: return;
  }
}

bool IsWellKnown(const Descriptor& message) { return json::TableOf(message).well_known != WellKnown::kMessage; }

bool WriteWellKnown(const Descriptor& message, Form form, bool nullable, JsonOut& out) {
  switch (json::TableOf(message).well_known) {
    case WellKnown::kMessage: return false;
    case WellKnown::kTimestamp:
      WriteType("string", nullable, out);
      out.String("format", "date-time");
      return true;
    case WellKnown::kDuration:
      WriteType("string", nullable, out);
      out.String("pattern", kDurationText);
      return true;
    case WellKnown::kFieldMask: WriteType("string", nullable, out); return true;
    case WellKnown::kStruct: WriteType("object", nullable, out); return true;
    case WellKnown::kListValue: WriteType("array", nullable, out); return true;
    case WellKnown::kValue: out.String("description", "Any JSON value."); return true;
    case WellKnown::kWrapper: WriteScalar(*message.field(0), form, nullable, out); return true;
    case WellKnown::kAny:
      WriteType("object", nullable, out);
      out.Object("properties", [&] { out.Object("@type", [&] { out.String("type", "string"); }); });
      out.Raw("required", R"(["@type"])");
      return true;
  }
  return false;
}

}  // namespace sluice::openapi
