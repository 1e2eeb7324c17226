#include "openapi/schema.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "openapi/scalar_schema.h"

namespace sluice::openapi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kOurPackage = "ai.inference.";

Form FormOf(Role role) { return role == Role::kRequest ? Form::kRequest : Form::kResponse; }

const ai::inference::FieldOptions& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(ai::inference::field);
}

// "model_id" -> "modelId", as protoc does.
std::string CamelOf(std::string_view name) {
  std::string out;
  bool upper = false;
  for (const char c : name) {
    if (c != '_') out.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
    upper = c == '_';
  }
  return out;
}

// "Also accepted: `modelId` for `model_id`."; "" when each name has one form.
std::string OtherNames(const Descriptor& message) {
  std::string out;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (!CustomName(field).empty() || field.json_name() == field.name()) continue;
    out += StrCat(out.empty() ? "Names in lowerCamelCase are accepted, too: " : ", ", "`", field.json_name(), "`");
  }
  return out.empty() ? out : out + ".";
}

// Some of the fields that cannot be sent together.
struct Choice {
  enum Kind {
    kAtMostOne,
    kExactlyOne,
    kExactlyOneFilled,
    kAnyFilled
  };  // filled: an empty list or text counts as not sent
  Kind kind = kAtMostOne;
  std::vector<std::string> names;
};

// {"required": [name]}, with what it takes not to be empty.
void WriteSent(std::string_view name, const Descriptor& message, bool filled, JsonOut& out) {
  out.Object([&] {
    out.Array("required", [&] { out.String(name); });
    const FieldDescriptor* field = message.FindFieldByName(std::string(name));
    if (!filled || field == nullptr) return;
    out.Object("properties", [&] {
      out.Object(name, [&] {
        const bool text = !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
        out.String("type", field->is_repeated() ? "array" : text ? "string" : "object");
        if (field->is_repeated() || text) out.Int(text ? "minLength" : "minItems", 1);
      });
    });
  });
}

void WriteChoice(const Choice& choice, const Descriptor& message, JsonOut& out) {
  const bool filled = choice.kind == Choice::kExactlyOneFilled || choice.kind == Choice::kAnyFilled;
  const auto each = [&] {
    for (const std::string& name : choice.names) WriteSent(name, message, filled, out);
  };
  out.Object([&] {
    out.Array(choice.kind == Choice::kAnyFilled ? "anyOf" : "oneOf", [&] {
      each();
      if (choice.kind != Choice::kAtMostOne) return;
      out.Object([&] { out.Object("not", [&] { out.Array("anyOf", each); }); });
    });
  });
}

// A field under both of its names, fields of which exactly one must be given, members of a oneof.
std::vector<Choice> ChoicesOf(const Descriptor& message) {
  std::vector<Choice> choices;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (const std::string custom = CustomName(field); !custom.empty())
      choices.push_back(
          {OptionsOf(field).required() ? Choice::kExactlyOne : Choice::kAtMostOne, {field.name(), custom}});
  }
  const auto& options = message.options().GetExtension(ai::inference::message);
  const auto& one_of = options.exactly_one_of();
  const auto& any_of = options.at_least_one_of();
  if (!any_of.empty()) choices.push_back({Choice::kAnyFilled, {any_of.begin(), any_of.end()}});
  if (!one_of.empty()) choices.push_back({Choice::kExactlyOneFilled, {one_of.begin(), one_of.end()}});
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    const auto& oneof = *message.oneof_decl(i);
    Choice choice;
    for (int j = 0; j < oneof.field_count(); ++j) choice.names.push_back(oneof.field(j)->name());
    if (choice.names.size() > 1) choices.push_back(std::move(choice));
  }
  return choices;
}

}  // namespace

std::string CustomName(const FieldDescriptor& field) {
  const std::string& name = field.json_name();
  return name == CamelOf(field.name()) || name == field.name() ? std::string() : name;
}

void Schemas::Use(const Descriptor& message, Role role) {
  if (IsWellKnown(message) || message.full_name() == "google.api.HttpBody") return;
  if (!message.options().map_entry() && !used_[static_cast<int>(role)].emplace(message.full_name(), &message).second)
    return;
  for (int i = 0; i < message.field_count(); ++i) {
    if (const Descriptor* type = message.field(i)->message_type()) Use(*type, role);
  }
}

std::string Schemas::NameOf(const Descriptor& message, Role role) const {
  const std::string& full = message.full_name();
  const std::string name = full.starts_with(kOurPackage) ? full.substr(kOurPackage.size()) : full;
  const bool both = used_[0].contains(full) && used_[1].contains(full);
  return both && role == Role::kRequest ? name + ".Input" : name;
}

