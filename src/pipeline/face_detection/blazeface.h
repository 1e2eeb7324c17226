// BlazeFace of MediaPipe: short range (input 128 × 128, 896 anchors) and full range (192 × 192, 2304 anchors).
//
//   regressors [1,N,16]  0..3 = centre x, centre y, width, height in input pixels, the centre from the anchor's
//   classifiers [1,N,1]  logits
//
// Found by their shapes. Anchors have a fixed size, so only their centres matter: short range has 2 at each cell of a
// 16 × 16 grid, then 6 at each of 8 × 8; full range 1 at each of 48 × 48. Input: RGB, level / 127.5 - 1.
#pragma once

#include <span>
#include <vector>

#include "pipeline/face_detection/decoder.h"

namespace sluice {

absl::Status CheckBlazefaceSignature(std::span<const TensorView> outputs, InputSize input);
absl::Status DecodeBlazeface(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                             std::vector<FaceBox>& out);

}  // namespace sluice
