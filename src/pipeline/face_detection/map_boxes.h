// From the model's input back to the image.
#pragma once

#include <span>
#include <vector>

#include "pipeline/face_detection/box.h"
#include "pipeline/face_detection/calibration.h"
#include "pipeline/image/resize.h"

namespace sluice {

// Replaces the content of `out` (its buffer is reused) by `boxes` in pixels of the upright original of image_width ×
// image_height: edges rounded to whole pixels, clipped to the image, empty ones dropped; the order stays.
void MapBoxes(std::span<const FaceBox> boxes, const Placement& placement, int image_width, int image_height,
              const Calibration& calibration, std::vector<PixelBox>& out);

}  // namespace sluice
