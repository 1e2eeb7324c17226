#include "base/decode_memory.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(DecodeMemory, WhatIsTakenIsChargedUntilItIsGiven) {
  Budget budget(64 * kMiB, 1);
  BudgetHold hold(budget, 3 * kMiB);  // the bytes as they came
  DecodeMemory memory(budget, hold, 8 * kMiB);
  ASSERT_TRUE(memory.Take(10 * kMiB).ok());
  EXPECT_EQ(budget.bytes(), 13 * kMiB);
  memory.Give(4 * kMiB);
  EXPECT_EQ(budget.bytes(), 9 * kMiB);
  memory.Keep(2 * kMiB);
  EXPECT_EQ(budget.bytes(), 2 * kMiB) << "the message is all that is left";
  hold = {};
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(DecodeMemory, SmallThingsAreNotCounted) {
  Budget budget(64 * kMiB, 1);
  BudgetHold hold;
  DecodeMemory memory(budget, hold, kMiB);
  ASSERT_TRUE(memory.Take(DecodeMemory::kSmallBytes - 1).ok());
  EXPECT_EQ(budget.bytes(), 0u);
  ASSERT_TRUE(memory.Take(1).ok()) << "but not many of them";
  EXPECT_EQ(budget.bytes(), DecodeMemory::kSmallBytes);
}

TEST(DecodeMemory, RefusesWhatDoesNotFit) {
  Budget budget(64 * kMiB, 1);
  BudgetHold others(budget, 50 * kMiB);
  BudgetHold hold;
  DecodeMemory memory(budget, hold, 8 * kMiB);
  EXPECT_EQ(ReasonOf(memory.Take(20 * kMiB)), Reason::OVERLOADED);
  EXPECT_EQ(budget.bytes(), 50 * kMiB);
  EXPECT_EQ(ReasonOf(memory.Take(33 * kMiB)), Reason::BODY_TOO_LARGE) << "more than half of the budget never fits";
  EXPECT_EQ(ReasonOf(memory.Take(SIZE_MAX)), Reason::BODY_TOO_LARGE);
  DecodeMemory small(budget, hold, 1024);
  EXPECT_EQ(ReasonOf(small.Take(2 * kMiB)), Reason::BODY_TOO_LARGE) << "a small message does not become a large one";
}

}  // namespace
}  // namespace sluice
