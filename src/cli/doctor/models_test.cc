#include "cli/doctor/models.h"

#include <gtest/gtest.h>

namespace sluice::cli::doctor {
namespace {

TEST(DoctorTest, FiresARuleOnceInSimulatedTime) {
  EXPECT_EQ(Fire({}), "");
  EXPECT_EQ(Fire({.grade = BreakerPolicy::Grade::kSlowRatio, .threshold = 1, .slow_above = std::chrono::seconds(1)}),
            "");
  EXPECT_EQ(Fire({.grade = BreakerPolicy::Grade::kErrorCount, .threshold = 50}), "");
  EXPECT_NE(Fire({.grade = BreakerPolicy::Grade::kErrorCount, .threshold = 1e9}), "");
  EXPECT_NE(Fire({.min_calls = 1'000'000'000}), "");
}

}  // namespace
}  // namespace sluice::cli::doctor
