// YuNet (opencv_zoo 2023mar and the dynamic export of its authors): no anchors, three strides.
//
//   per stride s in 8, 16, 32, N = (width / s)(height / s), cells by rows:
//   cls_s [1,N,1]  obj_s [1,N,1]  0..1; score = sqrt(cls * obj)
//   bbox_s [1,N,4]  centre = (cell + b[0..1]) * s, size = exp(b[2..3]) * s
//
// The outputs are found by their shapes, because engines rename them; the landmarks (kps_s) are not read.
// Input: BGR, 0..255; sides multiples of 32.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/strings.h"
#include "pipeline/face_detection/decoder.h"

namespace sluice {
namespace {

constexpr int kStrides[] = {8, 16, 32};

struct Grid {
  int columns;
  int rows;
  int stride;
};

void DecodeLevel(const Grid& grid, const float* cls, const float* obj, const float* bbox, float raw_threshold,
                 std::vector<FaceBox>& out) {
  // score >= t means cls * obj >= t², and, as obj <= 1, cls >= t²: one comparison passes over nearly every cell.
  float product_min = raw_threshold * raw_threshold;
  auto stride = static_cast<float>(grid.stride);
  int cells = grid.columns * grid.rows;
  for (int i = 0; i < cells; ++i) {
    if (!(cls[i] >= product_min)) continue;
    float product = std::clamp(cls[i], 0.0f, 1.0f) * std::clamp(obj[i], 0.0f, 1.0f);
    if (!(product >= product_min)) continue;
    const float* b = bbox + 4 * static_cast<size_t>(i);
    const int row = i / grid.columns, column = i % grid.columns;
    float x = (static_cast<float>(column) + b[0]) * stride;
    float y = (static_cast<float>(row) + b[1]) * stride;
    float half_width = std::exp(b[2]) * stride / 2;
    float half_height = std::exp(b[3]) * stride / 2;
    AppendBox(x - half_width, y - half_height, x + half_width, y + half_height, std::sqrt(product), out);
  }
}

// The outputs of one stride. `a` and `b` are cls and obj; which is which does not matter, only their product counts.
struct Level {
  const TensorView* a = nullptr;
  const TensorView* b = nullptr;
  const TensorView* bbox = nullptr;
};

Level FindLevel(std::span<const TensorView> outputs, int64_t cells) {
  Level level;
  for (const TensorView& output : outputs) {
    if (ShapeIs(output.shape, {1, cells, 4})) level.bbox = &output;
    if (!ShapeIs(output.shape, {1, cells, 1})) continue;
    (level.a == nullptr ? level.a : level.b) = &output;
  }
  return level;
}

int CellsOf(InputSize input, int stride) { return (input.width / stride) * (input.height / stride); }

}  // namespace

absl::Status CheckYunetSignature(std::span<const TensorView> outputs, InputSize input) {
  if (input.width <= 0 || input.height <= 0 || input.width % 32 != 0 || input.height % 32 != 0) {
    return absl::FailedPreconditionError("decoder 'yunet' needs an input whose sides are multiples of 32");
  }
  for (int stride : kStrides) {
    int64_t cells = CellsOf(input, stride);
    Level level = FindLevel(outputs, cells);
    if (level.a == nullptr || level.b == nullptr || level.bbox == nullptr) {
      return MissingOutput("yunet", StrCat("two outputs [1,", cells, ",1] and one [1,", cells, ",4]"), outputs);
    }
    RETURN_IF_ERROR(CheckTensor(*level.a, {1, cells, 1}));
    RETURN_IF_ERROR(CheckTensor(*level.b, {1, cells, 1}));
    RETURN_IF_ERROR(CheckTensor(*level.bbox, {1, cells, 4}));
  }
  return absl::OkStatus();
}

absl::Status DecodeYunet(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                         std::vector<FaceBox>& out) {
  for (int stride : kStrides) {
    Grid grid = {input.width / stride, input.height / stride, stride};
    auto cells = static_cast<size_t>(CellsOf(input, stride));
    Level level = FindLevel(outputs, static_cast<int64_t>(cells));
    const float* cls = FloatsOf(level.a, cells);
    const float* obj = FloatsOf(level.b, cells);
    const float* bbox = FloatsOf(level.bbox, cells * 4);
    if (cls == nullptr || obj == nullptr || bbox == nullptr) return UnexpectedOutputs();
    DecodeLevel(grid, cls, obj, bbox, raw_threshold, out);
  }
  return absl::OkStatus();
}

}  // namespace sluice
