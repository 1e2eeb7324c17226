#include "scheduler/class_order.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

class ClassOrderTest : public testing::Test {
 protected:
  void Wait(WorkClass work_class) {
    order_[work_class].Add(1, {.by = {}, .priority = 0, .ticket = ++ticket_}, &queue_, 1);
  }
  // One turn of `time`; the class that had it gets a new item if it is to go on.
  WorkClass Turn(Duration time, bool again = true) {
    const WorkClass turn = *order_.Next();
    const bool paid = order_.Serve(turn, time);
    if (!again) {
      auto& share = *order_[turn].turns().begin()->share;
      const Urgency item = *share.waiting.begin();
      order_[turn].Serve(share, item, &queue_, 1, time);
    }
    order_.Done(turn, paid, time, time);
    return turn;
  }

  ClassOrder order_;
  int queue_ = 0;
  uint64_t ticket_ = 0;
};

TEST_F(ClassOrderTest, NothingWaitsNobodysTurn) { EXPECT_FALSE(order_.Next().has_value()); }

TEST_F(ClassOrderTest, ALowerClassWaitsAndKeepsATenth) {
  Wait(WorkClass::kLive);
  Wait(WorkClass::kBatch);
  EXPECT_EQ(Turn(milliseconds(4)), WorkClass::kLive);
  Duration live = milliseconds(4), batch{};
  for (int i = 0; i < 1000; ++i) {
    const WorkClass turn = *order_.Next();
    const Duration time = milliseconds(turn == WorkClass::kLive ? 4 : 9);
    Turn(time);
    (turn == WorkClass::kLive ? live : batch) += time;
  }
  EXPECT_NEAR(ToMs(batch) / ToMs(live + batch), 0.1 / 1.1, 0.01);
}

TEST_F(ClassOrderTest, LiveWorkWaitsForOneTurnOfTheOthersAtMost) {
  for (const WorkClass one : {WorkClass::kLive, WorkClass::kBatch, WorkClass::kBackground}) Wait(one);
  int others = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (Turn(milliseconds(1 + i % 9)) == WorkClass::kLive) {
      others = 0;
    } else {
      EXPECT_LE(++others, 1);
    }
  }
}

TEST_F(ClassOrderTest, BackgroundKeepsAHundredth) {
  for (const WorkClass one : {WorkClass::kLive, WorkClass::kBatch, WorkClass::kBackground}) Wait(one);
  std::array<int, kWorkClasses> turns{};
  for (int i = 0; i < 20'000; ++i) ++turns[static_cast<size_t>(Turn(milliseconds(2)))];
  EXPECT_NEAR(turns[2] / 20'000.0, 0.01, 0.002);
  EXPECT_NEAR(turns[1] / 20'000.0, 0.09, 0.01);
}

TEST_F(ClassOrderTest, ItsDebtsAreNotForgottenWhileItIsAway) {
  Wait(WorkClass::kLive);
  // A batch client that sends one long job at a time, the next one as soon as it is answered.
  Duration live{}, batch{};
  for (int i = 0; i < 50; ++i) {
    Wait(WorkClass::kBatch);
    while (*order_.Next() == WorkClass::kLive) {
      Turn(milliseconds(4));
      live += milliseconds(4);
    }
    Turn(milliseconds(100), /*again=*/false);
    batch += milliseconds(100);
  }
  EXPECT_NEAR(ToMs(batch) / ToMs(live + batch), 0.1 / 1.1, 0.01);
}

TEST_F(ClassOrderTest, WhatIsLeftForALowerClassIsKnown) {
  Wait(WorkClass::kBatch);
  EXPECT_EQ(order_.PartOf(WorkClass::kBatch), 1);
  Wait(WorkClass::kLive);
  for (int i = 0; i < 500; ++i) Turn(milliseconds(5));
  EXPECT_NEAR(order_.PartOf(WorkClass::kBatch), 0.1, 0.05);
  EXPECT_NEAR(order_.PartOf(WorkClass::kLive), 0.9, 0.05);
}

}  // namespace
}  // namespace sluice
