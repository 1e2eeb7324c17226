#include "base/principal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

#include "absl/hash/hash.h"

namespace sluice {
namespace {

constexpr size_t kNetworkBytes = 8;  // of a /64

// What is the same for all addresses of one client.
std::string NetworkOf(std::string_view ip) {
  in6_addr address{};
  std::string text(ip.substr(0, ip.find('%')));
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) return text;
  return {reinterpret_cast<const char*>(address.s6_addr), kNetworkBytes};
}

Principal Hash(char kind, std::string_view name) {
  return std::max<Principal>(1, absl::HashOf(kind, name));  // seeded by the process: nobody makes collisions
}

}  // namespace

Principal PrincipalOf(std::string_view key_id, std::string_view client_ip) {
  if (!key_id.empty()) return Hash('k', key_id);
  if (client_ip.find(':') == std::string_view::npos) return Hash('a', client_ip);
  return Hash('a', NetworkOf(client_ip));
}

}  // namespace sluice
