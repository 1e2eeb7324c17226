#include "pipeline/top_labels.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice {
namespace {

const std::vector<std::string> kLabels = {"a", "b", "c", "d"};

TEST(TopLabelsTest, TheBestComeFirstAndTiesKeepTheLabelsOrder) {
  const std::vector<float> scores = {0.1f, 0.4f, 0.4f, 0.1f};
  const auto best = TopLabels(scores, kLabels, 3, false);
  ASSERT_EQ(best.size(), 3u);
  EXPECT_EQ(best[0].label + best[1].label + best[2].label, "bca");
  EXPECT_EQ(best[0].confidence, 0.4f);
}

TEST(TopLabelsTest, LogitsBecomeProbabilitiesOfAllLabels) {
  const std::vector<float> scores = {1000, 1000 + std::log(3.0f), -1000, 1000};
  const auto best = TopLabels(scores, kLabels, 1, true);
  ASSERT_EQ(best.size(), 1u);
  EXPECT_EQ(best[0].label, "b");
  EXPECT_NEAR(best[0].confidence, 0.6f, 1e-4f);
}

TEST(TopLabelsTest, FewerLabelsThanAskedFor) {
  EXPECT_EQ(TopLabels(std::vector<float>{1, 2, 3, 4}, kLabels, 100, false).size(), 4u);
  EXPECT_TRUE(TopLabels({}, {}, 5, true).empty());
}

}  // namespace
}  // namespace sluice
