#include "scheduler/rivals.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::seconds;

TEST(RivalsTest, KnowsTheLastOneThatIsAnother) {
  const TimePoint start = TimePoint() + seconds(100);
  Rivals rivals;
  EXPECT_FALSE(rivals.Has(1, start - seconds(1)));
  rivals.Note(1, start);
  EXPECT_FALSE(rivals.Has(1, start)) << "alone";
  EXPECT_TRUE(rivals.Has(2, start));
  rivals.Note(2, start + seconds(1));
  rivals.Note(1, start + seconds(2));
  rivals.Note(1, start + seconds(3));
  EXPECT_TRUE(rivals.Has(1, start + seconds(1)));
  EXPECT_FALSE(rivals.Has(1, start + seconds(2))) << "it is too long ago";
  EXPECT_TRUE(rivals.Has(2, start + seconds(3)));
}

TEST(RivalsTest, OneThatOutnumbersAllOthersIsKnownAndForgotten) {
  Rivals rivals;
  const auto come = [&](Principal who, int times) {
    for (int i = 0; i < times; ++i) rivals.Note(who, TimePoint());
  };
  come(1, 31);
  EXPECT_FALSE(rivals.Most(1)) << "too few to tell";
  for (int i = 0; i < 100; ++i) {
    come(1, 10);
    come(2 + i % 3, 1);
  }
  EXPECT_TRUE(rivals.Most(1));
  EXPECT_FALSE(rivals.Most(2));
  for (int i = 0; i < 100; ++i) {
    come(1, 3);
    come(2, 2);
  }
  EXPECT_FALSE(rivals.Most(1)) << "three in five";
  come(3, 100);
  EXPECT_TRUE(rivals.Most(3));
}

}  // namespace
}  // namespace sluice
