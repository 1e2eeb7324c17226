#include "cli/server_address.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {

absl::StatusOr<HostPort> ParseServer(std::string server) {
  if (server.starts_with("https://"))
    return Error(Reason::INVALID_REQUEST, "https is not supported here; use http://HOST:PORT");
  if (server.starts_with("http://")) server.erase(0, 7);
  if (const size_t slash = server.find('/'); slash != std::string::npos) server.erase(slash);
  const size_t colon = server.rfind(':');
  if (colon == std::string::npos || colon + 1 == server.size()) {
    return Error(Reason::INVALID_REQUEST, StrCat("'", server, "' is not HOST:PORT"));
  }
  std::string host = server.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{std::move(host), server.substr(colon + 1)};
}

}  // namespace sluice::cli
