// Where a server is, as the sub-commands' --server says it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice::cli {

struct HostPort {
  std::string host, port;
};

// "http://HOST:PORT" or "HOST:PORT"; of IPv6, HOST is in brackets.
absl::StatusOr<HostPort> ParseServer(std::string server);

}  // namespace sluice::cli