void Schemas::WriteMessage(const Descriptor& message, Role role) {
  if (WriteWellKnown(message, FormOf(role), /*nullable=*/false, out_)) return;
  out_.String("$ref", StrCat("#/components/schemas/", NameOf(message, role)));
}

void Schemas::WriteValue(const FieldDescriptor& field, Role role, bool nullable) {
  const Descriptor* type = field.message_type();
  if (type == nullptr) return WriteScalar(field, FormOf(role), nullable, out_);
  if (WriteWellKnown(*type, FormOf(role), nullable, out_)) return;
  if (!nullable) return WriteMessage(*type, role);
  out_.Array("anyOf", [&] {
    out_.Object([&] { WriteMessage(*type, role); });
    out_.Object([&] { out_.String("type", "null"); });
  });
}

void Schemas::WriteField(const FieldDescriptor& field, Role role, bool whole_body) {
  const auto& options = OptionsOf(field);
  const bool nullable = role == Role::kRequest && !options.required() && !whole_body;
  if (field.is_map()) {
    WriteType("object", nullable, out_);
    out_.Object("additionalProperties", [&] { WriteValue(*field.message_type()->map_value(), role, false); });
    return;
  }
  if (!field.is_repeated()) return WriteValue(field, role, nullable);
  WriteType("array", nullable, out_);
  if (options.items_max() > 0) out_.Int("maxItems", options.items_max());
  if (role == Role::kRequest && options.required()) out_.Int("minItems", 1);
  out_.Object("items", [&] { WriteValue(field, role, false); });
}

void Schemas::WriteParameter(const FieldDescriptor& field) {
  const auto write_one = [&] {
    if (field.message_type() == nullptr) return WriteScalar(field, Form::kText, false, out_);
    WriteWellKnown(*field.message_type(), Form::kText, false, out_);
  };
  if (!field.is_repeated()) return write_one();
  out_.String("type", "array");
  if (const uint32_t most = OptionsOf(field).items_max(); most > 0) out_.Int("maxItems", most);
  out_.Object("items", write_one);
}

void Schemas::WriteProperty(const FieldDescriptor& field, std::string_view name, Role role) {
  out_.Object(name, [&] {
    WriteField(field, role);
    const std::string_view comment = comments_.Of(field.full_name());
    if (name != field.name()) {
      out_.String("description", StrCat("`", field.name(), "` under its other name."));
    } else if (!comment.empty()) {
      out_.String("description", comment);
    }
    if (const std::string& example = OptionsOf(field).example(); !example.empty() && name == field.name())
      out_.Raw("examples", StrCat("[", example, "]"));
  });
}

void Schemas::WriteProperties(const Descriptor& message, Role role) {
  out_.Object("properties", [&] {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      WriteProperty(field, field.name(), role);
      if (const std::string custom = CustomName(field); role == Role::kRequest && !custom.empty())
        WriteProperty(field, custom, role);
    }
  });
}

// Of an answer: what is always printed. Of a request: what the handler refuses to miss.
void Schemas::WriteRequired(const Descriptor& message, Role role) {
  std::vector<std::string_view> names;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const bool printed = !field.has_presence() && !(field.is_repeated() && OptionsOf(field).omit_empty());
    const bool asked = OptionsOf(field).required() && CustomName(field).empty();
    if (role == Role::kResponse ? printed : asked) names.push_back(field.name());
  }
  if (names.empty()) return;
  out_.Array("required", [&] {
    for (const std::string_view name : names) out_.String(name);
  });
}

void Schemas::WriteComponent(const Descriptor& message, Role role) {
  out_.Object(NameOf(message, role), [&] {
    out_.String("type", "object");
    std::string description(comments_.Of(message.full_name()));
    if (const std::string names = role == Role::kRequest ? OtherNames(message) : ""; !names.empty())
      description += StrCat(description.empty() ? "" : "\n\n", names);
    if (!description.empty()) out_.String("description", description);
    WriteProperties(message, role);
    WriteRequired(message, role);
    if (role == Role::kResponse) return;
    out_.Bool("additionalProperties", false);
    if (const auto choices = ChoicesOf(message); !choices.empty()) {
      out_.Array("allOf", [&] {
        for (const Choice& choice : choices) WriteChoice(choice, message, out_);
      });
    }
  });
}

void Schemas::WriteComponents() {
  for (const Role role : {Role::kRequest, Role::kResponse}) {
    for (const auto& [name, message] : used_[static_cast<int>(role)]) WriteComponent(*message, role);
  }
}

}  // namespace sluice::openapi
