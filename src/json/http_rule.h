// One way into a method over HTTP: what a google.api.http rule, or one of its additional_bindings, says.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "json/path_template.h"

namespace sluice::json {

// From the request message to a field: "sub.name" -> {sub, name}.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

struct Binding {
  const google::protobuf::MethodDescriptor* method = nullptr;
  int method_index = -1;  // the caller's number of the method
  std::string verb;       // "GET"; "*" = any (a custom rule)
  std::string pattern;    // as written
  PathTemplate path;
  std::vector<FieldPath> variable_fields;  // of path.variables

  enum class Body { kNone, kAll, kField };
  Body body = Body::kNone;
  const google::protobuf::FieldDescriptor* body_field = nullptr;      // Body::kField
  const google::protobuf::FieldDescriptor* response_field = nullptr;  // response_body; null = the whole response
};

// All bindings of a method; none when it has no rule. An error says which rule is wrong (a programmer's mistake).
absl::StatusOr<std::vector<Binding>> BindingsOf(const google::protobuf::MethodDescriptor& method, int method_index);

// Resolves "a.b.c" by names or json_names. Nothing when a part is not a field, or a part before the last is not one
// message.
std::optional<FieldPath> ResolveFieldPath(const google::protobuf::Descriptor& message, std::string_view path);

}  // namespace sluice::json
