#include "transport/http/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/strings.h"

namespace sluice::http {
namespace {

constexpr IpBytes kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

bool IsIpv4(const IpBytes& ip) { return std::equal(ip.begin(), ip.begin() + 12, kMappedPrefix.begin()); }

bool SameBits(const IpBytes& a, const IpBytes& b, int bits) {
  const int bytes = bits / 8;
  if (std::memcmp(a.data(), b.data(), bytes) != 0) return false;
  if (bits % 8 == 0) return true;
  const int shift = 8 - bits % 8;
  return a[bytes] >> shift == b[bytes] >> shift;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view WithoutPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
  }
  // One colon is a port; more are an IPv6 address.
  return std::count(text.begin(), text.end(), ':') == 1 ? text.substr(0, text.find(':')) : text;
}

}  // namespace

std::optional<IpBytes> ParseIp(std::string_view text) {
  text = WithoutPort(text);
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof(buffer)) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  IpBytes ip = kMappedPrefix;
  if (inet_pton(AF_INET, buffer, ip.data() + 12) == 1) return ip;
  if (inet_pton(AF_INET6, buffer, ip.data()) == 1) return ip;
  return std::nullopt;
}

std::string IpText(const IpBytes& ip) {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = IsIpv4(ip);
  return inet_ntop(v4 ? AF_INET : AF_INET6, ip.data() + (v4 ? 12 : 0), text, sizeof(text)) != nullptr ? text : "";
}

bool IsLoopback(const IpBytes& ip) {
  static const IpBytes kV6Loopback = *ParseIp("::1");
  return ip == kV6Loopback || (IsIpv4(ip) && ip[12] == 127);
}

absl::StatusOr<TrustedProxies> TrustedProxies::Parse(std::span<const std::string> networks) {
  TrustedProxies parsed;
  for (const std::string& text : networks) {
    const size_t slash = text.find('/');
    const auto ip = ParseIp(std::string_view(text).substr(0, slash));
    if (!ip) return absl::InvalidArgumentError(StrCat("trusted_proxies: '", text, "' is not an address or network"));
    int bits = IsIpv4(*ip) ? 32 : 128;
    if (slash != std::string::npos) {
      int given = -1;
      const char* end = text.data() + text.size();
      const auto [at, error] = std::from_chars(text.data() + slash + 1, end, given);
      if (error != std::errc() || at != end || given < 0 || given > bits) {
        return absl::InvalidArgumentError(StrCat("trusted_proxies: '", text, "' has a bad prefix length"));
      }
      bits = given;
    }
    parsed.networks_.push_back({*ip, IsIpv4(*ip) ? bits + 96 : bits});
  }
  return parsed;
}

bool TrustedProxies::Contains(const IpBytes& ip) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&ip](const Network& n) { return SameBits(ip, n.address, n.bits); });
}

bool TrustedProxies::Contains(std::string_view ip) const {
  if (networks_.empty()) return false;
  const auto parsed = ParseIp(ip);
  return parsed && Contains(*parsed);
}

std::string ClientAddress(std::string_view peer_ip, const Headers& headers, const TrustedProxies& trusted) {
  std::string client(peer_ip);
  if (!trusted.Contains(peer_ip)) return client;
  for (size_t i = headers.size(); i > 0; --i) {
    const Headers::Field field = headers[i - 1];
    if (field.name != "x-forwarded-for") continue;
    std::string_view rest = field.value;
    while (true) {
      const size_t comma = rest.rfind(',');
      const auto ip = ParseIp(Trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
      if (!ip) return client;  // what is left of garbage was not written by a proxy of ours
      client = IpText(*ip);
      if (!trusted.Contains(*ip)) return client;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace sluice::http
