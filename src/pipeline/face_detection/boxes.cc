// Models that decode their own boxes, such as TFLite detectors with the post-processing op:
//
//   boxes [1,N,4]  ymin, xmin, ymax, xmax, in 0..1 of the input's sides
//   scores [1,N] or [1,N,1]  0..1; the output with "score" in its name, or the only one of that shape
//   count [1] or [1,1]  optional: how many of the N are set
//
// Input, by convention: RGB, level / 255.
#include <algorithm>

#include "base/error.h"
#include "pipeline/face_detection/decoder.h"

namespace sluice {
namespace {

struct Outputs {
  const TensorView* boxes = nullptr;
  const TensorView* scores = nullptr;
  const TensorView* count = nullptr;
};

bool HasCountShape(const TensorView& tensor) { return ShapeIs(tensor.shape, {1}) || ShapeIs(tensor.shape, {1, 1}); }

bool HasScoreShape(const TensorView& tensor, int64_t boxes) {
  return ShapeIs(tensor.shape, {1, boxes}) || ShapeIs(tensor.shape, {1, boxes, 1});
}

// "scores", "Scores", "detection_scores", ...
bool SaysScore(std::string_view name) { return name.find("core") != std::string_view::npos; }

Outputs FindOutputs(std::span<const TensorView> outputs) {
  Outputs found;
  for (const TensorView& output : outputs) {
    if (ShapeIs(output.shape, {1, -1, 4}) && found.boxes == nullptr) found.boxes = &output;
  }
  if (found.boxes == nullptr) return found;
  int candidates = 0;
  const TensorView* last = nullptr;
  for (const TensorView& output : outputs) {
    if (&output == found.boxes) continue;
    if (HasScoreShape(output, found.boxes->shape[1])) {
      ++candidates;
      last = &output;
      if (SaysScore(output.name)) found.scores = &output;
    } else if (HasCountShape(output)) {
      found.count = &output;
    }
  }
  if (found.scores == nullptr && candidates == 1) found.scores = last;
  return found;
}

// NaN and negative counts are none.
size_t CountOf(const TensorView* count, size_t boxes) {
  const float* value = FloatsOf(count, 1);
  if (value == nullptr) return boxes;
  return *value > 0 ? static_cast<size_t>(std::min(*value, static_cast<float>(boxes))) : 0;
}

}  // namespace

absl::Status CheckBoxesSignature(std::span<const TensorView> outputs, InputSize input) {
  Outputs found = FindOutputs(outputs);
  if (found.boxes == nullptr || found.scores == nullptr) {
    return MissingOutput("boxes", "boxes [1,N,4] and scores [1,N]", outputs);
  }
  RETURN_IF_ERROR(CheckTensor(*found.boxes, {1, -1, 4}));
  if (found.scores->dtype != DType::kFp32) return MissingOutput("boxes", "float32 scores", outputs);
  return absl::OkStatus();
}

absl::Status DecodeBoxes(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                         std::vector<FaceBox>& out) {
  Outputs found = FindOutputs(outputs);
  if (found.boxes == nullptr || found.boxes->shape[1] < 0) return UnexpectedOutputs();
  size_t count = static_cast<size_t>(found.boxes->shape[1]);
  const float* boxes = FloatsOf(found.boxes, count * 4);
  const float* scores = FloatsOf(found.scores, count);
  if (boxes == nullptr || scores == nullptr) return UnexpectedOutputs();
  count = CountOf(found.count, count);
  auto width = static_cast<float>(input.width);
  auto height = static_cast<float>(input.height);
  for (size_t i = 0; i < count; ++i, boxes += 4) {
    if (!(scores[i] >= raw_threshold)) continue;
    AppendBox(boxes[1] * width, boxes[0] * height, boxes[3] * width, boxes[2] * height, std::min(scores[i], 1.0f), out);
  }
  return absl::OkStatus();
}

}  // namespace sluice
