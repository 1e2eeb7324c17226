#include "scheduler/top_principals.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;

PrincipalTimes Of(std::initializer_list<std::pair<Principal, int>> ms) {
  PrincipalTimes times;
  for (const auto& [principal, time] : ms) times.Add(principal, milliseconds(time));
  return times;
}

TEST(TopPrincipals, TheBusiestComeFirstAndTheRestAddsUp) {
  TopPrincipals top;
  EXPECT_EQ(top.Get().principals, 0u);
  EXPECT_EQ(top.Get().ranks[0], 0);
  top.Add(Of({{1, 10}, {2, 50}, {3, 20}, {4, 5}, {5, 5}, {6, 5}, {7, 4}, {kOwnWork, 1}}));
  const TopPrincipals::Shares shares = top.Get();
  EXPECT_EQ(shares.principals, 7u);
  EXPECT_DOUBLE_EQ(shares.ranks[0], 0.5);
  EXPECT_DOUBLE_EQ(shares.ranks[1], 0.2);
  EXPECT_DOUBLE_EQ(shares.ranks[4], 0.05);
  EXPECT_NEAR(shares.others, 0.1, 1e-12);
}

TEST(TopPrincipals, WhatIsOlderThanTheWindowIsForgotten) {
  TopPrincipals top;
  top.Add(Of({{1, 1000}}));
  for (size_t i = 0; i < TopPrincipals::kWindow - 1; ++i) top.Add(Of({{2, 10}}));
  EXPECT_GT(top.Get().ranks[0], 0.9);
  EXPECT_EQ(top.Get().principals, 2u);
  top.Add(Of({{2, 10}}));
  EXPECT_EQ(top.Get().principals, 1u);
  EXPECT_EQ(top.Get().ranks[0], 1.0);
  for (size_t i = 0; i < TopPrincipals::kWindow; ++i) top.Add({});
  EXPECT_EQ(top.Get().principals, 0u);
}

TEST(TopPrincipals, AMillionClientsTakeNoMoreThanTheBound) {
  PrincipalTimes times;
  for (Principal principal = 1; principal <= 1'000'000; ++principal) times.Add(principal, milliseconds(1));
  EXPECT_LE(times.times().size(), PrincipalTimes::kMost + 1);
  TopPrincipals top;
  top.Add(std::move(times));
  EXPECT_GT(top.Get().others, 0.99);
}

}  // namespace
}  // namespace sluice
