#include "transport/http/forwarded.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TrustedProxies Trust(std::vector<std::string> networks) { return *TrustedProxies::Parse(networks); }

std::string Client(std::string_view peer, std::vector<std::string> forwarded, const TrustedProxies& trusted) {
  Headers headers;
  for (const std::string& value : forwarded) headers.Add("x-forwarded-for", value);
  return ClientAddress(peer, headers, trusted);
}

TEST(ForwardedTest, IpsParseWithAndWithoutPorts) {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"1.2.3.4", "1.2.3.4"},
                                                        {"1.2.3.4:80", "1.2.3.4"},
                                                        {"[2001:db8::1]:80", "2001:db8::1"},
                                                        {"2001:DB8:0::1", "2001:db8::1"},
                                                        {"::ffff:1.2.3.4", "1.2.3.4"}}) {
    ASSERT_TRUE(ParseIp(text)) << text;
    EXPECT_EQ(IpText(*ParseIp(text)), expected);
  }
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "unknown", "[::1", "01.2.3.4x", "_hidden", "1.2.3.4/8"}) {
    EXPECT_FALSE(ParseIp(bad)) << bad;
  }
}

TEST(ForwardedTest, NetworksContainTheirAddresses) {
  const TrustedProxies trusted = Trust({"10.0.0.0/8", "192.0.2.1", "fd00::/7", "172.16.0.0/12"});
  for (const char* in : {"10.255.0.1", "192.0.2.1", "fd12::1", "fc00::1", "172.31.0.1"}) {
    EXPECT_TRUE(trusted.Contains(in)) << in;
  }
  for (const char* out : {"11.0.0.1", "192.0.2.2", "fe00::1", "172.32.0.1", "garbage", ""}) {
    EXPECT_FALSE(trusted.Contains(out)) << out;
  }
  EXPECT_TRUE(Trust({"0.0.0.0/0"}).Contains("8.8.8.8"));
  EXPECT_FALSE(Trust({"0.0.0.0/0"}).Contains("2001:db8::1"));
  for (const std::string bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "host", "10.0.0.0/-1"}) {
    EXPECT_FALSE(TrustedProxies::Parse(std::vector{bad}).ok()) << bad;
  }
}

TEST(ForwardedTest, TheClientIsTheRightmostAddressThatIsNoProxyOfOurs) {
  const TrustedProxies trusted = Trust({"10.0.0.0/8"});
  EXPECT_EQ(Client("10.0.0.1", {"203.0.113.9"}, trusted), "203.0.113.9");
  EXPECT_EQ(Client("10.0.0.1", {"6.6.6.6, 203.0.113.9, 10.0.0.2"}, trusted), "203.0.113.9");
  EXPECT_EQ(Client("10.0.0.1", {"6.6.6.6", "203.0.113.9 ,10.0.0.2"}, trusted), "203.0.113.9");
  EXPECT_EQ(Client("10.0.0.1", {"203.0.113.9:4711"}, trusted), "203.0.113.9");
  EXPECT_EQ(Client("10.0.0.1", {"10.0.0.3, 10.0.0.2"}, trusted), "10.0.0.3");
}

TEST(ForwardedTest, HeadersOfStrangersAndGarbageAreNotBelieved) {
  const TrustedProxies trusted = Trust({"10.0.0.0/8"});
  EXPECT_EQ(Client("203.0.113.1", {"1.1.1.1"}, trusted), "203.0.113.1");
  EXPECT_EQ(Client("10.0.0.1", {}, trusted), "10.0.0.1");
  EXPECT_EQ(Client("10.0.0.1", {"1.1.1.1, unknown, 10.0.0.2"}, trusted), "10.0.0.2");
  EXPECT_EQ(Client("10.0.0.1", {"1.1.1.1, "}, trusted), "10.0.0.1");
  EXPECT_EQ(Client("10.0.0.1", {"1.1.1.1"}, TrustedProxies()), "10.0.0.1");
}

}  // namespace
}  // namespace sluice::http
