#include "json/http_rule.h"

#include "base/error.h"
#include "base/strings.h"
#include "google/api/annotations.pb.h"
#include "json/message_table.h"
#include "json/reflection.h"

namespace sluice::json {
namespace {

using google::api::HttpRule;

absl::Status Bad(const MethodDescriptor& method, std::string_view problem) {
  return Error(Reason::INTERNAL, StrCat("google.api.http of ", method.full_name(), ": ", problem));
}

// False when the rule names no pattern.
bool ReadPattern(const HttpRule& rule, Binding& out) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet: out.verb = "GET", out.pattern = rule.get(); return true;
    case HttpRule::kPut: out.verb = "PUT", out.pattern = rule.put(); return true;
    case HttpRule::kPost: out.verb = "POST", out.pattern = rule.post(); return true;
    case HttpRule::kDelete: out.verb = "DELETE", out.pattern = rule.delete_(); return true;
    case HttpRule::kPatch: out.verb = "PATCH", out.pattern = rule.patch(); return true;
    case HttpRule::kCustom: out.verb = rule.custom().kind(), out.pattern = rule.custom().path(); return true;
    case HttpRule::PATTERN_NOT_SET: return false;
  }
  return false;
}

absl::Status ReadBodies(const HttpRule& rule, const MethodDescriptor& method, Binding& out) {
  if (rule.body() == "*") {
    out.body = Binding::Body::kAll;
  } else if (!rule.body().empty()) {
    out.body = Binding::Body::kField;
    out.body_field = method.input_type()->FindFieldByName(rule.body());
    if (out.body_field == nullptr) return Bad(method, StrCat("body '", rule.body(), "' is not a field of the request"));
  }
  if (rule.response_body().empty()) return absl::OkStatus();
  out.response_field = method.output_type()->FindFieldByName(rule.response_body());
  if (out.response_field != nullptr) return absl::OkStatus();
  return Bad(method, StrCat("response_body '", rule.response_body(), "' is not a field of the response"));
}

absl::Status ReadVariables(const MethodDescriptor& method, Binding& out) {
  for (const auto& variable : out.path.variables) {
    auto fields = ResolveFieldPath(*method.input_type(), variable.field_path);
    if (!fields) return Bad(method, StrCat("variable '", variable.field_path, "' is not a field of the request"));
    const FieldDescriptor& last = *fields->back();
    const bool message =
        last.message_type() != nullptr && TableOf(*last.message_type()).well_known == WellKnown::kMessage;
    if (last.is_repeated() || message) {
      return Bad(method, StrCat("variable '", variable.field_path, "' is repeated or a message"));
    }
    out.variable_fields.push_back(std::move(*fields));
  }
  return absl::OkStatus();
}

absl::StatusOr<Binding> ReadRule(const HttpRule& rule, const MethodDescriptor& method, int method_index) {
  Binding out;
  out.method = &method;
  out.method_index = method_index;
  if (!ReadPattern(rule, out)) return Bad(method, "a rule names no verb and path");
  ASSIGN_OR_RETURN(out.path, ParsePathTemplate(out.pattern));
  RETURN_IF_ERROR(ReadBodies(rule, method, out));
  RETURN_IF_ERROR(ReadVariables(method, out));
  return out;
}

}  // namespace

absl::StatusOr<std::vector<Binding>> BindingsOf(const MethodDescriptor& method, int method_index) {
  std::vector<Binding> bindings;
  if (!method.options().HasExtension(google::api::http)) return bindings;
  const HttpRule& rule = method.options().GetExtension(google::api::http);
  ASSIGN_OR_RETURN(Binding first, ReadRule(rule, method, method_index));
  bindings.push_back(std::move(first));
  for (const HttpRule& more : rule.additional_bindings()) {
    if (more.additional_bindings_size() > 0) return Bad(method, "additional_bindings may not be nested");
    ASSIGN_OR_RETURN(Binding next, ReadRule(more, method, method_index));
    bindings.push_back(std::move(next));
  }
  return bindings;
}

std::optional<FieldPath> ResolveFieldPath(const Descriptor& message, std::string_view path) {
  FieldPath fields;
  const Descriptor* at = &message;
  for (size_t start = 0; start <= path.size();) {
    const size_t dot = std::min(path.find('.', start), path.size());
    if (at == nullptr) return std::nullopt;
    const FieldEntry* entry = TableOf(*at).Find(path.substr(start, dot - start));
    if (entry == nullptr) return std::nullopt;
    fields.push_back(entry->field);
    at = entry->field->is_repeated() ? nullptr : entry->field->message_type();
    start = dot + 1;
  }
  return fields;
}

}  // namespace sluice::json
