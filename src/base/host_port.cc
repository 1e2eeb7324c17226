#include "base/host_port.h"

#include <arpa/inet.h>

#include <charconv>

#include "base/strings.h"

namespace sluice {
namespace {

bool IsPort(std::string_view text, int lowest) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= lowest;
}

}  // namespace

bool IsIpAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text, AddressFor use) {
  const bool dials = use == AddressFor::kDialling;
  const int lowest = dials ? 1 : 0;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || (dials && colon == 0) || !IsPort(text.substr(colon + 1), lowest)) {
    return absl::InvalidArgumentError(StrCat("'", text, "' is not HOST:PORT with a port from ", lowest, " to 65535"));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{.host = std::string(host), .port = std::string(text.substr(colon + 1))};
}

}  // namespace sluice
