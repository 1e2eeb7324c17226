#include "transport/oip/half.h"

#include <bit>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace sluice::oip {
namespace {

// Every 16-bit number comes back from its float; what lies half way between two goes to the even one.
template <uint16_t (*FromFloat)(float), float (*ToFloat)(uint16_t)>
void CheckAll(uint16_t infinity) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto number = static_cast<uint16_t>(bits);
    const float value = ToFloat(number);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(ToFloat(FromFloat(value))));
      continue;
    }
    ASSERT_EQ(FromFloat(value), number) << value;
    if ((number & 0x7fff) >= infinity - 1) continue;
    const float next = ToFloat(static_cast<uint16_t>(number + 1));
    const float between = static_cast<float>((static_cast<double>(value) + next) / 2);
    ASSERT_EQ(FromFloat(between), number + (number & 1)) << between;
    ASSERT_EQ(FromFloat(std::nextafter(between, next)), number + 1) << between;
  }
}

TEST(Half, HalfsRoundToTheNearest) {
  CheckAll<HalfFromFloat, FloatFromHalf>(0x7c00);
  EXPECT_EQ(HalfFromFloat(65519.0f), 0x7bff);
  EXPECT_EQ(HalfFromFloat(65520.0f), 0x7c00);
  EXPECT_EQ(HalfFromFloat(-1e30f), 0xfc00);
  EXPECT_EQ(HalfFromFloat(1e-30f), 0);
}

TEST(Half, Bf16RoundsToTheNearest) {
  CheckAll<Bf16FromFloat, FloatFromBf16>(0x7f80);
  EXPECT_EQ(Bf16FromFloat(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace sluice::oip
