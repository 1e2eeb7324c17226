#include "base/budget.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(BudgetTest, NewLargeBodiesAreRefusedBeforeReadingStopsAndSmallOnesLast) {
  Budget budget(80'000, 1);
  EXPECT_TRUE(budget.CanStart());
  budget.Charge(60'000);
  EXPECT_FALSE(budget.CanStart());
  EXPECT_TRUE(budget.Short());
  EXPECT_FALSE(budget.Over());
  budget.Charge(10'000);
  EXPECT_TRUE(budget.Over());
  EXPECT_TRUE(budget.CanStart(Budget::kSmallBytes));
  budget.Charge(10'000);
  EXPECT_FALSE(budget.CanStart(0));
  budget.Release(80'000);
  EXPECT_TRUE(budget.CanStart());
}

TEST(BudgetTest, WhatIsAskedForFitsOrChangesNothing) {
  Budget budget(800'000, 1);
  EXPECT_FALSE(budget.TryCharge(SIZE_MAX));
  EXPECT_FALSE(budget.TryCharge(700'001)) << "an eighth is for small things";
  EXPECT_EQ(budget.bytes(), 0u);
  EXPECT_TRUE(budget.TryCharge(700'000));
  EXPECT_FALSE(budget.Fits(Budget::kSmallBytes + 1));
  while (budget.TryCharge(10'000)) {
  }
  EXPECT_EQ(budget.bytes(), 800'000u);
  BudgetHold hold;
  EXPECT_FALSE(hold.TryResize(budget, 1));
  budget.Release(800'000);
  EXPECT_TRUE(hold.TryResize(budget, 600'000));
  EXPECT_FALSE(hold.TryResize(budget, SIZE_MAX));
  EXPECT_FALSE(hold.TryResize(budget, 700'001));
  EXPECT_TRUE(hold.TryResize(budget, 700'000));
  EXPECT_TRUE(hold.TryResize(budget, 5));
  EXPECT_EQ(budget.bytes(), 5u);
}

TEST(BudgetTest, ATabIsOffByAStepAtMostAndExactAtTheEnd) {
  Budget budget(1 << 20, 1);
  BudgetTab tab(budget);
  for (size_t held = 0; held < 100'000; held += 3'000) {
    tab.Add(3'000);
    EXPECT_GE(budget.bytes() + BudgetTab::kStep, tab.held());
    EXPECT_LE(budget.bytes(), tab.held());
  }
  while (tab.held() > 0) {
    tab.Remove(3'000);
    EXPECT_GE(budget.bytes() + BudgetTab::kStep, tab.held());
    EXPECT_LE(budget.bytes(), tab.held() + BudgetTab::kStep);
  }
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(BudgetTest, ConnectionsAreBounded) {
  Budget budget(100, 2);
  EXPECT_TRUE(budget.TryConnect());
  EXPECT_TRUE(budget.TryConnect());
  EXPECT_FALSE(budget.TryConnect());
  budget.Disconnect();
  EXPECT_TRUE(budget.TryConnect());
}

TEST(BudgetTest, AHoldReleasesOnceWhereverItWentTo) {
  Budget budget(100, 1);
  {
    BudgetHold a(budget, 10), b;
    b = std::move(a);
    b.Add(5);
    const BudgetHold c = std::move(b);
    EXPECT_EQ(c.bytes(), 15u);
    EXPECT_EQ(budget.bytes(), 15u);
  }
  EXPECT_EQ(budget.bytes(), 0u);
}

}  // namespace
}  // namespace sluice
