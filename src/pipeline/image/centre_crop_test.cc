#include "pipeline/image/centre_crop.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(CentreCrop, PlansAsTorchvision) {
  const auto check = [](int width, int height, CropPlan wanted) {
    const CropPlan plan = PlanCrop(width, height, 256, 224, 224);
    EXPECT_EQ(plan.width, wanted.width);
    EXPECT_EQ(plan.height, wanted.height);
    EXPECT_EQ(plan.left, wanted.left);
    EXPECT_EQ(plan.top, wanted.top);
  };
  check(500, 375, {341, 256, 58, 16});  // (341 - 224) / 2 = 58.5, half to even
  check(375, 500, {256, 341, 16, 58});
  check(256, 256, {256, 256, 16, 16});
  check(100, 1, {25600, 256, 12688, 16});
}

// Columns of one level each: what is cut out shows in the values.
TEST(CentreCrop, TakesTheMiddle) {
  Image image;
  image.Allocate(8, 4, ColorOrder::kRgb);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 8 * 3; ++x) image.Row(y)[x] = static_cast<uint8_t>(x / 3 * 10);
  }
  const ImageInfo info{.width = 8, .height = 4};
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    const InputFormat format{.width = 4, .height = 4, .layout = layout};
    std::vector<float> tensor(format.values());
    CentreCrop().Resize(image, info, format, 4, tensor);
    for (int x = 0; x < 4; ++x) EXPECT_NEAR(tensor[layout == Layout::kNchw ? x : x * 3], (x + 2) * 10, 0.01) << x;
  }
}

}  // namespace
}  // namespace sluice
