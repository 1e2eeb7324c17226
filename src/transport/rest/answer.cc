#include "transport/rest/answer.h"

#include <utility>

#include "base/error.h"
#include "call/outcome.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::rest {

void SendWhole(http::Exchange& exchange, const Call& call, int status, std::string_view content_type, std::string body,
               size_t gzip_bytes_min, Headers headers) {
  const Headers& given = call.response_headers();
  for (size_t i = 0; i < given.size(); ++i) headers.Add(given[i].name, given[i].value);
  headers.Add("content-type", content_type);
  if (WantsGzip(http::JoinedHeader(exchange.head().headers, "accept-encoding"), body.size() >= gzip_bytes_min)) {
    std::string packed;
    transport::Deflate(body, packed);
    body = std::move(packed);
    headers.Add("content-encoding", "gzip");
    headers.Add("vary", "accept-encoding");
  }
  headers.Add("content-length", std::to_string(body.size()));
  exchange.SendHead(status, headers, false);
  exchange.SendBody(std::move(body), true);
}

bool AnswerOptions(http::Exchange& exchange, const Call& call, std::string_view allow) {
  if (exchange.head().method != "OPTIONS" || allow.empty()) return false;
  Headers headers;
  AddAllow(allow, headers);
  const Headers& given = call.response_headers();
  for (size_t i = 0; i < given.size(); ++i) headers.Add(given[i].name, given[i].value);
  exchange.SendHead(204, headers, true);
  return true;
}

void SendJson(http::Exchange& exchange, const Call& call, std::string json, size_t gzip_bytes_min) {
  SendWhole(exchange, call, 200, "application/json", std::move(json), gzip_bytes_min);
}

void SendProblem(http::Exchange& exchange, Call& call, const absl::Status& status, std::string_view allow,
                 size_t gzip_bytes_min) {
  if (AnswerOptions(exchange, call, allow)) return;
  Headers headers;
  AddErrorHeaders(status, allow, headers);
  std::string problem = ProblemJson(status, call.request_id);
  call.bytes_out += problem.size();
  SendWhole(exchange, call, HttpStatusOf(status), kProblemMediaType, std::move(problem), gzip_bytes_min,
            std::move(headers));
}

}  // namespace sluice::rest
