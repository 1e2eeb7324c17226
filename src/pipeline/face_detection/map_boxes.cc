#include "pipeline/face_detection/map_boxes.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

// Clipped before it is rounded: a float beyond the range of int must not be converted.
int Pixel(float at, double factor, int side) {
  return static_cast<int>(std::lround(std::clamp(at * factor, 0.0, static_cast<double>(side))));
}

}  // namespace

void MapBoxes(std::span<const FaceBox> boxes, const Placement& placement, int image_width, int image_height,
              const Calibration& calibration, std::vector<PixelBox>& out) {
  out.clear();
  double factor_x = static_cast<double>(image_width) / placement.width;
  double factor_y = static_cast<double>(image_height) / placement.height;
  for (const FaceBox& box : boxes) {
    int x1 = Pixel(box.x1, factor_x, image_width);
    int y1 = Pixel(box.y1, factor_y, image_height);
    int x2 = Pixel(box.x2, factor_x, image_width);
    int y2 = Pixel(box.y2, factor_y, image_height);
    if (x2 <= x1 || y2 <= y1) continue;
    out.push_back({x1, y1, x2 - x1, y2 - y1, calibration.Confidence(box.score)});
  }
}

}  // namespace sluice
