#include "cli/batch/progress.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using std::chrono::seconds;

TEST(ProgressTest, BarRateAndRest) {
  EXPECT_EQ(ProgressLine({.done = 500, .total = 1000, .rejected = 3, .elapsed = seconds(2)}),
            "[############------------]  50%  500/1000, 250/s, 2 s left, 3 rejected");
}

TEST(ProgressTest, EarlierRunsCountForTheBarButNotForTheRate) {
  EXPECT_EQ(ProgressLine({.done = 900, .resumed = 800, .total = 1000, .elapsed = seconds(10)}),
            "[#####################---]  90%  900/1000, 10/s, 10 s left");
}

TEST(ProgressTest, Ends) {
  EXPECT_EQ(ProgressLine({.total = 10}), "[------------------------]   0%  0/10");
  EXPECT_EQ(ProgressLine({.done = 10, .total = 10, .elapsed = seconds(10)}),
            "[########################] 100%  10/10, 1.0/s");
  EXPECT_EQ(ProgressLine({}), "[########################] 100%  0/0");
}

}  // namespace
}  // namespace sluice::cli
