#include "base/config/yaml_proto.h"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "ai/inference/config/options.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/reflection.h"
#include "yaml-cpp/yaml.h"

namespace sluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

enum class Keys { kNames, kJsonNames };

bool IsSourceLine(const FieldDescriptor& field) {
  return field.options().GetExtension(ai::inference::config::source_line);
}

const std::string& KeyOf(const FieldDescriptor& field, Keys keys) {
  return keys == Keys::kNames ? field.name() : field.json_name();
}

const FieldDescriptor* FieldOf(const Descriptor& type, std::string_view key, Keys keys) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (KeyOf(field, keys) == key && !IsSourceLine(field)) return &field;
  }
  return nullptr;
}

std::string KeysOf(const Descriptor& type, Keys keys) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) {
    if (!IsSourceLine(*type.field(i))) names.push_back(KeyOf(*type.field(i), keys));
  }
  return absl::StrJoin(names, ", ");
}

std::string ValuesOf(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string name = absl::AsciiStrToLower(type.value(i)->name());
    if (!ToStd(name).ends_with("_unspecified")) names.push_back(name);
  }
  return absl::StrJoin(names, ", ");
}

class Merger {
 public:
  explicit Merger(std::string_view file, Keys keys = Keys::kNames) : file_(file), keys_(keys) {}

  absl::Status Merge(const YAML::Node& node, Message& message, const std::string& path) const {
    if (node.IsNull()) return absl::OkStatus();  // a section whose lines are all comments
    const Descriptor& type = *message.GetDescriptor();
    if (!node.IsMap()) return At(node, StrCat(Named(path), " must have keys: ", KeysOf(type, keys_)));
    SetSourceLine(node, message);
    std::set<std::string> seen;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) return At(pair.first, "a key must be a plain word");
      const std::string key = pair.first.Scalar();
      const FieldDescriptor* field = FieldOf(type, key, keys_);
      if (field == nullptr) {
        return At(pair.first, StrCat("unknown key '", key, "'", path.empty() ? "" : " in ", path,
                                     "; valid keys: ", KeysOf(type, keys_)));
      }
      if (!seen.insert(key).second) return At(pair.first, StrCat("key '", key, "' is a duplicate"));
      RETURN_IF_ERROR(Set(pair.second, message, *field, path.empty() ? key : StrCat(path, ".", key)));
    }
    return absl::OkStatus();
  }

  // Replaces the list; its path is shown in errors, "" for the whole file.
  absl::Status SetList(const YAML::Node& node, Message& message, const FieldDescriptor& field,
                       const std::string& path) const {
    if (!node.IsSequence()) return At(node, StrCat(Named(path), " must be a list"));
    const Reflection& reflection = *message.GetReflection();
    reflection.ClearField(&message, &field);
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string element = StrCat(path, "[", i, "]");
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        RETURN_IF_ERROR(Merge(node[i], *reflection.AddMessage(&message, &field), element));
      } else {
        RETURN_IF_ERROR(SetScalar(node[i], message, field, element));
      }
    }
    const uint32_t elements = field.options().GetExtension(ai::inference::config::elements);
    if (elements != 0 && node.size() != elements) return At(node, StrCat(path, " must have ", elements, " elements"));
    return absl::OkStatus();
  }

  // A position in the file, counted from 1.
  absl::Status At(const YAML::Mark& mark, std::string_view what) const {
    return absl::InvalidArgumentError(StrCat(file_, ":", mark.line + 1, ": ", what));
  }

 private:
  absl::Status At(const YAML::Node& node, std::string_view what) const { return At(node.Mark(), what); }
  static std::string Named(const std::string& path) { return path.empty() ? "the file" : path; }

  static void SetSourceLine(const YAML::Node& node, Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      if (!IsSourceLine(*type.field(i))) continue;
      message.GetReflection()->SetUInt32(&message, type.field(i), static_cast<uint32_t>(node.Mark().line) + 1);
    }
  }

  absl::Status Set(const YAML::Node& node, Message& message, const FieldDescriptor& field,
                   const std::string& path) const {
    if (field.is_repeated()) return SetList(node, message, field, path);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Merge(node, *message.GetReflection()->MutableMessage(&message, &field), path);
    }
    return SetScalar(node, message, field, path);
  }

  absl::Status SetScalar(const YAML::Node& node, Message& message, const FieldDescriptor& field,
                         const std::string& path) const {
    if (node.IsNull()) return At(node, StrCat(path, " has no value"));
    if (!node.IsScalar()) return At(node, StrCat(path, " must be a single value"));
    const std::string& text = node.Scalar();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        Put(message, field, text, &Reflection::SetString, &Reflection::AddString);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false")
          return At(node, StrCat(path, " must be true or false, not '", text, "'"));
        Put(message, field, text == "true", &Reflection::SetBool, &Reflection::AddBool);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_ENUM: return SetEnum(node, message, field, path);
      default: return SetNumber(node, message, field, path);
    }
  }

  absl::Status SetEnum(const YAML::Node& node, Message& message, const FieldDescriptor& field,
                       const std::string& path) const {
    const std::string& text = node.Scalar();
    const EnumDescriptor& type = *field.enum_type();
    const EnumValueDescriptor* value = type.FindValueByName(absl::AsciiStrToUpper(text));
    if (value == nullptr || absl::AsciiStrToLower(value->name()) != text || ToStd(text).ends_with("_unspecified")) {
      return At(node, StrCat(path, " must be one of ", ValuesOf(type), ", not '", text, "'"));
    }
    Put(message, field, value, &Reflection::SetEnum, &Reflection::AddEnum);
    return absl::OkStatus();
  }

  absl::Status SetNumber(const YAML::Node& node, Message& message, const FieldDescriptor& field,
                         const std::string& path) const {
    const std::string& text = node.Scalar();
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    double real = 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        if (!absl::SimpleAtoi(text, &u32)) return At(node, StrCat(path, " must be a whole number, not '", text, "'"));
        RETURN_IF_ERROR(CheckRange(node, u32, field, path));
        Put(message, field, u32, &Reflection::SetUInt32, &Reflection::AddUInt32);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_UINT64:
        if (!absl::SimpleAtoi(text, &u64)) return At(node, StrCat(path, " must be a whole number, not '", text, "'"));
        RETURN_IF_ERROR(CheckRange(node, static_cast<double>(u64), field, path));
        Put(message, field, u64, &Reflection::SetUInt64, &Reflection::AddUInt64);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_FLOAT:
        if (!absl::SimpleAtod(text, &real) || !std::isfinite(static_cast<float>(real))) {
          return At(node, StrCat(path, " must be a number, not '", text, "'"));
        }
        RETURN_IF_ERROR(CheckRange(node, real, field, path));
        Put(message, field, static_cast<float>(real), &Reflection::SetFloat, &Reflection::AddFloat);
        return absl::OkStatus();
      default:
        return absl::InternalError(
            StrCat(path, ": configuration fields are of type ", field.cpp_type_name(), " nowhere"));
    }
  }

  absl::Status CheckRange(const YAML::Node& node, double value, const FieldDescriptor& field,
                          const std::string& path) const {
    if (!field.options().HasExtension(ai::inference::config::range)) return absl::OkStatus();
    const auto& range = field.options().GetExtension(ai::inference::config::range);
    const bool bounded = range.max() != 0;
    if (value >= range.min() && (!bounded || value <= range.max())) return absl::OkStatus();
    const std::string upper = bounded ? StrCat(" and at most ", Shown(range.max())) : std::string();
    return At(node, StrCat(path, " must be at least ", Shown(range.min()), upper, ", not ", node.Scalar()));
  }

  // Large bounds in full, as they are written in files.
  static std::string Shown(double bound) {
    return bound == std::floor(bound) ? StrCat(static_cast<int64_t>(bound)) : StrCat(bound);
  }

  template <class T, class SetArg, class AddArg>
  static void Put(Message& message, const FieldDescriptor& field, const T& value,
                  void (Reflection::*set)(Message*, const FieldDescriptor*, SetArg) const,
                  void (Reflection::*add)(Message*, const FieldDescriptor*, AddArg) const) {
    const Reflection& reflection = *message.GetReflection();
    field.is_repeated() ? (reflection.*add)(&message, &field, value) : (reflection.*set)(&message, &field, value);
  }

  const std::string file_;
  const Keys keys_;
};

