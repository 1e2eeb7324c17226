#include "cli/bench/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::cli::bench {
namespace {

using std::chrono::milliseconds;

TEST(ArrivalsTest, ConstantRateDoesNotDrift) {
  Random random(1);
  Arrivals arrivals(Spacing::kConstant, 3, random);
  EXPECT_EQ(arrivals.Next(), Duration::zero());
  Duration last{};
  for (int i = 0; i < 3'000'000; ++i) last = arrivals.Next();
  EXPECT_NEAR(ToMs(last), 1e9, 0.001);
}

TEST(ArrivalsTest, PoissonHasItsMeanAndItsSpread) {
  Random random(7);
  Arrivals arrivals(Spacing::kPoisson, 1000, random);
  constexpr int kCount = 100'000;
  double sum = 0, squares = 0, last = 0;
  for (int i = 0; i < kCount; ++i) {
    const double at = ToMs(arrivals.Next());
    ASSERT_GE(at, last);
    sum += at - last;
    squares += (at - last) * (at - last);
    last = at;
  }
  const double mean = sum / kCount, deviation = std::sqrt(squares / kCount - mean * mean);
  EXPECT_NEAR(mean, 1, 0.02);
  EXPECT_NEAR(deviation, 1, 0.03);  // as large as the mean: that is what makes it Poisson
}

TEST(ArrivalsTest, TheSameSeedGivesTheSameTimes) {
  Random one(5), other(5);
  Arrivals a(Spacing::kPoisson, 10, one), b(Spacing::kPoisson, 10, other);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
}

}  // namespace
}  // namespace sluice::cli::bench
