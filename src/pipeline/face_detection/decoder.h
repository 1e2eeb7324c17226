// What all face decoders have in common: outputs of a network in, boxes out. Pure functions, any thread.
#pragma once

#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/tensor.h"
#include "pipeline/face_detection/box.h"

namespace sluice {

// Of the model's input, in pixels.
struct InputSize {
  int width;
  int height;
};

// Checks at load that a model's outputs (names, types, shapes; no data) are what the decoder reads for this input size.
// Error: FAILED_PRECONDITION that names the output at fault, for the operator's log.
using CheckSignatureFn = absl::Status(std::span<const TensorView> outputs, InputSize input);

// Appends the boxes of one item with score >= raw_threshold to `out`, in input pixels, unsorted, before suppression.
// `outputs` have a first dimension of 1. Scores or coordinates that are not finite give no box. Outputs unlike those
// that were checked at load are an INTERNAL error; nothing is read beyond them.
using DecodeFn = absl::Status(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                              std::vector<FaceBox>& out);

struct FaceDecoder {
  std::string_view name;  // as the catalog's `decoder:`
  CheckSignatureFn* check_signature;
  DecodeFn* decode;
};

// Each in a file of its name, which says what it reads.
CheckSignatureFn CheckYunetSignature, CheckCenterfaceSignature, CheckBlazefaceSignature, CheckBoxesSignature;
DecodeFn DecodeYunet, DecodeCenterface, DecodeBlazeface, DecodeBoxes;

// All decoders, in the order of the documentation: yunet, centerface, blazeface, boxes.
std::span<const FaceDecoder> FaceDecoders();
// Null when there is none of that name.
const FaceDecoder* FindFaceDecoder(std::string_view name);

// --- For the decoders' own use ---

// Appends the box unless it is empty or not finite.
inline void AppendBox(float x1, float y1, float x2, float y2, float score, std::vector<FaceBox>& out) {
  bool finite = std::isfinite(x1) && std::isfinite(y1) && std::isfinite(x2) && std::isfinite(y2);
  if (finite && x2 > x1 && y2 > y1) out.push_back({x1, y1, x2, y2, score});
}

// Null when no output is called `name`.
const TensorView* FindTensor(std::span<const TensorView> outputs, std::string_view name);

// Whether `shape` is `expected`; a -1 on either side stands for any size.
bool ShapeIs(const Shape& shape, std::initializer_list<int64_t> expected);

// FAILED_PRECONDITION "<what> should be float32 [1,400,1], but is int64 [1,400]".
absl::Status CheckTensor(const TensorView& tensor, std::initializer_list<int64_t> expected);
absl::Status MissingOutput(std::string_view decoder, std::string_view what, std::span<const TensorView> outputs);

// The first `count` floats of an output; null when it is missing, of another type, or shorter.
const float* FloatsOf(const TensorView* tensor, size_t count);
absl::Status UnexpectedOutputs();

}  // namespace sluice
