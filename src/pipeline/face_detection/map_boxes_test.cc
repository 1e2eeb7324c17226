#include "pipeline/face_detection/map_boxes.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::vector<PixelBox> Map(const FaceBox& box, const Placement& placement, int width, int height) {
  std::vector<PixelBox> out = {{9, 9, 9, 9, 9}};
  MapBoxes({&box, 1}, placement, width, height, Calibration(0.5f), out);
  return out;
}

TEST(MapBoxesTest, UndoesLetterboxAndStretch) {
  Placement letterbox = PlaceImage(ResizeMode::kLetterbox, 640, 480, 320, 320);
  std::vector<PixelBox> boxes = Map({10, 20, 30, 50, 0.75f}, letterbox, 640, 480);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0].x, 20);
  EXPECT_EQ(boxes[0].y, 40);
  EXPECT_EQ(boxes[0].width, 40);
  EXPECT_EQ(boxes[0].height, 60);
  EXPECT_FLOAT_EQ(boxes[0].confidence, 0.75f);

  boxes = Map({10, 20, 30, 50, 0.75f}, PlaceImage(ResizeMode::kStretch, 640, 480, 320, 320), 640, 480);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0].y, 30);
  EXPECT_EQ(boxes[0].height, 45);
}

TEST(MapBoxesTest, BoxesAreClippedToThePicture) {
  std::vector<PixelBox> boxes = Map({-50, -1e30f, 1e30f, 400, 1}, {320, 320}, 100, 80);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0].x, 0);
  EXPECT_EQ(boxes[0].y, 0);
  EXPECT_EQ(boxes[0].width, 100);
  EXPECT_EQ(boxes[0].height, 80);
}

TEST(MapBoxesTest, EmptyBoxesAreDropped) {
  EXPECT_TRUE(Map({330, 10, 350, 30, 1}, {320, 320}, 640, 480).empty());   // in the padding
  EXPECT_TRUE(Map({10, 10, 10.1f, 30, 1}, {320, 320}, 320, 320).empty());  // rounds to nothing
  EXPECT_TRUE(Map({-30, -30, -10, -10, 1}, {320, 320}, 320, 320).empty());
}

}  // namespace
}  // namespace sluice
