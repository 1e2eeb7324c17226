#include "base/host_port.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string Parsed(std::string_view text, AddressFor use = AddressFor::kListening) {
  const auto parsed = ParseHostPort(text, use);
  return parsed.ok() ? parsed->host + "|" + parsed->port : std::string(parsed.status().message());
}

TEST(HostPortTest, HostsAreNamesAddressesAndNothing) {
  EXPECT_EQ(Parsed("127.0.0.1:8000"), "127.0.0.1|8000");
  EXPECT_EQ(Parsed("localhost:0"), "localhost|0");
  EXPECT_EQ(Parsed("[::1]:65535"), "::1|65535");
  EXPECT_EQ(Parsed(":80"), "|80");
}

TEST(HostPortTest, PortsThatThereAreNot) {
  for (const char* port : {"65536", "99999", "4294967376", "-1", "+80", " 80", "80 ", "http", "0x50", "8e1", ""}) {
    const std::string text = std::string("127.0.0.1:") + port;
    EXPECT_EQ(Parsed(text), "'" + text + "' is not HOST:PORT with a port from 0 to 65535");
  }
  EXPECT_EQ(Parsed("localhost"), "'localhost' is not HOST:PORT with a port from 0 to 65535");
  EXPECT_EQ(Parsed(":80", AddressFor::kDialling), "':80' is not HOST:PORT with a port from 1 to 65535");
  EXPECT_EQ(Parsed("c:0", AddressFor::kDialling), "'c:0' is not HOST:PORT with a port from 1 to 65535");
}

}  // namespace
}  // namespace sluice
