#include "scheduler/shadow.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(Shadow, ARefusalIsJudgedWhenItsTurnWouldHaveCome) {
  Shadow shadow;
  const TimePoint now = TimePoint{} + milliseconds(1000);
  shadow.Add(milliseconds(50), now + milliseconds(100), milliseconds(5));
  shadow.Add(milliseconds(20), now + milliseconds(10), milliseconds(5));
  EXPECT_EQ(shadow.Turn(milliseconds(19), now).followed, 0u);
  const Shadow::Judged late = shadow.Turn(milliseconds(30), now + milliseconds(11));
  EXPECT_EQ(late.followed, 1u);
  EXPECT_EQ(late.wrong, 0u) << "it would have started too late";
  const Shadow::Judged early = shadow.Idle(now + milliseconds(100));
  EXPECT_EQ(early.followed, 1u);
  EXPECT_EQ(early.wrong, 1u);
  EXPECT_EQ(shadow.Idle(now + milliseconds(200)).followed, 0u);
}

TEST(Shadow, NotAllOfThemWouldHaveHadRoom) {
  Shadow shadow;
  const TimePoint now = TimePoint{} + milliseconds(1000);
  for (int i = 0; i < 10; ++i) shadow.Add(milliseconds(i), now + milliseconds(20), milliseconds(10));
  EXPECT_EQ(shadow.Turn(milliseconds(100), now).wrong, 3u) << "at 0, 10 and 20 ms";
  shadow.Add(milliseconds(1), now + milliseconds(20), milliseconds(10));
  EXPECT_EQ(shadow.Turn(milliseconds(100), now).wrong, 0u);
  shadow.Idle(now);
  shadow.Add(milliseconds(1), now + milliseconds(20), milliseconds(10));
  EXPECT_EQ(shadow.Turn(milliseconds(100), now).wrong, 1u);
}

TEST(Shadow, OnlySoManyAreFollowed) {
  Shadow shadow;
  for (int i = 0; i < 1000; ++i) shadow.Add(milliseconds(i), kNever, {});
  EXPECT_EQ(shadow.Idle(TimePoint{}).followed, 256u);
}

}  // namespace
}  // namespace sluice
