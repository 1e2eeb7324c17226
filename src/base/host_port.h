// "HOST:PORT", as configurations and options say where something listens or is to be found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address; may be empty where one listens
  std::string port;  // digits
};

// IPv4 or IPv6, without brackets; a name is not one.
bool IsIpAddress(const std::string& host);

// Who listens may leave both to the system: no host is every address, port 0 is any that is free.
enum class AddressFor : uint8_t { kListening, kDialling };

// The port is checked here because getaddrinfo takes 99999 for 34463. The error is for operators.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text, AddressFor use);

}  // namespace sluice
