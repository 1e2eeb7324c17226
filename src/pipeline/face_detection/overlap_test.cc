#include "pipeline/face_detection/overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice {
namespace {

TEST(OverlapTest, OverlapIsSharedAreaOverAllArea) {
  FaceBox a = {0, 0, 10, 10, 1};
  EXPECT_FLOAT_EQ(Overlap(a, a), 1);
  EXPECT_FLOAT_EQ(Overlap(a, {5, 0, 15, 10, 1}), 50.0f / 150);
  EXPECT_EQ(Overlap(a, {10, 0, 20, 10, 1}), 0);
  EXPECT_EQ(Overlap(a, {30, 30, 40, 40, 1}), 0);
}

TEST(OverlapTest, TheBestOfOverlappingBoxesRemains) {
  std::vector<FaceBox> boxes = {
      {0, 0, 10, 10, 0.6f}, {1, 0, 11, 10, 0.9f}, {50, 50, 60, 60, 0.7f}, {8, 0, 18, 10, 0.5f}};
  SuppressOverlaps(boxes);
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_EQ(boxes[0].score, 0.9f);
  EXPECT_EQ(boxes[1].score, 0.7f);
  EXPECT_EQ(boxes[2].score, 0.5f);  // overlaps the best by 3/17, the suppressed one does not count
}

TEST(OverlapTest, TheResultDoesNotDependOnTheOrderIn) {
  std::vector<FaceBox> boxes;
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    auto x = static_cast<float>(random() % 100), y = static_cast<float>(random() % 100);
    boxes.push_back({x, y, x + 10 + static_cast<float>(random() % 10), y + 12, static_cast<float>(random() % 5) / 5});
  }
  std::vector<FaceBox> first = boxes;
  SuppressOverlaps(first);
  std::shuffle(boxes.begin(), boxes.end(), random);
  SuppressOverlaps(boxes);
  ASSERT_EQ(boxes.size(), first.size());
  for (size_t i = 0; i < boxes.size(); ++i) EXPECT_EQ(boxes[i].x1, first[i].x1);
}

TEST(OverlapTest, OnlyTheBestAreLookedAt) {
  std::vector<FaceBox> boxes;
  for (int i = 0; i < 100; ++i) {
    auto x = static_cast<float>(20 * i);
    boxes.push_back({x, 0, x + 10, 10, static_cast<float>(i) / 100});
  }
  SuppressOverlaps(boxes, 0.3f, 10);
  ASSERT_EQ(boxes.size(), 10u);
  EXPECT_FLOAT_EQ(boxes[9].score, 0.90f);
  std::vector<FaceBox> none;
  SuppressOverlaps(none);
  EXPECT_TRUE(none.empty());
}

TEST(OverlapTest, ABoxBecomesTheWeightedMeanOfThoseThatAgreeWithIt) {
  const std::vector<FaceBox> candidates = {{0, 0, 10, 10, 0.9f}, {1, 0, 11, 10, 0.3f}, {8, 0, 18, 10, 0.8f}};
  std::vector<FaceBox> kept = {candidates[0]};
  VoteBoxes(candidates, 0.5f, kept);
  EXPECT_FLOAT_EQ(kept[0].x1, 0.25f);
  EXPECT_FLOAT_EQ(kept[0].x2, 10.25f);
  EXPECT_FLOAT_EQ(kept[0].y2, 10);
  EXPECT_EQ(kept[0].score, 0.9f);
}

TEST(OverlapTest, ABoxAloneStays) {
  std::vector<FaceBox> kept = {{5, 5, 9, 9, 0.7f}};
  VoteBoxes({{50, 50, 60, 60, 0.9f}}, 0.5f, kept);
  EXPECT_EQ(kept[0].x1, 5);
  VoteBoxes({}, 0.5f, kept);
  EXPECT_EQ(kept[0].y2, 9);
}

}  // namespace
}  // namespace sluice
