// YuNet (opencv_zoo 2023mar and the dynamic export of its authors): no anchors, three strides.
//
//   per stride s in 8, 16, 32, N = (width / s)(height / s), cells by rows:
//   cls_s [1,N,1]  obj_s [1,N,1]  0..1; score = sqrt(cls * obj)
//   bbox_s [1,N,4]  centre = (cell + b[0..1]) * s, size = exp(b[2..3]) * s
//
// The outputs are found by their shapes, because engines rename them; the landmarks (kps_s) are not read.
// Input: BGR, 0..255; sides multiples of 32.
#pragma once

#include <span>
#include <vector>

#include "pipeline/face_detection/decoder.h"

namespace sluice {

absl::Status CheckYunetSignature(std::span<const TensorView> outputs, InputSize input);
absl::Status DecodeYunet(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                         std::vector<FaceBox>& out);

}  // namespace sluice
