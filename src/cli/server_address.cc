#include "cli/server_address.h"

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {

absl::StatusOr<HostPort> ParseServer(std::string server) {
  if (server.starts_with("https://"))
    return Error(Reason::INVALID_REQUEST, "https is not supported here; use http://HOST:PORT");
  if (server.starts_with("http://")) server.erase(0, 7);
  if (const size_t slash = server.find('/'); slash != std::string::npos) server.erase(slash);
  auto parsed = ParseHostPort(server, AddressFor::kDialling);
  if (!parsed.ok()) return Error(Reason::INVALID_REQUEST, ToStd(parsed.status().message()));
  return parsed;
}

}  // namespace sluice::cli
