// BlazeFace of MediaPipe: short range (input 128 × 128, 896 anchors) and full range (192 × 192, 2304 anchors).
//
//   regressors [1,N,16]  0..3 = centre x, centre y, width, height in input pixels, the centre from the anchor's
//   classifiers [1,N,1]  logits
//
// Found by their shapes. Anchors have a fixed size, so only their centres matter: short range has 2 at each cell of a
// 16 × 16 grid, then 6 at each of 8 × 8; full range 1 at each of 48 × 48. Input: RGB, level / 127.5 - 1.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "pipeline/face_detection/decoder.h"

namespace sluice {
namespace {

constexpr int kRegressorValues = 16;
constexpr float kLogitMax = 100.0f;

// Anchors of one grid of side × side cells, several at each cell.
struct AnchorGrid {
  int side;
  int per_cell;
  int count() const { return side * side * per_cell; }
};

struct Variant {
  int input;
  std::span<const AnchorGrid> grids;
  int count() const {
    int total = 0;
    for (const AnchorGrid& grid : grids) total += grid.count();
    return total;
  }
};

constexpr AnchorGrid kShortGrids[] = {{16, 2}, {8, 6}};
constexpr AnchorGrid kFullGrids[] = {{48, 1}};
constexpr Variant kVariants[] = {{128, kShortGrids}, {192, kFullGrids}};

const Variant* VariantOf(InputSize input) {
  for (const Variant& variant : kVariants) {
    if (input.width == variant.input && input.height == variant.input) return &variant;
  }
  return nullptr;
}

const TensorView* FindByValues(std::span<const TensorView> outputs, int64_t anchors, int64_t values) {
  for (const TensorView& output : outputs) {
    if (ShapeIs(output.shape, {1, anchors, values})) return &output;
  }
  return nullptr;
}

float Logit(float probability) {
  if (!(probability > 0)) return -std::numeric_limits<float>::infinity();
  return probability < 1 ? std::log(probability / (1 - probability)) : kLogitMax;
}

}  // namespace

absl::Status CheckBlazefaceSignature(std::span<const TensorView> outputs, InputSize input) {
  const Variant* variant = VariantOf(input);
  if (variant == nullptr) {
    return absl::FailedPreconditionError("decoder 'blazeface' needs an input of 128x128 (short) or 192x192 (full)");
  }
  const TensorView* regressors = FindByValues(outputs, variant->count(), kRegressorValues);
  const TensorView* classifiers = FindByValues(outputs, variant->count(), 1);
  if (regressors == nullptr || classifiers == nullptr) {
    return MissingOutput("blazeface", "regressors [1,N,16] and classifiers [1,N,1]", outputs);
  }
  RETURN_IF_ERROR(CheckTensor(*regressors, {1, variant->count(), kRegressorValues}));
  return CheckTensor(*classifiers, {1, variant->count(), 1});
}

absl::Status DecodeBlazeface(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                             std::vector<FaceBox>& out) {
  const Variant* variant = VariantOf(input);
  if (variant == nullptr) return UnexpectedOutputs();
  size_t count = static_cast<size_t>(variant->count());
  const float* values = FloatsOf(FindByValues(outputs, variant->count(), kRegressorValues), count * kRegressorValues);
  const float* logits = FloatsOf(FindByValues(outputs, variant->count(), 1), count);
  if (values == nullptr || logits == nullptr) return UnexpectedOutputs();
  float logit_min = Logit(raw_threshold);
  for (const AnchorGrid& grid : variant->grids) {
    float cell_pixels = static_cast<float>(variant->input) / static_cast<float>(grid.side);
    for (int i = 0; i < grid.count(); ++i, values += kRegressorValues, ++logits) {
      if (!(*logits >= logit_min)) continue;
      int cell = i / grid.per_cell;
      int column = cell % grid.side, row = cell / grid.side;
      float x = (static_cast<float>(column) + 0.5f) * cell_pixels + values[0];
      float y = (static_cast<float>(row) + 0.5f) * cell_pixels + values[1];
      float score = 1 / (1 + std::exp(-std::clamp(*logits, -kLogitMax, kLogitMax)));
      AppendBox(x - values[2] / 2, y - values[3] / 2, x + values[2] / 2, y + values[3] / 2, score, out);
    }
  }
  return absl::OkStatus();
}

}  // namespace sluice
