// A blocking HTTP/1.1 client for the sub-commands that talk to a running server.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sluice::cli {

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  std::optional<absl::Duration> retry_after;  // the header, where it is a number of seconds
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// `server` is "http://HOST:PORT" or "HOST:PORT". An error means that no answer came; its message is for the user.
absl::StatusOr<HttpAnswer> HttpPost(const std::string& server, const std::string& target,
                                    const std::string& content_type, const std::string& body,
                                    absl::Duration timeout = absl::Seconds(60), const HttpHeaders& headers = {});
absl::StatusOr<HttpAnswer> HttpGet(const std::string& server, const std::string& target,
                                   absl::Duration timeout = absl::Seconds(60));

}  // namespace sluice::cli
