#include "transport/connect/get_query.h"

#include <initializer_list>
#include <optional>

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "base/strings.h"
#include "json/base64.h"
#include "transport/http/canonical.h"
#include "transport/rest/query.h"

namespace sluice::connect {
namespace {

absl::Status Bad(std::string_view name, std::string_view problem) {
  return FieldError(Reason::INVALID_REQUEST, name, StrCat("query parameter ", name, " ", problem));
}

struct Parameter {
  std::string_view name;
  std::optional<std::string> value = {};
};

// Twice is refused, as REST does: a proxy might go by the other one.
absl::Status Take(const rest::QueryParameter& sent, Parameter& into) {
  if (into.value) return Bad(into.name, "is given twice; send it once");
  into.value = rest::DecodeParameter(sent.text);
  return into.value ? absl::OkStatus() : Bad(into.name, "has a broken percent escape");
}

// In one pass: clients choose how many there are.
absl::Status Take(std::string_view query, std::initializer_list<Parameter*> wanted) {
  rest::QueryReader reader(query);
  while (true) {
    ASSIGN_OR_RETURN(const auto sent, reader.Next());
    if (!sent) return absl::OkStatus();
    for (Parameter* const parameter : wanted) {
      if (parameter->name == sent->name) RETURN_IF_ERROR(Take(*sent, *parameter));
    }
  }
}

}  // namespace

absl::StatusOr<GetQuery> ReadGetQuery(std::string_view query) {
  Parameter version{"connect"}, encoding{"encoding"}, compression{"compression"}, base64{"base64"}, message{"message"};
  RETURN_IF_ERROR(Take(query, {&version, &encoding, &compression, &base64, &message}));
  const std::string v = version.value.value_or("");
  if (!v.empty() && v != "v1") return Bad("connect", "must be v1");
  if (!encoding.value || encoding.value->empty()) return Bad("encoding", "is missing; send json or proto");
  if (!message.value) return Bad("message", "is missing; send the request message");
  GetQuery out{.encoding = absl::AsciiStrToLower(*encoding.value),
               .compression = http::UsualCodings(compression.value.value_or("")),
               .message = {}};
  if (base64.value != "1") {
    out.message = *std::move(message.value);
    return out;
  }
  if (!json::Base64Decode(*message.value, out.message))
    return Bad("message", "is not URL-safe base64, which base64=1 requires");
  return out;
}

}  // namespace sluice::connect
