#include "pipeline/face_detection/pyramid.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

// Value of channel c at (x, y): tells the three apart, and the mean of four neighbours is the value at their middle.
float Ramp(float x, float y, int c) { return x + 100 * y + 10000.0f * static_cast<float>(c + 1); }

size_t At(const InputFormat& format, int x, int y, int c) {
  return format.layout == Layout::kNchw ? (static_cast<size_t>(c) * format.height + y) * format.width + x
                                        : (static_cast<size_t>(y) * format.width + x) * 3 + c;
}

TEST(PyramidTest, EveryPixelIsTheMeanOfFourInBothLayouts) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    const InputFormat format = {.width = 8, .height = 6, .layout = layout};
    const InputFormat half = Halved(format);
    ASSERT_EQ(half.width, 4);
    ASSERT_EQ(half.height, 3);
    std::vector<float> in(format.values()), out(half.values(), -1);
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < format.height; ++y) {
        for (int x = 0; x < format.width; ++x)
          in[At(format, x, y, c)] = Ramp(static_cast<float>(x), static_cast<float>(y), c);
      }
    }
    Halve(format, in.data(), out.data());
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < half.height; ++y) {
        for (int x = 0; x < half.width; ++x)
          EXPECT_FLOAT_EQ(out[At(half, x, y, c)], Ramp(2.0f * x + 0.5f, 2.0f * y + 0.5f, c));
      }
    }
  }
}

TEST(PyramidTest, AnOddLastRowAndColumnAreLeftOut) {
  const InputFormat format = {.width = 3, .height = 3};
  std::vector<float> in(format.values(), 9), out(3, 0);
  for (const int y : {0, 1}) {
    for (const int x : {0, 1}) in[y * 3 + x] = 4;
  }
  Halve(format, in.data(), out.data());
  EXPECT_EQ(out, std::vector<float>({4, 9, 9}));
}

FaceBox Square(float side, float score) { return {10, 20, 10 + side, 20 + side, score}; }

TEST(PyramidTest, WithoutHalvingsEveryFaceStays) {
  std::vector<FaceBox> boxes = {Square(1, 0.5f), Square(5000, 0.5f)};
  KeepOwn(LevelOf(0, 0, 128), 0, boxes);
  EXPECT_EQ(boxes.size(), 2u);
  EXPECT_EQ(boxes[1].x2, 5010);
}

TEST(PyramidTest, EachSizeKeepsItsOwnFacesInTheInputsPixels) {
  struct Case {
    int times;
    std::vector<float> kept;
  };
  for (const Case& at : {Case{0, {4, 100}}, Case{1, {100}}, Case{2, {100, 200}}}) {
    std::vector<FaceBox> boxes = {Square(1000, 0.9f), Square(4, 0.1f), Square(100, 0.2f), Square(200, 0.3f)};
    KeepOwn(LevelOf(at.times, 2, 128), 1, boxes);  // the first box is another level's
    const auto factor = static_cast<float>(1 << at.times);
    ASSERT_EQ(boxes.size(), 1 + at.kept.size()) << at.times;
    EXPECT_EQ(boxes[0].x2, 1010);
    for (size_t i = 0; i < at.kept.size(); ++i) {
      EXPECT_FLOAT_EQ(boxes[i + 1].x1, 10 * factor);
      EXPECT_FLOAT_EQ(boxes[i + 1].x2 - boxes[i + 1].x1, at.kept[i] * factor);
    }
  }
}

}  // namespace
}  // namespace sluice
