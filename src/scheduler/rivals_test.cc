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

}  // namespace
}  // namespace sluice
