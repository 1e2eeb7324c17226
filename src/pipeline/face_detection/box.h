// A face, in the model's input and in the image.
#pragma once

#include <cstdint>

namespace sluice {

// In pixels of the model's input, may reach beyond it; x1 < x2 and y1 < y2, all finite. `score` is the model's own,
// 0..1.
struct FaceBox {
  float x1;
  float y1;
  float x2;
  float y2;
  float score;
};

// In whole pixels of the upright original, inside it, at least 1 × 1. `confidence` is calibrated: 0.5 at the model's
// threshold.
struct PixelBox {
  int32_t x;
  int32_t y;
  int32_t width;
  int32_t height;
  float confidence;
};

}  // namespace sluice
