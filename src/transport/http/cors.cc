#include "transport/http/cors.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "transport/http/gate.h"

namespace sluice::http {

void AddCors(const RequestHead& head, const CorsRules& rules, Headers& answer) {
  const auto origin = head.headers.Find("origin");
  if (!origin || IsSameOrigin(*origin, head.authority)) return;
  answer.Add("access-control-allow-origin", *origin);
  answer.Add("vary", "origin");
  if (rules.credentials) answer.Add("access-control-allow-credentials", "true");
  if (!rules.exposed_headers.empty()) {
    answer.Add("access-control-expose-headers", absl::StrJoin(rules.exposed_headers, ", "));
  }
}

bool IsPreflight(const RequestHead& head) {
  return head.method == "OPTIONS" && head.headers.Find("origin") && head.headers.Find("access-control-request-method");
}

void AddPreflight(const RequestHead& head, const CorsRules& rules, Headers& answer) {
  answer.Add("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  const auto& allowed = rules.allowed_headers;
  if (std::find(allowed.begin(), allowed.end(), "*") != allowed.end()) {
    if (const auto asked = head.headers.Find("access-control-request-headers")) {
      answer.Add("access-control-allow-headers", *asked);
    }
  } else if (!allowed.empty()) {
    answer.Add("access-control-allow-headers", absl::StrJoin(allowed, ", "));
  }
  answer.Add("access-control-max-age", std::to_string(rules.max_age_s));
}

}  // namespace sluice::http
