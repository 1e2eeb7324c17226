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

}  // namespace
}  // namespace sluice
