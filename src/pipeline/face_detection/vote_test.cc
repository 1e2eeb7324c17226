#include "pipeline/face_detection/vote.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(VoteTest, ABoxBecomesTheWeightedMeanOfThoseThatAgreeWithIt) {
  const std::vector<FaceBox> candidates = {{0, 0, 10, 10, 0.9f}, {1, 0, 11, 10, 0.3f}, {8, 0, 18, 10, 0.8f}};
  std::vector<FaceBox> kept = {candidates[0]};
  VoteBoxes(candidates, 0.5f, kept);
  EXPECT_FLOAT_EQ(kept[0].x1, 0.25f);
  EXPECT_FLOAT_EQ(kept[0].x2, 10.25f);
  EXPECT_FLOAT_EQ(kept[0].y2, 10);
  EXPECT_EQ(kept[0].score, 0.9f);
}

TEST(VoteTest, ABoxAloneStays) {
  std::vector<FaceBox> kept = {{5, 5, 9, 9, 0.7f}};
  VoteBoxes({{50, 50, 60, 60, 0.9f}}, 0.5f, kept);
  EXPECT_EQ(kept[0].x1, 5);
  VoteBoxes({}, 0.5f, kept);
  EXPECT_EQ(kept[0].y2, 9);
}

}  // namespace
}  // namespace sluice
