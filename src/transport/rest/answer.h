// Whole answers: the JSON of a result, or an error as application/problem+json.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "call/call.h"
#include "transport/http/exchange.h"

namespace sluice::rest {

// Sends head and body, with the call's response headers behind `headers`; compressed for clients that take it when it is at
// least `gzip_bytes_min` long.
void SendWhole(http::Exchange& exchange, const Call& call, int status, std::string_view content_type, std::string body,
               size_t gzip_bytes_min, Headers headers = {});

// Both send head and body, with the call's response headers, and compress for clients that take it what is at least
// `gzip_bytes_min` long.
// Answers OPTIONS of a path that takes `allow`; false when it was asked for something else, or the path takes nothing.
bool AnswerOptions(http::Exchange& exchange, const Call& call, std::string_view allow);

void SendJson(http::Exchange& exchange, const Call& call, std::string json, size_t gzip_bytes_min);
// `allow`: the verbs of a VERB_NOT_ALLOWED, else empty.
void SendProblem(http::Exchange& exchange, Call& call, const absl::Status& status, std::string_view allow,
                 size_t gzip_bytes_min);

}  // namespace sluice::rest
