#include "pipeline/image/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "pipeline/image/testing/encode.h"

namespace sluice {
namespace {

Image Noise(int width, int height, ColorOrder order = ColorOrder::kRgb) {
  Image image;
  image.Allocate(width, height, order);
  std::mt19937 random(static_cast<unsigned>(width * 31 + height));
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random());
  return image;
}

ImageInfo InfoOf(const Image& image, int orientation = 1) {
  ImageInfo info;
  info.orientation = orientation;
  info.width = orientation >= 5 ? image.height : image.width;
  info.height = orientation >= 5 ? image.width : image.height;
  return info;
}

// The EXIF orientations by their definition: pixel (x, y) of the upright image.
const uint8_t* Upright(const Image& image, int orientation, int x, int y) {
  int w = image.width - 1;
  int h = image.height - 1;
  switch (orientation) {
    case 2: return image.Row(y) + 3 * (w - x);
    case 3: return image.Row(h - y) + 3 * (w - x);
    case 4: return image.Row(h - y) + 3 * x;
    case 5: return image.Row(x) + 3 * y;
    case 6: return image.Row(h - x) + 3 * y;
    case 7: return image.Row(h - x) + 3 * (w - y);
    case 8: return image.Row(x) + 3 * (w - y);
    default: return image.Row(y) + 3 * x;
  }
}

// Slow and plain: bilinear with pixel centres on the upright image, RGB, as OpenCV's INTER_LINEAR.
double Reference(const Image& image, const ImageInfo& info, const Placement& placement, int x, int y, int c) {
  double at_x = std::clamp((x + 0.5) * info.width / placement.width - 0.5, 0.0, info.width - 1.0);
  double at_y = std::clamp((y + 0.5) * info.height / placement.height - 0.5, 0.0, info.height - 1.0);
  int x0 = static_cast<int>(at_x), x1 = std::min(x0 + 1, info.width - 1);
  int y0 = static_cast<int>(at_y), y1 = std::min(y0 + 1, info.height - 1);
  double fx = at_x - x0, fy = at_y - y0;
  auto level = [&](int px, int py) { return static_cast<double>(Upright(image, info.orientation, px, py)[c]); };
  return (level(x0, y0) * (1 - fx) + level(x1, y0) * fx) * (1 - fy) +
         (level(x0, y1) * (1 - fx) + level(x1, y1) * fx) * fy;
}

float At(const std::vector<float>& tensor, const InputFormat& format, int x, int y, int c) {
  size_t pixel = static_cast<size_t>(y) * format.width + x;
  size_t plane = static_cast<size_t>(format.width) * format.height;
  return format.layout == Layout::kNchw ? tensor[c * plane + pixel] : tensor[pixel * 3 + c];
}

double WorstDifference(const Image& image, const ImageInfo& info, const InputFormat& format) {
  std::vector<float> tensor(format.values(), -1000.0f);
  Resizer resizer;
  Placement placement = resizer.Resize(image, info, format, tensor);
  bool swap = image.order != format.order;
  double worst = 0;
  for (int y = 0; y < format.height; ++y) {
    for (int x = 0; x < format.width; ++x) {
      bool inside = x < placement.width && y < placement.height;
      for (int c = 0; c < 3; ++c) {
        double level = inside ? Reference(image, info, placement, x, y, swap ? 2 - c : c) : 0;
        double wanted = (level * format.scale - format.mean[c]) / format.std[c];
        worst = std::max(worst, std::abs(wanted - At(tensor, format, x, y, c)));
      }
    }
  }
  return worst;
}

TEST(ResizeTest, EqualsTheReferenceForEveryOrientationLayoutOrderAndMode) {
  Image image = Noise(97, 61);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (Layout layout : {Layout::kNchw, Layout::kNhwc}) {
      for (ColorOrder order : {ColorOrder::kRgb, ColorOrder::kBgr}) {
        for (ResizeMode mode : {ResizeMode::kStretch, ResizeMode::kLetterbox}) {
          InputFormat format = {.width = 70, .height = 53, .layout = layout, .order = order, .mode = mode};
          EXPECT_LT(WorstDifference(image, InfoOf(image, orientation), format), 0.1)
              << "orientation " << orientation << " layout " << static_cast<int>(layout);
        }
      }
    }
  }
}

