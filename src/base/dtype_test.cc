#include "base/dtype.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(DType, NamesAreTheProtocolsAndGoBothWays) {
  for (int i = 0; i <= static_cast<int>(DType::kBytes); ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(DTypeNamed(NameOf(dtype)), dtype);
  }
  EXPECT_EQ(NameOf(DType::kFp32), "FP32");
  EXPECT_EQ(SizeOf(DType::kBf16), 2u);
  EXPECT_EQ(SizeOf(DType::kBytes), 0u);
  EXPECT_FALSE(DTypeNamed("fp32"));
}

}  // namespace
}  // namespace sluice
