#include "transport/rest/problem.h"

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "json/text.h"

namespace sluice::rest {
namespace {

// "INVALID_BODY" -> "Invalid body".
std::string TitleOf(std::string_view reason) {
  std::string title = absl::AsciiStrToLower(ToAbsl(reason));
  for (char& c : title) c = c == '_' ? ' ' : c;
  if (!title.empty()) title[0] = absl::ascii_toupper(static_cast<unsigned char>(title[0]));
  return title;
}

void AppendMember(std::string_view key, std::string_view value, std::string& out) {
  out += StrCat(out.size() > 1 ? "," : "", "\"", key, "\":");
  json::AppendQuoted(value, out);
}

}  // namespace

std::string ProblemJson(const absl::Status& status, std::string_view request_id, std::string_view trace_id) {
  const ReasonInfo& info = InfoOf(ReasonOf(status));
  std::string out = "{";
  AppendMember("type", StrCat("urn:sluice:error:", info.name), out);
  AppendMember("title", TitleOf(info.name), out);
  out += StrCat(",\"status\":", info.http_status);
  AppendMember("detail", ToStd(status.message()), out);
  AppendMember("reason", info.name, out);
  if (!request_id.empty()) AppendMember("request_id", request_id, out);
  if (!trace_id.empty()) AppendMember("trace_id", trace_id, out);
  if (const std::string field = FieldOf(status); !field.empty()) {
    out += ",\"field_violations\":[{\"field\":";
    json::AppendQuoted(field, out);
    out += ",\"description\":";
    json::AppendQuoted(ToStd(status.message()), out);
    out += "}]";
  }
  if (const auto after = RetryAfterOf(status)) out += StrCat(",\"retry_after_ms\":", absl::ToInt64Milliseconds(*after));
  out += "}";
  return out;
}

void AddAllow(std::string_view verbs, Headers& headers) {
  const bool get = verbs.find("GET") != std::string_view::npos;
  headers.Add("allow", StrCat(verbs, get ? ", HEAD" : "", ", OPTIONS"));
}

void AddErrorHeaders(const absl::Status& status, std::string_view allow, Headers& headers) {
  if (const auto after = RetryAfterOf(status)) {
    headers.Add("retry-after", StrCat(absl::ToInt64Seconds(absl::Ceil(*after, absl::Seconds(1)))));
  }
  if (!allow.empty()) AddAllow(allow, headers);
}

}  // namespace sluice::rest
