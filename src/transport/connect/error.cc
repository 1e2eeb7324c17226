#include "transport/connect/error.h"

#include <array>

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "json/base64.h"
#include "json/text.h"
#include "json/writer.h"

namespace sluice::connect {
namespace {

// By google.rpc.Code.
constexpr std::array<int, 17> kHttpStatus = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                             400, 409, 400, 501, 500, 503, 500, 401};

std::string NameOf(int code) {
  std::string name = absl::AsciiStrToLower(ToAbsl(GrpcCodeName(code)));
  return name == "cancelled" ? "canceled" : name;
}

void AppendDetail(const google::protobuf::Any& detail, std::string& out) {
  const std::string_view url = detail.type_url();
  out += "{\"type\":";
  json::AppendQuoted(url.substr(url.rfind('/') + 1), out);
  std::string value;
  json::Base64Encode(detail.value(), value);
  while (!value.empty() && value.back() == '=') value.pop_back();
  out += StrCat(",\"value\":\"", value, "\",\"debug\":");
  json::MessageToJson(detail, out);
  out += "}";
}

}  // namespace

std::string ErrorJson(const absl::Status& status, const CallIds& ids) {
  const google::rpc::Status rpc = ToRpcStatus(status, ids);
  std::string out = StrCat("{\"code\":\"", NameOf(rpc.code()), "\",\"message\":");
  json::AppendQuoted(rpc.message(), out);
  out += ",\"details\":[";
  for (const google::protobuf::Any& detail : rpc.details()) {
    if (out.back() != '[') out += ",";
    AppendDetail(detail, out);
  }
  out += "]}";
  return out;
}

int HttpStatusOf(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  if (!status.ok() && (reason == Reason::UNSUPPORTED_MEDIA_TYPE || reason == Reason::VERB_NOT_ALLOWED)) {
    return InfoOf(reason).http_status;
  }
  return kHttpStatus.at(static_cast<size_t>(GrpcCodeOf(status)));
}

std::string EndOfStreamJson(const absl::Status& status, const CallIds& ids, const Headers& trailers) {
  std::string out = "{";
  if (!status.ok()) out += StrCat("\"error\":", ErrorJson(status, ids));
  if (!trailers.empty()) out += StrCat(status.ok() ? "" : ",", "\"metadata\":{");
  for (size_t i = 0; i < trailers.size(); ++i) {
    if (i > 0) out += ",";
    json::AppendQuoted(trailers[i].name, out);
    out += ":[";
    json::AppendQuoted(trailers[i].value, out);
    out += "]";
  }
  out += trailers.empty() ? "}" : "}}";
  return out;
}

}  // namespace sluice::connect
