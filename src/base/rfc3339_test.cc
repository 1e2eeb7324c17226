#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

WallTime At(int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

TEST(Rfc3339Test, HasMicroseconds) {
  EXPECT_EQ(FormatRfc3339(At(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatRfc3339(At(1'700'000'000'000'123)), "2023-11-14T22:13:20.000123Z");
}

}  // namespace
}  // namespace sluice
