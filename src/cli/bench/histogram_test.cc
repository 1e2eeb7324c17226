#include "cli/bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace sluice::cli::bench {
namespace {

using std::chrono::microseconds;

TEST(HistogramTest, NothingIsZero) {
  EXPECT_EQ(Histogram().Quantile(0.99), Duration::zero());
  EXPECT_EQ(Histogram().count(), 0u);
}

TEST(HistogramTest, QuantilesAreWithinTwoPercentOfTheSortedValues) {
  Random random(3);
  Histogram histogram;
  std::vector<Duration> values;
  for (int i = 0; i < 50'000; ++i) {
    // From a microsecond to a minute, evenly over the doublings.
    values.push_back(microseconds(1 + random.Below(1ull << (1 + random.Below(26)))));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = ToMs(values[static_cast<size_t>(share * 50'000) - 1]);
    EXPECT_NEAR(ToMs(histogram.Quantile(share)), exact, exact * 0.02 + 0.001) << share;
  }
  EXPECT_EQ(histogram.Quantile(1), values.back());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(HistogramTest, WhatIsOutOfRangeIsKept) {
  Histogram histogram;
  histogram.Add(microseconds(-5));
  histogram.Add(std::chrono::hours(1000));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_LE(histogram.Quantile(0.5), microseconds(0));
  EXPECT_EQ(histogram.max(), std::chrono::hours(1000));
}

}  // namespace
}  // namespace sluice::cli::bench
