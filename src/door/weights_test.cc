#include "door/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::HasSubstr;

ai::inference::config::Overload Of(std::initializer_list<std::pair<const char*, uint32_t>> clients) {
  ai::inference::config::Overload overload;
  for (const auto& [client, weight] : clients) {
    auto* const one = overload.add_weights();
    one->set_client(client);
    one->set_weight(weight);
  }
  return overload;
}

TEST(WeightsTest, ClientsAreAddressesAndNetworksOfIpv6) {
  const auto weights = WeightsOf(Of({{"10.0.0.7", 3}, {"2001:db8::1", 5}}));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->Of(PrincipalOf("", "10.0.0.7")), 3u);
  EXPECT_EQ(weights->Of(PrincipalOf("", "10.0.0.8")), 1u);
  EXPECT_EQ(weights->Of(PrincipalOf("", "2001:db8::99")), 5u);
  EXPECT_EQ(weights->Of(kOwnWork), 1u);
}

TEST(WeightsTest, WhatIsWrongIsSaid) {
  const auto says = [](const auto& overload) { return std::string(WeightsOf(overload).status().message()); };
  EXPECT_THAT(says(Of({{"10.0.0.0/8", 3}})), HasSubstr("client '10.0.0.0/8' is not an IP address"));
  EXPECT_THAT(says(Of({{"", 3}})), HasSubstr("client '' is not an IP address"));
  EXPECT_THAT(says(Of({{"10.0.0.7", 0}})), HasSubstr("has no weight"));
  EXPECT_THAT(says(Of({{"2001:db8::1", 2}, {"2001:db8::2", 3}})), HasSubstr("'2001:db8::2' is there twice"));
}

}  // namespace
}  // namespace sluice
