#include "transport/http/budget.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(BudgetTest, NewBodiesAreRefusedBeforeReadingStops) {
  Budget budget(100, 1);
  EXPECT_TRUE(budget.CanStart());
  budget.Charge(75);
  EXPECT_FALSE(budget.CanStart());
  EXPECT_FALSE(budget.Over());
  budget.Charge(25);
  EXPECT_TRUE(budget.Over());
  budget.Release(100);
  EXPECT_TRUE(budget.CanStart());
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
}  // namespace sluice::http
