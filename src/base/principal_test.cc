#include "base/principal.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(PrincipalTest, AClientIsItsKeyElseItsAddress) {
  EXPECT_EQ(PrincipalOf("", "10.0.0.1"), PrincipalOf("", "10.0.0.1"));
  EXPECT_NE(PrincipalOf("", "10.0.0.1"), PrincipalOf("", "10.0.0.2"));
  EXPECT_EQ(PrincipalOf("key", "10.0.0.1"), PrincipalOf("key", "10.0.0.2"));
  EXPECT_NE(PrincipalOf("10.0.0.1", ""), PrincipalOf("", "10.0.0.1"));
  EXPECT_NE(PrincipalOf("", ""), kOwnWork);
}

TEST(PrincipalTest, AnIpv6ClientIsItsNetwork) {
  EXPECT_EQ(PrincipalOf("", "2001:db8:1:2::1"), PrincipalOf("", "2001:db8:1:2:ffff::9"));
  EXPECT_EQ(PrincipalOf("", "2001:db8:1:2:0:0:0:1"), PrincipalOf("", "2001:db8:1:2::1"));
  EXPECT_NE(PrincipalOf("", "2001:db8:1:2::1"), PrincipalOf("", "2001:db8:1:3::1"));
  EXPECT_NE(PrincipalOf("", "::ffff:10.0.0.1"), PrincipalOf("", "::ffff:10.0.0.2"));
}

}  // namespace
}  // namespace sluice
