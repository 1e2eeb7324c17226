#include "engine/openvino/guards.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "engine/openvino/bodies.h"
#include "engine/openvino/element_guards.h"
#include "engine/openvino/request_values.h"
#include "openvino/op/constant.hpp"
#include "openvino/op/gather.hpp"
#include "openvino/op/gather_elements.hpp"
#include "openvino/op/reverse_sequence.hpp"
#include "openvino/op/shape_of.hpp"
#include "openvino/op/slice.hpp"
#include "openvino/op/util/attr_types.hpp"
#include "openvino/op/util/gather_nd_base.hpp"

namespace sluice {
namespace {

using ov::op::v0::Constant;

absl::Status Refused(const ov::Node& step, std::string_view why) {
  return Error(Reason::UNIMPLEMENTED,
               StrCat(StepName(step), " ", why, ", which OpenVINO does not check; use engine: onnxruntime"));
}

std::shared_ptr<Constant> Number(int64_t value) { return Constant::create(ov::element::i64, {}, {value}); }

// The size of dimension `axis` of what comes in at `port`.
ov::Output<ov::Node> SizeOf(const ov::Node& step, size_t port, int64_t axis) {
  const ov::PartialShape& shape = step.get_input_partial_shape(port);
  if (axis < 0 && shape.rank().is_static()) axis += shape.rank().get_length();
  if (shape.rank().is_static() && axis >= 0 && axis < shape.rank().get_length() &&
      shape[static_cast<ptrdiff_t>(axis)].is_static()) {
    return Number(shape[static_cast<ptrdiff_t>(axis)].get_length());
  }
  const auto sizes = std::make_shared<ov::op::v3::ShapeOf>(step.input_value(port), ov::element::i64);
  return std::make_shared<ov::op::v8::Gather>(sizes, Number(axis), Number(0));
}

void Put(ov::Node& step, size_t port, const ov::Output<ov::Node>& sizes, Guard::Kind kind, std::string_view what) {
  const auto guard = std::make_shared<Guard>(step.input_value(port), sizes, kind, StrCat(what, " of ", StepName(step)));
  guard->set_friendly_name(StrCat(step.get_friendly_name(), "/guard", port));
  step.input(port).replace_source_output(guard->output(0));
}

std::optional<int64_t> ConstantAt(const ov::Node& step, size_t port) {
  const auto* constant = ov::as_type<const Constant>(step.get_input_node_ptr(port));
  if (constant == nullptr || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
  return constant->cast_vector<int64_t>()[0];
}

constexpr std::string_view kOutside = "an index is outside the data";

// Index tensors at `port` that point into the dimension `axis` of the tensor at `data`.
absl::Status GuardIndices(ov::Node& step, size_t port, size_t data, std::optional<int64_t> axis) {
  if (!axis) return Refused(step, "takes its axis from a request");
  Put(step, port, SizeOf(step, data, *axis), Guard::Kind::kIndex, kOutside);
  return absl::OkStatus();
}

// Each row of the last dimension of `port` is a place in the tensor at port 0.
absl::Status GuardPlaces(ov::Node& step, size_t port) {
  const auto* gather = dynamic_cast<const ov::op::util::GatherNDBase*>(&step);
  if (gather != nullptr && gather->get_batch_dims() != 0)
    return Refused(step, "with batch_dims takes indices from a request");
  const ov::PartialShape& shape = step.get_input_partial_shape(port);
  if (shape.rank().is_dynamic() || shape.rank().get_length() == 0 || shape[shape.size() - 1].is_dynamic())
    return Refused(step, "takes indices with an open number of dimensions from a request");
  const int64_t columns = shape[shape.size() - 1].get_length();
  const auto sizes = std::make_shared<ov::op::v3::ShapeOf>(step.input_value(0), ov::element::i64);
  const auto list = [](int64_t value) { return Constant::create(ov::element::i64, {1}, {value}); };
  Put(step, port, std::make_shared<ov::op::v8::Slice>(sizes, list(0), list(columns), list(1)), Guard::Kind::kIndex,
      kOutside);
  return absl::OkStatus();
}

absl::Status GuardNotZero(ov::Node& step, size_t port, std::string_view what) {
  Put(step, port, Number(0), Guard::Kind::kNotZero, what);
  return absl::OkStatus();
}

absl::Status GuardStride(ov::Node& step, size_t port) {
  Put(step, port, Number(0), Guard::Kind::kStep, "a step of 0 or of the smallest number");
  return absl::OkStatus();
}

// Ports whose values, if a request decides them, make OpenVINO read elsewhere, hang or end the process.
const std::multimap<std::string_view, size_t>& Unguarded() {
  static const std::multimap<std::string_view, size_t> ports = {
      {"Col2Im", 1},
      {"Col2Im", 2},
      {"DFT", 1},
      {"DFT", 2},
      {"IDFT", 1},
      {"IDFT", 2},
      {"RDFT", 1},
      {"RDFT", 2},
      {"IRDFT", 1},
      {"IRDFT", 2},
      {"STFT", 2},
      {"STFT", 3},
      {"ISTFT", 2},
      {"ISTFT", 3},
      {"ISTFT", 4},
      // What the first run was given stays: the value, the axes.
      {"Pad", 3},
      {"Slice", 4},
      {"GatherTree", 0},
      {"GatherTree", 1},
      {"GatherTree", 2},
      {"EmbeddingSegmentsSum", 1},
      {"EmbeddingSegmentsSum", 2},
      {"EmbeddingSegmentsSum", 3},
      {"EmbeddingBagOffsets", 2},
      {"EmbeddingBagOffsetsSum", 2},
      {"SegmentMax", 1},
      {"SegmentMax", 2},
      {"SparseFillEmptyRows", 1},
      {"SparseFillEmptyRows", 2},
      {"Loop", 0},
      {"ROIPooling", 1},
      {"PSROIPooling", 1},
      {"DeformablePSROIPooling", 1},
      {"CTCLoss", 1},
      {"CTCLoss", 2},
      {"CTCLoss", 3},
      {"CTCLoss", 4},
  };
  return ports;
}

absl::Status GuardStep(ov::Node& step, const RequestValues& values) {
  const std::string_view type = step.get_type_info().name;
  const auto on = [&](std::string_view name, size_t port) { return type == name && values.reaches(step, port); };
  for (auto [it, end] = Unguarded().equal_range(type); it != end; ++it) {
    if (values.reaches(step, it->second)) return Refused(step, "takes values from a request");
  }
  if (type == "Unique" && step.get_input_element_type(0) == ov::element::bf16) {
    return Error(Reason::UNIMPLEMENTED, StrCat(StepName(step), " is of BF16, which OpenVINO does not compute right"));
  }
  if (on("Gather", 1)) return GuardIndices(step, 1, 0, ConstantAt(step, 2));
  if (on("GatherElements", 1))
    return GuardIndices(step, 1, 0, static_cast<const ov::op::v6::GatherElements&>(step).get_axis());
  if (on("ScatterUpdate", 1) || on("ScatterElementsUpdate", 1)) return GuardIndices(step, 1, 0, ConstantAt(step, 3));
  if (on("GatherND", 1) || on("ScatterNDUpdate", 1)) return GuardPlaces(step, 1);
  if (on("EmbeddingBagOffsets", 1) || on("EmbeddingBagOffsetsSum", 1) || on("EmbeddingBagPacked", 1) ||
      on("EmbeddingBagPackedSum", 1))
    return GuardIndices(step, 1, 0, 0);
  if (on("ROIAlign", 2) || on("ROIAlignRotated", 2)) return GuardIndices(step, 2, 0, 0);
  if (on("ReverseSequence", 1) || on("LSTMSequence", 3) || on("GRUSequence", 2) || on("RNNSequence", 2)) {
    const size_t port = type == "ReverseSequence" ? 1 : type == "LSTMSequence" ? 3 : 2;
    const auto* reverse = ov::as_type<const ov::op::v0::ReverseSequence>(&step);
    const int64_t axis = reverse == nullptr ? 1 : static_cast<int64_t>(reverse->get_sequence_axis());
    Put(step, port, SizeOf(step, 0, axis), Guard::Kind::kLength, "a length is outside the data");
    return absl::OkStatus();
  }
  const bool whole = step.get_output_size() > 0 && step.get_output_element_type(0).is_integral_number();
  if (whole && (on("Divide", 1) || on("Mod", 1) || on("FloorMod", 1))) return GuardNotZero(step, 1, "a division by 0");
  if (on("Range", 2)) return GuardNotZero(step, 2, "a step of 0");
  if (on("Slice", 3) || on("StridedSlice", 3)) return GuardStride(step, 3);
  return absl::OkStatus();
}

}  // namespace

absl::Status AddGuards(ov::Model& model) {
  const RequestValues values(model);
  absl::Status status = AddElementGuards(model, values);
  for (const auto& step : model.get_ordered_ops()) {
    status.Update(GuardStep(*step, values));
    for (const auto& body : BodiesOf(*step)) status.Update(AddGuards(*body));
  }
  if (status.ok()) model.validate_nodes_and_infer_types();
  return status;
}

int SetReport(ov::Model& model, const std::shared_ptr<GuardReport>& report) {
  int guards = 0;
  for (const auto& step : model.get_ops()) {
    if (auto* guard = dynamic_cast<Guard*>(step.get())) {
      guard->set_report(report);
      ++guards;
    }
    for (const auto& body : BodiesOf(*step)) guards += SetReport(*body, report);
  }
  return guards;
}

}  // namespace sluice
