#include "pipeline/image/placement.h"

#include <algorithm>
#include <cmath>

namespace sluice {

Placement PlaceImage(ResizeMode mode, int image_width, int image_height, int input_width, int input_height) {
  if (mode == ResizeMode::kStretch) return {input_width, input_height};
  double across = static_cast<double>(input_width) / image_width;
  double down = static_cast<double>(input_height) / image_height;
  double factor = std::min(across, down);
  auto scaled = [factor](int side, int side_max) {
    return std::clamp(static_cast<int>(std::lround(side * factor)), 1, side_max);
  };
  return {scaled(image_width, input_width), scaled(image_height, input_height)};
}

}  // namespace sluice
