// Reaching a Redis server: its name looked up, a connection made, its password read. Blocks, so never on a loop.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace sluice {

struct RedisAddress {
  std::string host;
  std::string port;
};

// "HOST:PORT" or "[IPv6]:PORT".
absl::StatusOr<RedisAddress> ParseRedisAddress(const std::string& text);

struct RedisDialled {
  UniqueFd fd;  // connected, non-blocking
  std::string password;
};

// The file's first line; nothing without a file.
absl::StatusOr<std::string> ReadRedisPassword(const std::string& file);

// Tries the host's addresses in turn, each for `patience`.
absl::StatusOr<RedisDialled> DialRedis(const RedisAddress& address, const std::string& password_file,
                                       Duration patience);

}  // namespace sluice
