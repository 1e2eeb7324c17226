#include "engine/onnx/inputs.h"

#include <algorithm>
#include <utility>

#include "engine/onnx/wire.h"

namespace sluice::onnx {
namespace {

constexpr size_t kInputsMax = 10'000;
constexpr size_t kDimensionsMax = 64;

// Calls `visit(field)` for each length-delimited field `number` of a message; false for damaged bytes or when `visit` says so.
template <typename Visit>
bool ForEach(std::string_view message, uint32_t number, const Visit& visit) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.number == number && reader.is_bytes && !visit(reader.bytes)) return false;
  }
  return reader.ok();
}

// TensorShapeProto.Dimension: dim_value = 1, dim_param = 2.
bool ReadDimension(std::string_view message, GraphInput& input) {
  if (input.dimensions.size() == kDimensionsMax) return false;
  Dimension& dimension = input.dimensions.emplace_back();
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.number == 1 && !reader.is_bytes)
      dimension.size = std::max<int64_t>(static_cast<int64_t>(reader.value), -1);
    if (reader.number == 2 && reader.is_bytes) dimension.symbol = reader.bytes;
  }
  return reader.ok();
}

// ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1; TypeProto.Tensor: shape = 2; TensorShapeProto: dim = 1.
bool ReadInput(std::string_view message, std::vector<GraphInput>& inputs) {
  if (inputs.size() == kInputsMax) return false;
  GraphInput& input = inputs.emplace_back();
  const auto shape = [&input](std::string_view bytes) {
    input.has_shape = true;
    return ForEach(bytes, 1, [&input](std::string_view dimension) { return ReadDimension(dimension, input); });
  };
  const auto tensor = [&](std::string_view bytes) { return ForEach(bytes, 2, shape); };
  const auto type = [&](std::string_view bytes) { return ForEach(bytes, 1, tensor); };
  const auto name = [&input](std::string_view bytes) {
    input.name = bytes;
    return true;
  };
  return ForEach(message, 1, name) && ForEach(message, 2, type);
}

}  // namespace

absl::StatusOr<std::vector<GraphInput>> InputsOf(std::string_view model) {
  std::vector<GraphInput> inputs;
  // ModelProto: graph = 7; GraphProto: input = 11.
  const auto input = [&inputs](std::string_view message) { return ReadInput(message, inputs); };
  const bool ok = ForEach(model, 7, [&](std::string_view graph) { return ForEach(graph, 11, input); });
  if (ok) return inputs;
  return absl::InvalidArgumentError("the model file is damaged or no ONNX file");
}

}  // namespace sluice::onnx