// What JSON lacks for YAML's reader: // comments and tabs outside strings become blanks, so that lines and columns
// stay.
std::string WithoutComments(std::string_view json) {
  std::string out(json);
  bool in_string = false, in_comment = false;
  for (size_t i = 0; i < out.size(); ++i) {
    char& c = out[i];
    if (c == '\n') {
      in_comment = false;
    } else if (in_comment) {
      c = ' ';
    } else if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '\t') {
      c = ' ';
    } else if (out.compare(i, 2, "//") == 0) {
      in_comment = true;
      c = ' ';
    }
  }
  return out;
}

// What follows the first one's end (`---`, or the `}` of one in braces) would be read by nobody.
YAML::Node OnlyDocument(const std::string& text) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(text);
  for (size_t i = 1; i < documents.size(); ++i) {
    if (documents[i].IsNull()) continue;
    throw YAML::ParserException(documents[i].Mark(), "a second document begins here; there may be only one");
  }
  return documents.empty() ? YAML::Node() : documents[0];
}

}  // namespace

absl::Status MergeYaml(std::string_view text, std::string_view file, Message& message) {
  const Merger merger(file);
  try {
    return merger.Merge(OnlyDocument(std::string(text)), message, "");
  } catch (const YAML::Exception& e) {
    return merger.At(e.mark, e.msg);
  }
}

absl::Status MergeJsonList(std::string_view text, std::string_view file, std::string_view list, Message& message) {
  const Merger merger(file, Keys::kJsonNames);
  try {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(std::string(list));
    return merger.SetList(OnlyDocument(WithoutComments(text)), message, *field, "");
  } catch (const YAML::Exception& e) {
    return merger.At(e.mark, e.msg);
  }
}

}  // namespace sluice
