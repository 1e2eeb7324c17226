#include "pipeline/face_detection/calibration.h"

#include <algorithm>

namespace sluice {
namespace {

float Bounded(float value) { return value > 0 ? std::min(value, 1.0f) : 0.0f; }

// Moves odds: value : (1 - value) becomes value * up : (1 - value) * down.
float Shift(float value, float up, float down) {
  float bounded = Bounded(value);
  return bounded * up / (bounded * up + (1 - bounded) * down);
}

}  // namespace

Calibration::Calibration(float threshold) : threshold_(std::clamp(Bounded(threshold), 0.001f, 0.999f)) {}

float Calibration::Confidence(float raw) const { return Shift(raw, 1 - threshold_, threshold_); }

float Calibration::Raw(float confidence) const { return Shift(confidence, threshold_, 1 - threshold_); }

}  // namespace sluice
