#include "transport/connect/get_query.h"

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

// Nothing when it is not there. Twice is refused, as REST does: a proxy might go by the other one.
absl::StatusOr<std::optional<std::string>> Parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  while (const auto parameter = rest::NextParameter(query)) {
    if (parameter->name != name) continue;
    if (found) return Bad(name, "is given twice; send it once");
    found = rest::DecodeParameter(parameter->text);
    if (!found) return Bad(name, "has a broken percent escape");
  }
  return found;
}

}  // namespace

absl::StatusOr<GetQuery> ReadGetQuery(std::string_view query) {
  ASSIGN_OR_RETURN(const auto version, Parameter(query, "connect"));
  ASSIGN_OR_RETURN(const auto encoding, Parameter(query, "encoding"));
  ASSIGN_OR_RETURN(auto message, Parameter(query, "message"));
  ASSIGN_OR_RETURN(const auto base64, Parameter(query, "base64"));
  ASSIGN_OR_RETURN(const auto compression, Parameter(query, "compression"));
  if (version && !version->empty() && *version != "v1") return Bad("connect", "must be v1");
  if (!encoding || encoding->empty()) return Bad("encoding", "is missing; send json or proto");
  if (!message) return Bad("message", "is missing; send the request message");
  GetQuery out{.encoding = absl::AsciiStrToLower(*encoding),
               .compression = http::UsualCodings(compression.value_or("")),
               .message = {}};
  if (base64 != "1") {
    out.message = *std::move(message);
    return out;
  }
  if (!json::Base64Decode(*message, out.message))
    return Bad("message", "is not URL-safe base64, which base64=1 requires");
  return out;
}

}  // namespace sluice::connect
