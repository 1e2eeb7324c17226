// The way of ImageNet's nets: the shorter side to a given length, and the middle of it cut out.
#pragma once

#include <span>
#include <vector>

#include "pipeline/image/image.h"
#include "pipeline/image/resize.h"

namespace sluice {

// Where the window of `format.width` × `format.height` lies in the image whose shorter side is `shorter`; both in
// pixels after resizing. Rounded as torchvision does.
struct CropPlan {
  int width = 0, height = 0;  // of the resized image
  int left = 0, top = 0;
};
CropPlan PlanCrop(int image_width, int image_height, int shorter, int crop_width, int crop_height);

// Owned and used by one thread; keeps its buffers.
class CentreCrop {
 public:
  // Fills all of `tensor` (format.values() floats). `shorter` >= the larger side of the format; `format.mode` is not
  // looked at. Only the middle of an image longer than four times its width counts.
  void Resize(const Image& image, const ImageInfo& info, const InputFormat& format, int shorter,
              std::span<float> tensor);

 private:
  const Image& WithoutEnds(const Image& image);

  Resizer resizer_;
  Image middle_;
  std::vector<float> whole_;  // the resized image
};

}  // namespace sluice
