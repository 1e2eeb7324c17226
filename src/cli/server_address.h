// Where a server is, as the sub-commands' --server says it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/host_port.h"

namespace sluice::cli {

// "http://HOST:PORT" or "HOST:PORT"; of IPv6, HOST is in brackets.
absl::StatusOr<HostPort> ParseServer(std::string server);

}  // namespace sluice::cli
