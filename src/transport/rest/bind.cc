#include "transport/rest/bind.h"

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/path.h"

namespace sluice::rest {
namespace {

using google::protobuf::Message;

// Without the white space around it.
std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

absl::Status ApplyBody(const json::Binding& binding, std::string_view body, Message& out,
                       const json::ReadOptions& options) {
  const std::string_view content = Trim(WithoutBom(body));
  if (content.empty()) return absl::OkStatus();
  switch (binding.body) {
    case json::Binding::Body::kAll: return json::JsonToMessage(body, out, options);
    case json::Binding::Body::kField: return json::JsonToField(body, *binding.body_field, out, options);
    case json::Binding::Body::kNone: break;
  }
  // Some clients send an empty object with every request.
  if (content == "{}") return absl::OkStatus();
  return Error(Reason::INVALID_BODY, "this path accepts no body; send the fields as query parameters");
}

absl::Status ApplyVariables(const RouteMatch& match, Message& out) {
  for (size_t i = 0; i < match.variables.size(); ++i) {
    const PathVariable& variable = match.variables[i];
    RETURN_IF_ERROR(
        SetFieldFromText(out, *variable.field, match.binding->path.variables[i].field_path, variable.value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BindRequest(const RouteMatch& match, const BindInput& input, Message& out, const BindOptions& options) {
  const json::Binding& binding = *match.binding;
  RETURN_IF_ERROR(ApplyBody(binding, input.body, out, options.json));
  if (binding.body != json::Binding::Body::kAll) {
    RETURN_IF_ERROR(ApplyQuery(input.query, out, options.query, binding.body_field));
  } else if (!input.query.empty() && !options.query.ignore_unknown) {
    const std::string name = Excerpt(input.query.substr(0, input.query.find_first_of("=&")), 60);
    return FieldError(
        Reason::INVALID_REQUEST, name,
        StrCat("query parameter ", name, " is not supported: this path expects its fields in the body; send it there"));
  }
  return ApplyVariables(match, out);
}

absl::Status BindUrl(const RouteMatch& match, std::string_view query, Message& out, const QueryOptions& options) {
  RETURN_IF_ERROR(ApplyQuery(query, out, options));
  return ApplyVariables(match, out);
}

}  // namespace sluice::rest
