#include "engine/openvino/fails_later.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <string_view>
#include <vector>

#include "openvino/op/constant.hpp"
#include "openvino/op/util/topk_base.hpp"

namespace sluice {
namespace {

// The integers that come in at `port`, where the inference found them; else none.
std::vector<int64_t> ValuesAt(const ov::Node& step, size_t port) {
  if (port >= step.get_input_size()) return {};
  if (const auto* constant = ov::as_type<const ov::op::v0::Constant>(step.get_input_node_ptr(port)))
    return constant->cast_vector<int64_t>();
  const auto& found = step.get_input_tensor(port);
  const ov::Tensor &low = found.get_lower_value(), &high = found.get_upper_value();
  if (!low || !high || low.get_element_type() != ov::element::i64 || high.get_byte_size() != low.get_byte_size() ||
      std::memcmp(low.data(), high.data(), low.get_byte_size()) != 0)
    return {};
  return {low.data<const int64_t>(), low.data<const int64_t>() + low.get_size()};
}

// Empty while it is open.
ov::Shape SizesOf(const ov::PartialShape& shape) { return shape.is_static() ? shape.get_shape() : ov::Shape(); }
ov::Shape SizesAt(const ov::Node& step, size_t port) {
  return port < step.get_input_size() ? SizesOf(step.get_input_partial_shape(port)) : ov::Shape();
}
bool HasNone(const ov::Shape& sizes) { return std::ranges::find(sizes, size_t{0}) != sizes.end(); }

bool TopKFails(const ov::Node& step) {
  const ov::Shape data = SizesAt(step, 0);
  const auto k = ValuesAt(step, 1);
  const auto axis = static_cast<const ov::op::util::TopKBase&>(step).get_axis();
  return axis < data.size() && !k.empty() && (k[0] < 1 || k[0] > static_cast<int64_t>(data[axis]));
}

bool PadFails(const ov::Node& step) {
  const ov::Shape data = SizesAt(step, 0);
  const auto begins = ValuesAt(step, 1), ends = ValuesAt(step, 2);
  for (size_t i = 0; i < std::min({begins.size(), ends.size(), data.size()}); ++i) {
    const int64_t less = std::min<int64_t>({begins[i], ends[i], begins[i] + ends[i], 0});
    if (static_cast<int64_t>(data[i]) < -less) return true;
  }
  return false;
}

// An index that the model itself has, outside of what a request sent: it reads a 0, or what was there before.
bool GatherFails(const ov::Node& step) {
  const ov::Shape data = SizesAt(step, 0);
  auto axis = ValuesAt(step, 2);
  if (axis.size() != 1 || data.empty()) return false;
  if (axis[0] < 0) axis[0] += static_cast<int64_t>(data.size());
  if (axis[0] < 0 || axis[0] >= static_cast<int64_t>(data.size())) return true;
  const auto size = static_cast<int64_t>(data[static_cast<size_t>(axis[0])]);
  return std::ranges::any_of(ValuesAt(step, 1), [size](int64_t index) { return index < -size || index >= size; });
}

// More rows of indices than there are rows: they are written behind the end.
bool ScatterElementsFails(const ov::Node& step) {
  const ov::Shape data = SizesAt(step, 0), indices = SizesAt(step, 1);
  auto axis = ValuesAt(step, 3);
  if (data.size() != indices.size() || axis.size() != 1) return false;
  if (axis[0] < 0) axis[0] += static_cast<int64_t>(data.size());
  for (size_t i = 0; i < data.size(); ++i) {
    if (static_cast<int64_t>(i) != axis[0] && indices[i] > data[i]) return true;
  }
  return false;
}

// They divide by the number of elements, or (Unique) leave all their outputs as they are.
bool NeedsElements(std::string_view type) {
  return type == "LSTMSequence" || type == "GRUSequence" || type == "RNNSequence" || type == "TensorIterator" ||
         type == "Unique";
}

// What makes elements out of none leaves its output as it found it, but for these.
bool MayStartFromNothing(std::string_view type) {
  static const std::set<std::string_view> types = {
      "Concat",          "MatMul",   "Pad",        "ReduceSum", "ReduceProd",
      "Einsum",          "If",       "Loop",       "ReduceMin", "ReduceMax",
      "Reshape",         "ReduceL1", "ReduceMean", "ReduceL2",  "ReduceLogicalAnd",
      "ReduceLogicalOr", "ShapeOf"};
  return types.contains(type);
}

bool LacksElements(const ov::Node& step, std::string_view type) {
  if (step.get_input_size() == 0) return false;
  if (NeedsElements(type)) {
    for (size_t i = 0; i < step.get_input_size(); ++i) {
      if (HasNone(SizesAt(step, i))) return true;
    }
  }
  if (!HasNone(SizesAt(step, 0)) || MayStartFromNothing(type)) return false;
  return std::ranges::any_of(step.outputs(), [](const auto& port) {
    const ov::PartialShape& shape = port.get_partial_shape();
    return shape.is_static() && !HasNone(shape.get_shape());
  });
}

}  // namespace

bool FailsLater(const ov::Node& step) {
  const std::string_view type = step.get_type_info().name;
  if (LacksElements(step, type)) return true;
  if (type == "Interpolate" && HasNone(SizesOf(step.get_output_partial_shape(0)))) return !HasNone(SizesAt(step, 0));
  if (type == "Broadcast") return std::ranges::any_of(ValuesAt(step, 1), [](int64_t size) { return size < 0; });
  if (type == "TopK") return TopKFails(step);
  if (type == "Pad") return PadFails(step);
  if (type == "Gather") return GatherFails(step);
  if (type == "ScatterElementsUpdate") return ScatterElementsFails(step);
  return false;
}

}  // namespace sluice
