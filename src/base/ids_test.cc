#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

WallTime At(int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

TEST(IdsTest, UuidV7HasVersionVariantAndTime) {
  Random random(7);
  const std::string id = NewUuidV7(At(0x0192f3c4aabbLL * 1000), random);
  EXPECT_EQ(id.substr(0, 13), "0192f3c4-aabb");
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_EQ(id.size(), 36u);
}

TEST(IdsTest, UuidsOfOneMomentDiffer) {
  Random random(7);
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewUuidV7(At(1), random));
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(IdsTest, RequestIdsThatCouldBreakALogLineAreRefused) {
  EXPECT_TRUE(IsAcceptableRequestId("order-17/retry:2"));
  EXPECT_FALSE(IsAcceptableRequestId(""));
  EXPECT_FALSE(IsAcceptableRequestId("a b"));
  EXPECT_FALSE(IsAcceptableRequestId("a\"b"));
  EXPECT_FALSE(IsAcceptableRequestId("a\nb"));
  EXPECT_FALSE(IsAcceptableRequestId(std::string(129, 'x')));
}

}  // namespace
}  // namespace sluice
