// Reaching a Redis server: its name looked up, a connection made, its password read. Blocks, so never on a loop.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/host_port.h"
#include "base/unique_fd.h"

namespace sluice {

struct RedisDialled {
  UniqueFd fd;  // connected, non-blocking
  std::string password;
};

// The file's first line; nothing without a file.
absl::StatusOr<std::string> ReadRedisPassword(const std::string& file);

// Tries the host's addresses in turn, each for `patience`.
absl::StatusOr<RedisDialled> DialRedis(const HostPort& address, const std::string& password_file, Duration patience);

}  // namespace sluice
