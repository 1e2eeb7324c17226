#include "engine/shape.h"

#include <limits>

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(ShapeTest, ElementsRefuseOpenAndOverflowingShapes) {
  EXPECT_EQ(ElementsOf({}), 1);
  EXPECT_EQ(ElementsOf({2, 3, 0}), 0);
  EXPECT_EQ(ElementsOf({1, -1}), std::nullopt);
  EXPECT_EQ(ElementsOf({std::numeric_limits<int64_t>::max(), 2}), std::nullopt);
}

TEST(ShapeTest, FitsTakesAnySizeWhereTheSpecIsOpen) {
  EXPECT_TRUE(Fits({1, 3, 4}, {-1, 3, -1}));
  EXPECT_FALSE(Fits({1, 2, 4}, {-1, 3, -1}));
  EXPECT_FALSE(Fits({1, 3}, {-1, 3, -1}));
  EXPECT_FALSE(Fits({-1}, {-1}));
  EXPECT_EQ(ToString({1, -1, 3}), "[1,-1,3]");
}

}  // namespace
}  // namespace sluice
