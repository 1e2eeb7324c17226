// One HTTP/1.1 POST over a connection of its own, on the calling thread: for collectors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace sluice {

struct HttpTarget {
  std::string host, port, path;
};

// "http://HOST[:PORT][/PATH]"; where it has no path, `path` stands in. The error is for operators.
absl::StatusOr<HttpTarget> ParseHttpTarget(std::string_view url, std::string_view port, std::string_view path);

// The answer's status; an error: none came in time, or `stop` said so.
absl::StatusOr<int> HttpPost(const HttpTarget& target, std::string_view headers, std::string_view body,
                             Duration timeout, const std::function<bool()>& stop);

}  // namespace sluice
