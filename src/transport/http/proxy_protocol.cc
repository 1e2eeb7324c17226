#include "transport/http/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sluice::http {
namespace {

using Kind = ProxyHeader::Kind;

constexpr std::string_view kV1 = "PROXY ";
constexpr std::string_view kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV1BytesMax = 107;
constexpr size_t kV2FixedBytes = 16;

bool IsPrefixOf(std::string_view bytes, std::string_view signature) {
  const size_t n = std::min(bytes.size(), signature.size());
  return bytes.substr(0, n) == signature.substr(0, n);
}

std::string_view NextWord(std::string_view& line) {
  const size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  return word;
}

std::string ToText(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, text, sizeof(text)) != nullptr ? text : "";
}

// Normal form of an address as text, or "".
std::string CheckedAddress(int family, std::string_view text) {
  unsigned char bytes[16];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1 ? ToText(family, bytes) : "";
}

// "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n"
ProxyHeader ParseV1(std::string_view bytes) {
  const size_t end = bytes.substr(0, kV1BytesMax).find("\r\n");
  if (end == std::string_view::npos) return {bytes.size() >= kV1BytesMax ? Kind::kBad : Kind::kNeedMore};
  ProxyHeader header{Kind::kFound, end + 2};
  std::string_view line = bytes.substr(kV1.size(), end - kV1.size());
  const std::string_view protocol = NextWord(line);
  if (protocol == "UNKNOWN") return header;
  if (protocol != "TCP4" && protocol != "TCP6") return {Kind::kBad};
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  header.client_ip = CheckedAddress(family, NextWord(line));
  const std::string own_ip = CheckedAddress(family, NextWord(line));
  const std::string_view port = NextWord(line);
  const auto [at, error] = std::from_chars(port.data(), port.data() + port.size(), header.client_port);
  const bool port_good = error == std::errc() && at == port.data() + port.size();
  if (header.client_ip.empty() || own_ip.empty() || !port_good) return {Kind::kBad};
  return header;
}

ProxyHeader ParseV2(std::string_view bytes) {
  if (bytes.size() < kV2FixedBytes) return {Kind::kNeedMore};
  const auto at = [bytes](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const int version = at(12) >> 4, command = at(12) & 15;
  const int family = at(13) >> 4;
  const size_t length = static_cast<size_t>(at(14)) << 8 | at(15);
  if (version != 2 || command > 1 || kV2FixedBytes + length > kProxyHeaderBytesMax) return {Kind::kBad};
  if (bytes.size() < kV2FixedBytes + length) return {Kind::kNeedMore};
  ProxyHeader header{Kind::kFound, kV2FixedBytes + length};
  // LOCAL: a health check of the proxy itself. Families other than IPv4 and IPv6 name no address of use to us.
  if (command == 0 || (family != 1 && family != 2)) return header;
  const size_t address = family == 1 ? 4 : 16;
  if (length < 2 * address + 4) return {Kind::kBad};
  header.client_ip = ToText(family == 1 ? AF_INET : AF_INET6, bytes.data() + kV2FixedBytes);
  const size_t port = kV2FixedBytes + 2 * address;
  header.client_port = static_cast<uint16_t>(at(port) << 8 | at(port + 1));
  return header;
}

}  // namespace

ProxyHeader ParseProxyHeader(std::string_view bytes) {
  if (bytes.empty()) return {Kind::kNeedMore};
  if (IsPrefixOf(bytes, kV2)) return bytes.size() < kV2.size() ? ProxyHeader{Kind::kNeedMore} : ParseV2(bytes);
  if (IsPrefixOf(bytes, kV1)) return bytes.size() < kV1.size() ? ProxyHeader{Kind::kNeedMore} : ParseV1(bytes);
  return {Kind::kNone};
}

}  // namespace sluice::http
