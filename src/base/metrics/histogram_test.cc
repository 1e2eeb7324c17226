#include "base/metrics/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice {
namespace {

// As a search would find it.
size_t Searched(const Bounds& bounds, double value) {
  return static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

TEST(BucketIndex, FindsWhatASearchFinds) {
  for (const Bounds& bounds : {FineSeconds(), CoarseSeconds(), With(FineSeconds(), 0.0333), Bounds{1}, Bounds{}}) {
    const BucketIndex index(bounds);
    const auto check = [&](double value) {
      EXPECT_EQ(index.Find(value, bounds), Searched(bounds, value)) << value << " of " << bounds.size();
    };
    for (const double bound : bounds) {
      check(bound);
      check(std::nextafter(bound, 0));
      check(std::nextafter(bound, 1e9));
    }
    for (double value = 1e-9; value < 1e6; value *= 1.013) check(value);
    for (const double odd : {0.0, -0.0, -1.0, 1e-320, 1e300, double(INFINITY), -double(INFINITY)}) check(odd);
    EXPECT_EQ(index.Find(std::numeric_limits<double>::quiet_NaN(), bounds), 0u);
  }
}

TEST(FineSeconds, AreATenthApartFromOneTo500Milliseconds) {
  const Bounds& bounds = FineSeconds();
  for (size_t i = 1; i < bounds.size(); ++i) {
    if (bounds[i - 1] >= 0.001 && bounds[i] <= 0.5) {
      EXPECT_LE(bounds[i] / bounds[i - 1], 1.1) << bounds[i];
    }
  }
}

TEST(OwnHistogram, CountsWhatItObserves) {
  OwnHistogram histogram({0.1, 1});
  EXPECT_EQ(histogram.Observe(0.1), 0u);
  EXPECT_EQ(histogram.Observe(0.5), 1u);
  EXPECT_EQ(histogram.Observe(7), 2u);
  EXPECT_EQ(histogram.count(0) + histogram.count(1) + histogram.count(2), 3u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 7.6);
}

}  // namespace
}  // namespace sluice
