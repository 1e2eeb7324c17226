#include "engine/openvino/element_guards.h"

#include <memory>
#include <set>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "base/strings.h"
#include "engine/openvino/guard.h"
#include "openvino/op/constant.hpp"
#include "openvino/op/pad.hpp"
#include "openvino/op/shape_of.hpp"
#include "openvino/op/subtract.hpp"

namespace sluice {
namespace {

using ov::op::v0::Constant;

// Its output has as many elements as its values say.
bool Counts(const ov::Node& step, const RequestValues& values) {
  static const std::set<std::string_view> always = {"NonZero", "Unique", "NonMaxSuppression", "MatrixNms",
                                                    "MulticlassNms"};
  static const std::set<std::string_view> by_parameters = {
      "Slice", "StridedSlice", "Range", "Reshape", "Broadcast", "Tile", "VariadicSplit", "Pad", "Interpolate", "TopK"};
  const std::string_view type = step.get_type_info().name;
  if (always.contains(type)) return true;
  if (!by_parameters.contains(type)) return false;
  for (size_t i = type == "Range" ? 0 : 1; i < step.get_input_size(); ++i) {
    if (values.reaches(step, i)) return true;
  }
  return false;
}

// Steps whose number of elements the net computes, and all after them.
std::unordered_set<const ov::Node*> Counted(const ov::Model& model, const RequestValues& values) {
  std::unordered_set<const ov::Node*> counted;
  for (const auto& step : model.get_ordered_ops()) {
    bool is = Counts(*step, values);
    for (size_t i = 0; i < step->get_input_size(); ++i) is = is || counted.contains(step->get_input_node_ptr(i));
    if (is && step->is_dynamic()) counted.insert(step.get());
  }
  return counted;
}

bool MayBeEmpty(const ov::PartialShape& shape) {
  for (const ov::Dimension& size : shape) {
    if (size.get_min_length() == 0) return true;
  }
  return false;
}

// What comes in without elements gets one, a 0, and is reported.
absl::Status GuardElements(ov::Node& step, size_t port) {
  const ov::PartialShape& shape = step.get_input_partial_shape(port);
  if (shape.rank().is_static() && !MayBeEmpty(shape)) return absl::OkStatus();
  if (shape.rank().is_dynamic()) {
    return Error(Reason::UNIMPLEMENTED, StrCat(StepName(step),
                                               " takes an open number of dimensions, which OpenVINO "
                                               "does not check; use engine: onnxruntime"));
  }
  const ov::Output<ov::Node> from = step.input_value(port);
  const auto sizes = std::make_shared<ov::op::v3::ShapeOf>(from, ov::element::i64);
  const auto some = std::make_shared<Guard>(sizes, Constant::create(ov::element::i64, {}, {0}), Guard::Kind::kNotZero,
                                            StrCat(StepName(step), " is left without elements"));
  some->set_friendly_name(StrCat(step.get_friendly_name(), "/elements", port));
  const auto more = std::make_shared<ov::op::v1::Subtract>(some, sizes);
  const auto none = Constant::create(ov::element::i64, {shape.size()}, {0});
  const auto zero = Constant::create(from.get_element_type(), {}, {0});
  step.input(port).replace_source_output(
      std::make_shared<ov::op::v1::Pad>(from, none, more, zero, ov::op::PadMode::CONSTANT)->output(0));
  return absl::OkStatus();
}

}  // namespace

absl::Status AddElementGuards(ov::Model& model, const RequestValues& values) {
  static const std::set<std::string_view> readers = {
      "TopK",        "AvgPool",         "MaxPool",         "Interpolate", "GridSample", "LSTMSequence", "GRUSequence",
      "RNNSequence", "AdaptiveAvgPool", "AdaptiveMaxPool", "ROIPooling",  "Unique",     "ROIAlign",
  };
  const auto counted = Counted(model, values);
  absl::Status status;
  for (const auto& step : model.get_ordered_ops()) {
    const std::string_view type = step->get_type_info().name;
    const bool all = type == "TensorIterator";
    if (!all && !readers.contains(type)) continue;
    for (size_t i = 0; i < (all ? step->get_input_size() : 1); ++i) {
      if (counted.contains(step->get_input_node_ptr(i))) status.Update(GuardElements(*step, i));
    }
  }
  return status;
}

}  // namespace sluice
