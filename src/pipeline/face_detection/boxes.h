// Models that decode their own boxes, such as TFLite detectors with the post-processing op:
//
//   boxes [1,N,4]  ymin, xmin, ymax, xmax, in 0..1 of the input's sides
//   scores [1,N] or [1,N,1]  0..1; the output with "score" in its name, or the only one of that shape
//   count [1] or [1,1]  optional: how many of the N are set
//
// Input, by convention: RGB, level / 255.
#pragma once

#include <span>
#include <vector>

#include "pipeline/face_detection/decoder.h"

namespace sluice {

absl::Status CheckBoxesSignature(std::span<const TensorView> outputs, InputSize input);
absl::Status DecodeBoxes(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                         std::vector<FaceBox>& out);

}  // namespace sluice
