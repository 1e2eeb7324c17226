#include "pipeline/face_detection/yunet.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace sluice {
namespace {

struct Level {
  int stride;
  std::string_view cls;
  std::string_view obj;
  std::string_view bbox;
};

constexpr std::array kLevels = {
    Level{8, "cls_8", "obj_8", "bbox_8"},
    Level{16, "cls_16", "obj_16", "bbox_16"},
    Level{32, "cls_32", "obj_32", "bbox_32"},
};

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
    float x = (static_cast<float>(i % grid.columns) + b[0]) * stride;
    float y = (static_cast<float>(i / grid.columns) + b[1]) * stride;
    float half_width = std::exp(b[2]) * stride / 2;
    float half_height = std::exp(b[3]) * stride / 2;
    AppendBox(x - half_width, y - half_height, x + half_width, y + half_height, std::sqrt(product), out);
  }
}

absl::Status CheckOutput(std::span<const TensorView> outputs, std::string_view name, int64_t cells, int64_t values) {
  const TensorView* tensor = FindTensor(outputs, name);
  if (tensor == nullptr) return MissingOutput("yunet", name, outputs);
  return CheckTensor(*tensor, {1, cells, values});
}

}  // namespace

absl::Status CheckYunetSignature(std::span<const TensorView> outputs, InputSize input) {
  if (input.width <= 0 || input.height <= 0 || input.width % 32 != 0 || input.height % 32 != 0) {
    return absl::FailedPreconditionError("decoder 'yunet' needs an input whose sides are multiples of 32");
  }
  for (const Level& level : kLevels) {
    int64_t cells = int64_t{input.width / level.stride} * (input.height / level.stride);
    RETURN_IF_ERROR(CheckOutput(outputs, level.cls, cells, 1));
    RETURN_IF_ERROR(CheckOutput(outputs, level.obj, cells, 1));
    RETURN_IF_ERROR(CheckOutput(outputs, level.bbox, cells, 4));
  }
  return absl::OkStatus();
}

absl::Status DecodeYunet(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                         std::vector<FaceBox>& out) {
  for (const Level& level : kLevels) {
    Grid grid = {input.width / level.stride, input.height / level.stride, level.stride};
    size_t cells = static_cast<size_t>(grid.columns) * grid.rows;
    const float* cls = FloatsOf(FindTensor(outputs, level.cls), cells);
    const float* obj = FloatsOf(FindTensor(outputs, level.obj), cells);
    const float* bbox = FloatsOf(FindTensor(outputs, level.bbox), cells * 4);
    if (cls == nullptr || obj == nullptr || bbox == nullptr) return UnexpectedOutputs();
    DecodeLevel(grid, cls, obj, bbox, raw_threshold, out);
  }
  return absl::OkStatus();
}

}  // namespace sluice
