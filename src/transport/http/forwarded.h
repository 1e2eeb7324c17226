// Whose request it is when there are proxies in between: addresses, networks of trusted proxies, X-Forwarded-For.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/headers.h"

namespace sluice::http {

// An IPv4 (as ::ffff:a.b.c.d) or IPv6 address.
using IpBytes = std::array<unsigned char, 16>;

// Also takes "1.2.3.4:80" and "[::1]:80" (the port is dropped); nothing for anything else.
std::optional<IpBytes> ParseIp(std::string_view text);
// IPv4-mapped addresses print as IPv4.
std::string IpText(const IpBytes& ip);
bool IsLoopback(const IpBytes& ip);

// The networks of configuration `trusted_proxies`. Immutable.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  // Each "10.0.0.0/8", "fd00::/8" or a single address.
  static absl::StatusOr<TrustedProxies> Parse(std::span<const std::string> networks);

  bool empty() const { return networks_.empty(); }
  bool Contains(const IpBytes& ip) const;
  bool Contains(std::string_view ip) const;

 private:
  struct Network {
    IpBytes address;
    int bits;
  };
  std::vector<Network> networks_;
};

// The address that sent the request: from the right of X-Forwarded-For the first that is not a trusted proxy. `peer_ip`
// (the socket's, or the PROXY protocol's) when it is not trusted itself, or when the header says nothing usable.
std::string ClientAddress(std::string_view peer_ip, const Headers& headers, const TrustedProxies& trusted);

}  // namespace sluice::http
