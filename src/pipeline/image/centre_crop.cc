#include "pipeline/image/centre_crop.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sluice {
namespace {

// Bounds the resized image: 16384 × 10 pixels would become 400,000 × 256.
constexpr int kAspectMax = 4;

}  // namespace

CropPlan PlanCrop(int image_width, int image_height, int shorter, int crop_width, int crop_height) {
  const bool wide = image_width >= image_height;
  const int64_t longer =
      static_cast<int64_t>(shorter) * std::max(image_width, image_height) / std::min(image_width, image_height);
  CropPlan plan{.width = wide ? static_cast<int>(longer) : shorter,
                .height = wide ? shorter : static_cast<int>(longer)};
  // Half to even, as Python rounds.
  plan.left = static_cast<int>(std::nearbyint((plan.width - crop_width) / 2.0));
  plan.top = static_cast<int>(std::nearbyint((plan.height - crop_height) / 2.0));
  return plan;
}

const Image& CentreCrop::WithoutEnds(const Image& image) {
  const int shorter = std::min(image.width, image.height), longest = kAspectMax * shorter;
  if (std::max(image.width, image.height) <= longest) return image;
  const int width = std::min(image.width, longest), height = std::min(image.height, longest);
  const int left = (image.width - width) / 2, top = (image.height - height) / 2;
  middle_.Allocate(width, height, image.order);
  for (int y = 0; y < height; ++y) std::memcpy(middle_.Row(y), image.Row(top + y) + left * 3, middle_.stride());
  return middle_;
}

void CentreCrop::Resize(const Image& image, const ImageInfo& info, const InputFormat& format, int shorter,
                        std::span<float> tensor) {
  const Image& source = WithoutEnds(image);
  // The ends that are cut off change the proportions; otherwise the original's are exact.
  const bool cut = &source != &image;
  const int stored_width = cut ? source.width : info.stored_width();
  const int stored_height = cut ? source.height : info.stored_height();
  const CropPlan plan =
      PlanCrop(info.transposed() ? stored_height : stored_width, info.transposed() ? stored_width : stored_height,
               shorter, format.width, format.height);
  InputFormat whole = format;
  whole.width = plan.width;
  whole.height = plan.height;
  whole.mode = ResizeMode::kStretch;
  whole_.resize(whole.values());
  resizer_.Resize(source, info, whole, whole_);

  const bool planar = format.layout == Layout::kNchw;
  const size_t channels = planar ? 1 : 3;  // beside each other
  float* out = tensor.data();
  for (int plane = 0; plane < (planar ? 3 : 1); ++plane) {
    const float* from = whole_.data() + static_cast<size_t>(plane) * plan.width * plan.height;
    for (int y = 0; y < format.height; ++y) {
      const size_t start = (static_cast<size_t>(plan.top + y) * plan.width + plan.left) * channels;
      out = std::copy_n(from + start, format.width * channels, out);
    }
  }
}

}  // namespace sluice
