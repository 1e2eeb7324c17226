#include "scheduler/service_time.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(ServiceTime, FirstSampleCountsWhole) {
  ServiceTime time;
  EXPECT_FALSE(time.measured());
  EXPECT_EQ(time.Predict(10), Duration::zero());
  time.Add(4, milliseconds(8));
  EXPECT_TRUE(time.measured());
  EXPECT_NEAR(ToMs(time.Predict(1)), 2, 1e-6);
  EXPECT_NEAR(ToMs(time.Predict(3)), 6, 1e-6);
}

TEST(ServiceTime, OneOutlierMovesItLittleAndAChangeIsFollowed) {
  ServiceTime time;
  time.Add(1, milliseconds(2));
  time.Add(1, milliseconds(60'000));
  EXPECT_LT(ToMs(time.Predict(1)), 4.5);
  for (int i = 0; i < 60; ++i) time.Add(1, milliseconds(20));
  EXPECT_NEAR(ToMs(time.Predict(1)), 20, 1);
}

TEST(ServiceTime, SizesHaveTheirOwnMeansAndShareOneUnit) {
  ServiceTime time;
  constexpr uint8_t kSmall = 10, kLarge = 20;
  EXPECT_EQ(time.Weigh(3, kLarge), 3) << "unknown yet";
  for (int i = 0; i < 300; ++i) {
    const bool large = i % 2 == 0;
    const uint8_t size = large ? kLarge : kSmall;
    const Duration busy = milliseconds(large ? 20 : 2);
    time.Add(time.Weigh(1, size), busy);
    time.AddOfSize(1, size, busy);
  }
  EXPECT_NEAR(ToMs(time.Predict(time.Weigh(1, kLarge))), 20, 2);
  EXPECT_NEAR(ToMs(time.Predict(time.Weigh(1, kSmall))), 2, 0.2);
  EXPECT_NEAR(ToMs(time.Predict(time.Weigh(1, kSmall) + time.Weigh(2, kLarge))), 42, 4);
}

TEST(ServiceTime, TheSlowestOfAHundredIsAllowedFor) {
  ServiceTime time;
  time.Add(1, milliseconds(4));
  EXPECT_EQ(time.P99(1), milliseconds(8)) << "twice the mean, until there are samples";
  for (int i = 0; i < 400; ++i) time.Add(1, milliseconds(4));
  EXPECT_NEAR(ToMs(time.P99(1)), 4, 0.5) << "steady work";
  for (int i = 0; i < 2000; ++i) time.Add(1, milliseconds(i % 25 == 0 ? 16 : 4));
  EXPECT_GT(ToMs(time.P99(1)), 10) << "one in 25 takes four times as long";
  for (int i = 0; i < 4000; ++i) time.Add(1, milliseconds(4));
  EXPECT_LT(ToMs(time.P99(1)), 6) << "what was long ago fades";
}

}  // namespace
}  // namespace sluice
