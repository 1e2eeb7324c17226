#include "call/layers/idempotency/table.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <random>
#include <set>

#include "base/strings.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Found = IdempotencyTable::Found;
using Callers = std::vector<IdempotencyTable::Caller>;

IdempotencyRecord Record(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class IdempotencyTableTest : public testing::Test {
 protected:
  TimePoint now{1h};
  IdempotencyTable table{{.bytes_max = 10'000, .record_bytes_max = 2'000, .time_to_live = 24h}};
};

TEST_F(IdempotencyTableTest, OneComputesAndTheOthersGetItsAnswer) {
  EXPECT_EQ(table.Begin("k", "d", 1, now).found, Found::kCompute);
  EXPECT_EQ(table.Begin("k", "d", 2, now).found, Found::kWait);
  EXPECT_EQ(table.Begin("k", "d", 3, now).found, Found::kWait);
  EXPECT_EQ(table.Begin("other", "d", 4, now).found, Found::kCompute);
  EXPECT_EQ(table.Complete("k", 1, Record("answer"), now), (Callers{2, 3}));
  const auto again = table.Begin("k", "d", 5, now + 23h);
  EXPECT_EQ(again.found, Found::kReplay);
  EXPECT_EQ(*again.record, "answer");
  EXPECT_EQ(table.Begin("k", "d", 6, now + 24h).found, Found::kCompute) << "its time is over";
}

TEST_F(IdempotencyTableTest, AnotherBodyIsTold) {
  table.Begin("k", "d", 1, now);
  EXPECT_EQ(table.Begin("k", "e", 2, now).found, Found::kOtherBody);
  table.Complete("k", 1, Record("answer"), now);
  EXPECT_EQ(table.Begin("k", "e", 3, now).found, Found::kOtherBody);
}

TEST_F(IdempotencyTableTest, WhoWaitsTakesOver) {
  table.Begin("k", "d", 1, now);
  table.Begin("k", "d", 2, now);
  table.Begin("k", "d", 3, now);
  table.Begin("k", "d", 4, now);
  table.Forget("k", 2);
  EXPECT_EQ(table.Abandon("k", 1), 3u);
  EXPECT_EQ(table.Complete("k", 1, Record("late"), now), Callers{}) << "it is not its turn any more";
  EXPECT_EQ(table.Abandon("k", 1), 0u);
  EXPECT_EQ(table.Complete("k", 3, Record("answer"), now), (Callers{4}));
}

TEST_F(IdempotencyTableTest, WhatIsNotForOthersLeavesThemFree) {
  table.Begin("k", "d", 1, now);
  table.Begin("k", "d", 2, now);
  table.Begin("k", "d", 3, now);
  EXPECT_EQ(table.Dissolve("k", 2), Callers{}) << "it does not compute";
  EXPECT_EQ(table.Dissolve("k", 1), (Callers{2, 3}));
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.Complete("k", 2, Record("its own"), now), Callers{});
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(IdempotencyTableTest, AFailureLeavesNothing) {
  table.Begin("k", "d", 1, now);
  EXPECT_EQ(table.Abandon("k", 1), 0u);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.Begin("k", "other body", 2, now).found, Found::kCompute);
}

TEST_F(IdempotencyTableTest, ALongRecordIsGivenToThoseWhoWaitAndNotKept) {
  table.Begin("k", "d", 1, now);
  table.Begin("k", "d", 2, now);
  EXPECT_EQ(table.Complete("k", 1, Record(std::string(2'001, 'x')), now), (Callers{2}));
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.bytes(), 0u);
}

TEST_F(IdempotencyTableTest, TheLongestUnusedGoesFirst) {
  const auto add = [this](const std::string& key, IdempotencyTable::Caller caller) {
    table.Begin(key, "d", caller, now);
    table.Complete(key, caller, Record(std::string(1'500, 'x')), now);
  };
  table.Begin("running", "d", 100, now);
  for (int i = 1; i <= 5; ++i) add(std::to_string(i), static_cast<uint64_t>(i));
  EXPECT_EQ(table.Begin("1", "d", 200, now).found, Found::kReplay);
  for (int i = 6; i <= 8; ++i) add(std::to_string(i), static_cast<uint64_t>(i));
  EXPECT_LE(table.bytes(), 10'000u);
  EXPECT_EQ(table.Begin("1", "d", 201, now).found, Found::kReplay);
  EXPECT_EQ(table.Begin("2", "d", 202, now).found, Found::kCompute);
  EXPECT_EQ(table.Begin("running", "d", 203, now).found, Found::kWait);
}

// Every caller is told exactly once, and a key has one that computes at a time.
TEST_F(IdempotencyTableTest, NobodyIsForgotten) {
  std::mt19937 random(static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed()));
  std::map<uint64_t, std::string> computing, waiting;
  uint64_t last = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += 1ms;
    const std::string key = std::to_string(random() % 20);
    switch (random() % 4) {
      case 0:
      case 1: {
        const auto begun = table.Begin(key, "d", ++last, now);
        if (begun.found == Found::kCompute) {
          for (const auto& [caller, other] : computing) ASSERT_NE(other, key);
          computing[last] = key;
        } else if (begun.found == Found::kWait) {
          waiting[last] = key;
        } else {
          ASSERT_EQ(*begun.record, key);
        }
        break;
      }
      case 2: {
        if (computing.empty()) break;
        const auto [caller, own] = *computing.begin();
        computing.erase(computing.begin());
        if (random() % 2 == 0) {
          const auto next = table.Abandon(own, caller);
          if (next == 0) break;
          ASSERT_EQ(waiting.at(next), own);
          waiting.erase(next);
          computing[next] = own;
        } else {
          for (const auto told : table.Complete(own, caller, Record(own), now)) {
            ASSERT_EQ(waiting.at(told), own);
            waiting.erase(told);
          }
        }
        break;
      }
      case 3: {
        if (waiting.empty()) break;
        const auto [caller, own] = *waiting.begin();
        waiting.erase(waiting.begin());
        table.Forget(own, caller);
        break;
      }
    }
  }
  while (!computing.empty()) {
    const auto [caller, own] = *computing.begin();
    computing.erase(computing.begin());
    for (const auto told : table.Complete(own, caller, Record(own), now)) waiting.erase(told);
  }
  EXPECT_TRUE(waiting.empty());
}

TEST(IdempotencyTableMemoryTest, ItHoldsNoMoreThanItCounts) {
  const size_t before = mallinfo2().uordblks;
  if (before == 0) GTEST_SKIP() << "a sanitizer's allocator does not say";
  IdempotencyTable table({.bytes_max = 8 << 20});
  for (IdempotencyTable::Caller i = 1; i <= 50'000; ++i) {
    const std::string key = StrCat("a key of some length, as clients send them: ", i);
    table.Begin(key, std::string(32, 'd'), i, TimePoint{});
    table.Complete(key, i, std::make_shared<const std::string>(100, 'r'), TimePoint{});
  }
  EXPECT_GT(table.size(), 10'000u);
  EXPECT_LT(mallinfo2().uordblks - before, (8 << 20) * 5 / 4);
}

}  // namespace
}  // namespace sluice