TEST(ResizeTest, SizesFromOnePixelUp) {
  for (auto [width, height] : {std::pair{1, 1}, {1, 7}, {7, 1}, {2, 2}, {5, 3}, {40, 40}, {79, 79}}) {
    Image image = Noise(width, height);
    for (ResizeMode mode : {ResizeMode::kStretch, ResizeMode::kLetterbox}) {
      for (int orientation : {1, 6}) {
        InputFormat format = {.width = 41, .height = 40, .mode = mode};
        EXPECT_LT(WorstDifference(image, InfoOf(image, orientation), format), 0.1) << width << "x" << height;
      }
    }
  }
}

TEST(ResizeTest, Normalises) {
  Image image = Noise(50, 40);
  InputFormat format = {.width = 32,
                        .height = 32,
                        .mode = ResizeMode::kLetterbox,
                        .scale = 1 / 255.0f,
                        .mean = {0.485f, 0.456f, 0.406f},
                        .std = {0.229f, 0.224f, 0.225f}};
  EXPECT_LT(WorstDifference(image, InfoOf(image), format), 0.002);
}

TEST(ResizeTest, FarSmallerIsTheAverageNotASample) {
  Image image = Noise(1600, 1200);  // noise averages to mid-grey; samples of it would stay noise
  InputFormat format = {.width = 32, .height = 32, .mode = ResizeMode::kStretch};
  std::vector<float> tensor(format.values());
  for (int orientation : {1, 3, 6}) {
    Resizer resizer;
    resizer.Resize(image, InfoOf(image, orientation), format, tensor);
    for (float value : tensor) ASSERT_NEAR(value, 127.5, 15);
  }
}

TEST(ResizeTest, FarSmallerKeepsPlace) {
  Image image = testing::Pattern(1001, 777);
  Resizer resizer;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    ImageInfo info = InfoOf(image, orientation);
    InputFormat format = {.width = 64, .height = 64, .mode = ResizeMode::kStretch};
    std::vector<float> tensor(format.values());
    Placement placement = resizer.Resize(image, info, format, tensor);
    for (int y = 2; y < 62; ++y) {
      for (int x = 2; x < 62; ++x) {
        for (int c = 0; c < 2; ++c) {  // the smooth channels
          ASSERT_NEAR(At(tensor, format, x, y, c), Reference(image, info, placement, x, y, c), 1.5) << orientation;
        }
      }
    }
  }
}

TEST(ResizeTest, AShrunkPicturesExtentKeepsPlace) {
  // 1001 columns in blocks of 8: 126 columns, of which the last is mostly outside.
  Image whole = testing::Pattern(1001, 1001);
  Image shrunk;
  RowShrinker shrinker;
  shrinker.Start(1001, 8, 8);
  shrunk.Allocate(126, 126, ColorOrder::kRgb);
  shrunk.extent_x = shrunk.extent_y = 1001 / 8.0;
  for (int y = 0; y < 1001; ++y) {
    shrinker.Add(whole.Row(y));
    if (shrinker.full() || y == 1000) shrinker.Take(shrunk.Row(y / 8));
  }
  InputFormat format = {.width = 96, .height = 96, .mode = ResizeMode::kStretch};
  std::vector<float> a(format.values()), b(format.values());
  Resizer resizer;
  resizer.Resize(whole, InfoOf(whole), format, a);
  resizer.Resize(shrunk, InfoOf(whole), format, b);
  for (int y = 0; y < 96; ++y) {
    for (int x = 0; x < 96; ++x) {
      for (int c = 0; c < 2; ++c) ASSERT_NEAR(At(a, format, x, y, c), At(b, format, x, y, c), 1.1) << x << "," << y;
    }
  }
}

TEST(PlacementTest, LetterboxKeepsTheAspectAndAtLeastOnePixel) {
  Placement wide = PlaceImage(ResizeMode::kLetterbox, 640, 480, 320, 320);
  EXPECT_EQ(wide.width, 320);
  EXPECT_EQ(wide.height, 240);
  Placement thread = PlaceImage(ResizeMode::kLetterbox, 16384, 2, 320, 320);
  EXPECT_EQ(thread.width, 320);
  EXPECT_EQ(thread.height, 1);
  Placement stretched = PlaceImage(ResizeMode::kStretch, 640, 480, 320, 256);
  EXPECT_EQ(stretched.width, 320);
  EXPECT_EQ(stretched.height, 256);
}

}  // namespace
}  // namespace sluice
