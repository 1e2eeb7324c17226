#include "cli/bench/options.h"

#include <gtest/gtest.h>

namespace sluice::cli::bench {
namespace {

using std::chrono::seconds;

TEST(OptionsTest, StepsAreRatesOrMultiplesWithTheirSeconds) {
  const auto steps = ParseSteps("0.5x,300:2,20x:10", 5);
  ASSERT_TRUE(steps.ok());
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_EQ((*steps)[0].At(400).per_second, 200);
  EXPECT_EQ((*steps)[0].lasts, seconds(5));
  EXPECT_EQ((*steps)[1].At(400).per_second, 300);
  EXPECT_EQ((*steps)[1].lasts, seconds(2));
  EXPECT_EQ((*steps)[2].At(400).per_second, 8000);
  EXPECT_EQ((*steps)[2].name, "20x");
}

TEST(OptionsTest, WhatIsNoStepIsSaid) {
  for (const char* text : {"", "x", "1x,", "0", "-1", "2x:0", "2x:soon", "fast"}) {
    const auto steps = ParseSteps(text, 5);
    EXPECT_FALSE(steps.ok()) << text;
  }
}

TEST(OptionsTest, SharesAreChosenByWeight) {
  const auto shares = ParseShares("live=3,batch");
  ASSERT_TRUE(shares.ok());
  Random random(11);
  int live = 0;
  for (int i = 0; i < 10'000; ++i) live += Choose(*shares, random) == 0 ? 1 : 0;
  EXPECT_NEAR(live, 7500, 200);
  EXPECT_FALSE(ParseShares("live=0").ok());
  EXPECT_FALSE(ParseShares("live=many").ok());
  ASSERT_EQ(ParseShares("")->size(), 1u);
  EXPECT_EQ(Choose(*ParseShares(""), random), 0u);
}

TEST(OptionsTest, PrincipalsShowThemselvesByAddressHeaderOrKey) {
  EXPECT_EQ(ParseIdentity("127.0.0.2")->source_ip, "127.0.0.2");
  EXPECT_EQ(ParseIdentity("xff:10.0.0.1")->value, "10.0.0.1");
  EXPECT_EQ(ParseIdentity("key:s3cret")->value, "Bearer s3cret");
  EXPECT_EQ(ParseIdentity("")->source_ip, "");
  EXPECT_FALSE(ParseIdentity("somebody").ok());
  EXPECT_FALSE(ParseIdentity("xff:somebody").ok());
}

}  // namespace
}  // namespace sluice::cli::bench
