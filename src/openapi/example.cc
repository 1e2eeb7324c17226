#include "openapi/example.h"

#include <algorithm>

#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "json/text.h"

namespace sluice::openapi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr int kDepthMax = 8;  // a message may hold itself

std::string Compose(const Descriptor& message, int depth);

std::string Own(const FieldDescriptor& field) { return field.options().GetExtension(ai::inference::field).example(); }

// Of the fields that exclude each other, the first one speaks for all.
bool IsSecondChoice(const FieldDescriptor& field) {
  const auto& names = field.containing_type()->options().GetExtension(ai::inference::message).exactly_one_of();
  const auto found = std::find(names.begin(), names.end(), field.name());
  return found != names.end() && found != names.begin();
}

std::string Member(const FieldDescriptor& field, int depth) {
  if (IsSecondChoice(field)) return {};
  if (std::string own = Own(field); !own.empty()) return own;
  if (field.message_type() == nullptr || field.is_map() || depth >= kDepthMax) return {};
  if (field.is_repeated() && MayBeUnset(field)) return {};
  const std::string one = Compose(*field.message_type(), depth + 1);
  return one.empty() || !field.is_repeated() ? one : StrCat("[", one, "]");
}

std::string Compose(const Descriptor& message, int depth) {
  std::string out;
  for (int i = 0; i < message.field_count(); ++i) {
    const std::string value = Member(*message.field(i), depth);
    if (value.empty()) continue;
    out += out.empty() ? "{" : ", ";
    json::AppendQuoted(message.field(i)->name(), out);
    out += StrCat(": ", value);
  }
  return out.empty() ? out : out + "}";
}

}  // namespace

std::string ExampleOf(const FieldDescriptor& field) {
  if (std::string own = Own(field); !own.empty()) return own;
  if (field.message_type() == nullptr || field.is_map()) return {};
  const std::string one = Compose(*field.message_type(), 0);
  return one.empty() || !field.is_repeated() ? one : StrCat("[", one, "]");
}

bool MayBeUnset(const FieldDescriptor& field) {
  if (field.options().GetExtension(ai::inference::field).required()) return false;
  const auto& names = field.containing_type()->options().GetExtension(ai::inference::message).exactly_one_of();
  return std::find(names.begin(), names.end(), field.name()) == names.end();
}

std::string ExampleOf(const Descriptor& message) { return Compose(message, 0); }

}  // namespace sluice::openapi
