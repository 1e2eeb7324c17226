// One HTTP/1.1 POST over a connection of its own, plain or under TLS, on the calling thread: for collectors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/client_socket.h"
#include "base/clock.h"

namespace sluice {

struct HttpTarget {
  std::string host, port, path;
  bool tls = false;
};

// "http://HOST[:PORT][/PATH]", or https; where it has no port, `port` stands in, and 443 under TLS; `path` where it has
// no path. The error is for operators.
absl::StatusOr<HttpTarget> ParseHttpTarget(std::string_view url, std::string_view port, std::string_view path);

// The answer's status; an error: none came in time, or `stop` said so, or (UNAUTHENTICATED) it was not to be trusted.
// `tls` is there where the target wants it (base/client_socket.h).
absl::StatusOr<int> HttpPost(const HttpTarget& target, ssl_ctx_st* tls, std::string_view headers, std::string_view body,
                             Duration timeout, const std::function<bool()>& stop);

}  // namespace sluice
