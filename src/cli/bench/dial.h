// Connections of the load: plain TCP, non-blocking, from a chosen address.
#pragma once

#include <sys/socket.h>

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "cli/server_address.h"

namespace sluice::cli::bench {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

// Blocks while names are looked up.
absl::StatusOr<Address> Resolve(const HostPort& to);

// A socket that is about to be connected (writable when it is, see Connected) and comes from `source_ip`, if not empty.
absl::StatusOr<UniqueFd> Dial(const Address& to, const std::string& source_ip);
// After the first time that it was writable.
bool Connected(const UniqueFd& socket);

}  // namespace sluice::cli::bench
