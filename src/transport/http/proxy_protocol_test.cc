#include "transport/http/proxy_protocol.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using Kind = ProxyHeader::Kind;
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string V2(char command, char family, std::string body) {
  std::string header(kSignature);
  header += command;
  header += family;
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size());
  return header + body;
}

TEST(ProxyProtocolTest, TextHeadersNameTheClient) {
  const std::string v4 = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\nGET / HTTP/1.1\r\n";
  const ProxyHeader header = ParseProxyHeader(v4);
  EXPECT_EQ(header.kind, Kind::kFound);
  EXPECT_EQ(v4.substr(header.size), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(header.client_ip, "192.0.2.1");
  EXPECT_EQ(header.client_port, 56324);
  EXPECT_EQ(ParseProxyHeader("PROXY TCP6 2001:DB8::1 ::1 5 6\r\n").client_ip, "2001:db8::1");
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN\r\n").kind, Kind::kFound);
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN ff:1 ff:2 1 2\r\n").client_ip, "");
}

TEST(ProxyProtocolTest, BinaryHeadersNameTheClient) {
  const ProxyHeader v4 = ParseProxyHeader(V2(0x21, 0x11, std::string("\xc0\0\2\1\x7f\0\0\1\x12\x34\0\x50", 12)) + "x");
  EXPECT_EQ(v4.kind, Kind::kFound);
  EXPECT_EQ(v4.size, 28u);
  EXPECT_EQ(v4.client_ip, "192.0.2.1");
  EXPECT_EQ(v4.client_port, 0x1234);
  std::string addresses(36, '\0');
  addresses[15] = 1;
  EXPECT_EQ(ParseProxyHeader(V2(0x21, 0x21, addresses + "tlv")).client_ip, "::1");
  const ProxyHeader local = ParseProxyHeader(V2(0x20, 0x00, ""));
  EXPECT_EQ(local.kind, Kind::kFound);
  EXPECT_EQ(local.client_ip, "");
  EXPECT_EQ(ParseProxyHeader(V2(0x21, 0x31, std::string(216, 'u'))).client_ip, "");  // a Unix socket
}

TEST(ProxyProtocolTest, EveryPrefixAsksForMore) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n"), V2(0x21, 0x11, std::string(12, 'a'))}) {
    for (size_t n = 0; n < whole.size(); ++n) {
      EXPECT_EQ(ParseProxyHeader(whole.substr(0, n)).kind, Kind::kNeedMore) << n;
    }
    EXPECT_EQ(ParseProxyHeader(whole).kind, Kind::kFound);
  }
}

TEST(ProxyProtocolTest, OtherBytesBelongToTheConnection) {
  for (const char* bytes : {"GET / HTTP/1.1", "PRI * HTTP/2.0", "P UT", "\x16\x03\x01", "\r\nGET"}) {
    EXPECT_EQ(ParseProxyHeader(bytes).kind, Kind::kNone) << bytes;
  }
}

TEST(ProxyProtocolTest, BrokenHeadersAreRefused) {
  for (const std::string& bytes :
       {std::string("PROXY TCP4 300.0.2.1 192.0.2.9 1 2\r\n"),
        std::string("PROXY TCP4 192.0.2.1 192.0.2.9 99999 2\r\n"), std::string("PROXY TCP4 192.0.2.1\r\n"),
        std::string("PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n"), std::string("PROXY XXXX\r\n"),
        "PROXY UNKNOWN " + std::string(200, 'x'), V2(0x31, 0x11, std::string(12, 'a')),
        V2(0x22, 0x11, std::string(12, 'a')), V2(0x21, 0x11, "short"), V2(0x21, 0x11, std::string(9000, 'a'))}) {
    EXPECT_EQ(ParseProxyHeader(bytes).kind, Kind::kBad) << bytes.substr(0, 40);
  }
}

}  // namespace
}  // namespace sluice::http
